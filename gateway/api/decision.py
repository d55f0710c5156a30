"""Actions of reviewers. Each is one update with a stable id into the running workflow: sent twice, it acts once."""

import asyncio
import hashlib
import uuid
from functools import partial
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Header, Request

from gateway.acting import StaleCardError
from gateway.api.models import (
    ActionAnswer,
    ActionBody,
    AltBody,
    BudgetBody,
    QuarantineBody,
    TestsBody,
)
from gateway.api.paths import readable
from gateway.api.unavailable import WHY, Unavailable
from gateway.api.views import view_of
from gateway.web.callers import CallerDep, require
from gateway.web.problems import Problem, answered
from gateway.web.site import Site, SiteDep
from maestro.access.principals import NEEDED, Permission, Principal, PrincipalKind
from maestro.clock import utc_now
from maestro.errors import MaestroError, PolicyDenied
from maestro.model.decision import ActionKind, ReviewerAction
from maestro.model.pull_request import AuthorKind

STALE = "/problems/stale-card"
REFUSED = "/problems/refused"
NOT_CONFIGURED = "/problems/not-configured"

VIA = "api"

_log = structlog.get_logger("gateway.actions")

MODES = {"all": ActionKind.ESCALATE_TESTS, "direct": ActionKind.DOWNSHIFT, "retry": ActionKind.RETRY}

IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,200}$",
        description="Sent again with the same key by the same caller, the action acts once and is answered as before.",
    ),
]


async def _limited(site: SiteDep, principal: CallerDep, request: Request) -> Principal:
    site.limits.action(principal, request)
    return principal


ActorDep = Annotated[Principal, Depends(_limited)]

router = APIRouter(prefix="/api/decision", tags=["actions"], responses=answered(403, 404, 409, 422))


@router.post("/approve", response_model=ActionAnswer)
async def approve(site: SiteDep, actor: ActorDep, body: ActionBody, key: IdempotencyKey = "") -> ActionAnswer:
    """Make the pull request green in the caller's name, where policy lets an approval do that."""
    return await _act(site, actor, ActionKind.APPROVE, body, key=key)


@router.post("/reject", response_model=ActionAnswer)
async def reject(site: SiteDep, actor: ActorDep, body: ActionBody, key: IdempotencyKey = "") -> ActionAnswer:
    """Block the pull request in the caller's name. A reason is needed."""
    return await _act(site, actor, ActionKind.REJECT, body, key=key)


@router.post("/tests", response_model=ActionAnswer)
async def change_tests(site: SiteDep, actor: ActorDep, body: TestsBody, key: IdempotencyKey = "") -> ActionAnswer:
    """Change what is tested: ``all`` tests, only those closest to the change (``direct``), or ``retry`` those that did
    not pass.
    """
    return await _act(site, actor, MODES[body.mode], body, key=key)


@router.post("/downshift", response_model=ActionAnswer)
async def downshift(site: SiteDep, actor: ActorDep, body: ActionBody, key: IdempotencyKey = "") -> ActionAnswer:
    """Run only the tests closest to the change."""
    return await _act(site, actor, ActionKind.DOWNSHIFT, body, key=key)


@router.post("/retry", response_model=ActionAnswer)
async def retry(site: SiteDep, actor: ActorDep, body: ActionBody, key: IdempotencyKey = "") -> ActionAnswer:
    """Run the tests without a passing verdict again."""
    return await _act(site, actor, ActionKind.RETRY, body, key=key)


@router.post("/incident", response_model=ActionAnswer)
async def incident(site: SiteDep, actor: ActorDep, body: ActionBody, key: IdempotencyKey = "") -> ActionAnswer:
    """Report that something is wrong: nothing is merged before somebody else answers it. A reason is needed."""
    return await _act(site, actor, ActionKind.INCIDENT, body, key=key)


@router.post("/cancel", response_model=ActionAnswer)
async def cancel(site: SiteDep, actor: ActorDep, body: ActionBody, key: IdempotencyKey = "") -> ActionAnswer:
    """Stop everything; nothing is decided."""
    return await _act(site, actor, ActionKind.CANCEL, body, key=key)


@router.post("/alt", response_model=ActionAnswer)
async def take_arm(site: SiteDep, actor: ActorDep, body: AltBody) -> ActionAnswer:
    """Take another arm. Where none is configured, 409 says so."""
    return await _unavailable(site, actor, Unavailable.ALT, body)


@router.post("/budget", response_model=ActionAnswer)
async def change_budget(site: SiteDep, actor: ActorDep, body: BudgetBody) -> ActionAnswer:
    """Change what the pull request may cost. Where no budgets are configured, 409 says so."""
    return await _unavailable(site, actor, Unavailable.BUDGET, body)


@router.post("/quarantine", response_model=ActionAnswer)
async def quarantine(site: SiteDep, actor: ActorDep, body: QuarantineBody) -> ActionAnswer:
    """Take a plugin's word out of the decision. Where no plugins are configured, 409 says so."""
    return await _unavailable(site, actor, Unavailable.QUARANTINE, body)


async def _act(site: Site, actor: Principal, kind: ActionKind, body: ActionBody, *, key: str) -> ActionAnswer:
    card = await readable(site, actor, body.pull_request)
    require(actor, NEEDED[kind], card.pull_request.tenant)
    action = ReviewerAction(
        action_id=action_id(actor, key),
        actor=actor.name,
        actor_kind=AuthorKind.HUMAN if actor.kind is PrincipalKind.PERSON else AuthorKind.AGENT,
        reason=body.reason,
        card_version=body.card_version,
        via=VIA,
        role=str(actor.role_for(card.pull_request.tenant) or ""),
    )
    try:
        result = await site.desk.act(body.pull_request, kind, action)
    except StaleCardError as error:
        site.metrics.action(kind.value, "stale")
        newer = view_of(await site.desk.card(body.pull_request), site, actor, running=True)
        raise Problem(
            409, "The card has changed", error.message, type=STALE, fix=_LOOK, card=newer.model_dump(mode="json")
        ) from error
    except PolicyDenied as error:
        site.metrics.action(kind.value, "refused")
        raise Problem(409, "The action is refused", error.message, type=REFUSED, fix=_LOOK) from error
    site.metrics.action(kind.value, "taken")
    await _noted(site, body, action, kind)
    return ActionAnswer(
        action_id=result.action_id,
        action=kind,
        changed=result.changed,
        card_version=result.card_version,
        state=result.state,
    )


async def _noted(site: Site, body: ActionBody, action: ReviewerAction, kind: ActionKind) -> None:
    """Say in which opening of the card the action was taken. It has been taken, whether or not that can be counted."""
    if body.visit is None or not site.config.usage:
        return
    acted = partial(site.ledger.usage.acted, pull_request=body.pull_request)
    try:
        await asyncio.to_thread(acted, str(body.visit), action.action_id, kind.value, action.actor, utc_now())
    except MaestroError as error:
        _log.warning("not counted", pr=body.pull_request, detail=error.message)


_LOOK = "look at the card again, then act"


async def _unavailable(site: Site, actor: Principal, which: Unavailable, body: ActionBody) -> ActionAnswer:
    card = await readable(site, actor, body.pull_request)
    require(actor, Permission.CHANGE_TESTS, card.pull_request.tenant)
    site.metrics.action(which.value, "not configured")
    label, why = WHY[which]
    raise Problem(409, f"{label} is not possible here", why, type=NOT_CONFIGURED)


def action_id(actor: Principal, key: str) -> str:
    """The id of an action: the same for the same caller and key, and nobody else's. Without a key, a new one."""
    if not key:
        return f"api-{uuid.uuid4()}"
    named = f"{actor.issuer}\n{actor.subject}\n{key}"
    return f"api-{hashlib.sha256(named.encode()).hexdigest()[:40]}"
