"""A card as one reader sees it: with the actions that they may take, and the addresses that lead further."""

from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import quote

from gateway.api.models import ActionView, CardView, PullRequestRow, UnavailableView, You
from gateway.api.unavailable import WHY
from gateway.listing import Found
from gateway.web.site import Site
from maestro.access.principals import NEEDED, Principal
from maestro.model.artifact import ArtifactRef
from maestro.model.decision import ActionKind, DecisionCard, OfferedAction
from workflows.actions import has_written

NEEDS_REASON = frozenset({ActionKind.REJECT, ActionKind.INCIDENT})

_LINKS = {
    "narrative.html": "narrative_html",
    "narrative.md": "narrative_markdown",
    "card.html": "card_html",
    "card.json": "card_json",
}
"""Under which name a reader finds the address of a document."""

_ADDRESSES: Mapping[ActionKind, str] = MappingProxyType({ActionKind.ESCALATE_TESTS: "tests"})


def view_of(card: DecisionCard, site: Site, principal: Principal, *, running: bool) -> CardView:
    """The card for ``principal``."""
    workflow_id = card.pull_request.workflow_id
    return CardView(
        workflow_id=workflow_id,
        card=card,
        running=running,
        actions=tuple(_action(offer, card, principal) for offer in card.actions) if running else (),
        unavailable=tuple(UnavailableView(action=which, label=label, why=why) for which, (label, why) in WHY.items()),
        you=You(name=principal.name, kind=principal.kind.value),
        temporal_ui=site.desk.temporal_page(workflow_id),
        links=_links(card),
    )


def row_of(found: Found, site: Site) -> PullRequestRow:
    """A line of the list."""
    return PullRequestRow(
        workflow_id=found.workflow_id,
        repo=found.repo,
        pr=found.pr,
        head_sha=found.head_sha,
        tenant=found.tenant,
        phase=found.phase,
        decision=found.decision,
        region=found.region,
        author=found.author,
        running=found.running,
        started_at=found.started_at,
        card_url=f"/pull-requests/{found.workflow_id.removeprefix('pr/')}",
        temporal_ui=site.desk.temporal_page(found.workflow_id),
    )


def documents(card: DecisionCard) -> dict[str, ArtifactRef]:
    """The stored documents of a card by the name under which they are served."""
    links = card.links
    named = {
        "narrative.html": links.narrative_html,
        "narrative.md": links.narrative_markdown,
        "card.html": links.card_html,
        "card.json": links.card_json,
    }
    return {name: ref for name, ref in named.items() if ref is not None}


def api_address(card: DecisionCard) -> str:
    """The card's own address in the API."""
    return f"/api/pull-requests/{quote(card.pull_request.workflow_id.removeprefix('pr/'))}"


def _action(offer: OfferedAction, card: DecisionCard, principal: Principal) -> ActionView:
    why_not = _why_not(offer.kind, card, principal)
    return ActionView(
        kind=offer.kind,
        label=offer.label,
        effect=offer.effect,
        url=f"/api/decision/{_ADDRESSES.get(offer.kind, offer.kind.value)}",
        allowed=not why_not,
        why_not=why_not,
        needs_reason=_needs_reason(offer.kind, card),
    )


def _needs_reason(kind: ActionKind, card: DecisionCard) -> bool:
    """An approval answers what is open, and says why."""
    return kind in NEEDS_REASON or (kind is ActionKind.APPROVE and any(one.answer is None for one in card.incidents))


def _why_not(kind: ActionKind, card: DecisionCard, principal: Principal) -> str:
    needed = NEEDED[kind]
    if not principal.may(needed, card.pull_request.tenant):
        return f"Your role does not allow this: it needs the permission {needed.value}."
    if kind is ActionKind.APPROVE and has_written(principal.name, card.pull_request):
        return "You wrote it, or a part of it; somebody else has to approve."
    return ""


def _links(card: DecisionCard) -> dict[str, str]:
    address = api_address(card)
    found = {
        name.replace(".", "_").replace("_md", "_markdown"): f"{address}/documents/{name}" for name in documents(card)
    }
    if card.sealing is not None and card.sealing.bundle is not None:
        found["bundle"] = f"{address}/documents/bundle.tar.gz"
    return found
