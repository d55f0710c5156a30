"""Builds the view of a card: pure, from the model alone."""

from typing import Final
from urllib.parse import urlsplit

from maestro.model.artifact import ArtifactRef
from maestro.model.decision import DecisionCard, DecisionState, NextStep, Phase, TimelineEntry
from maestro.model.evidence import ControlFinding, FindingState
from maestro.model.tests import Verdict
from maestro.render import people
from maestro.render.commands import act
from maestro.render.places import place_view
from maestro.render.risk import risk_view
from maestro.render.telling import told
from maestro.render.untrusted import NAME_LIMIT, Shown, line, name
from maestro.render.verdicts import tests_view
from maestro.render.view import TONES, ActionRow, CardView, ControlRow, Figure, Moment, Pair, Step, Tone

MOMENTS_SHOWN: Final = 40
"""Entries of the timeline on a card; a pull request that waited for days has many."""

RISK_LIMIT: Final = 800
"""Characters of the sentences on the risk: a promise with its conditions must not lose its end."""

AUTHOR_LIMIT: Final = 60
"""Characters of an author: a full name and an address."""

EVIDENCE_SHOWN: Final = 3
"""Artifacts named beside a finding; the JSON card has them all, and a wide run has one per shard."""

DIGEST_SHOWN: Final = 19
"""``sha256:`` and twelve digits: enough to find an artifact by; the JSON card has the whole."""

_VERDICTS: Final = {
    DecisionState.PENDING: "In progress",
    DecisionState.GREEN: "Ready to merge",
    DecisionState.NEEDS_PERSON: "Needs a person",
    DecisionState.BLOCKED: "Blocked",
    DecisionState.CANCELLED: "Cancelled",
}
HEADINGS: Final = {
    DecisionState.PENDING: "What is happening now",
    DecisionState.GREEN: "Why this passed",
    DecisionState.NEEDS_PERSON: "Why this needs a person",
    DecisionState.BLOCKED: "Why this was blocked",
    DecisionState.CANCELLED: "Why this was cancelled",
}
"""What a narrative, and the part of a card that tells why, is headed with."""

_FINDINGS: Final[dict[FindingState, tuple[str, Tone]]] = {
    FindingState.FAIL: ("failing", "red"),
    FindingState.NOT_EVALUATED: ("not evaluated", "amber"),
    FindingState.PASS: ("passing", "green"),
    FindingState.NOT_APPLICABLE: ("not applicable", "grey"),
}
"""In the order in which a reviewer wants to read them."""


def card_view(card: DecisionCard) -> CardView:
    """The view of ``card``."""
    state = card.decision.state
    lead, reasons = told(card)
    return CardView(
        tone=TONES[state],
        state=Shown(state.value.replace("_", " ")),
        verdict=Shown(verdict(card)),
        heading=Shown(HEADINGS[state]),
        title=line(card.pull_request.title, limit=NAME_LIMIT) or Shown("A pull request without a title"),
        subject=_subject(card),
        notes=tuple(line(note) for note in card.pull_request.notes),
        why=lead,
        reasons=reasons,
        next_step=_next_step(card.decision.next_step) if card.decision.next_step else None,
        risk=line(card.risk, limit=RISK_LIMIT),
        promise=risk_view(card.plan) if card.plan else None,
        figures=_figures(card),
        place=place_view(card.placement) if card.placement else None,
        tests=tests_view(card.plan, card.report) if card.plan else None,
        saved=_saved(card),
        controls=tuple(_control(finding) for state in _FINDINGS for finding in card.findings if finding.state is state),
        controls_summary=_controls_summary(card),
        earlier_moments=max(0, len(card.timeline) - MOMENTS_SHOWN),
        timeline=_timeline(card.timeline),
        actions=tuple(
            ActionRow(line(action.label), line(action.effect), Shown(act(card, action.kind))) for action in card.actions
        ),
        temporal_ui=_web_address(card.links.temporal_ui),
        provenance=_provenance(card),
    )


def verdict(card: DecisionCard) -> str:
    """The decision in a few words."""
    words = _VERDICTS[card.decision.state]
    if card.decision.state is DecisionState.PENDING:
        return "Waiting for a region" if card.phase is Phase.WAITING_FOR_REGION else words
    if card.decision.state is DecisionState.GREEN and card.plan is not None and not card.plan.applicable:
        return f"{words}: no test applies"
    return words


def _subject(card: DecisionCard) -> tuple[Pair, ...]:
    pull_request = card.pull_request
    author = line(pull_request.author, limit=AUTHOR_LIMIT) or Shown("unknown")
    return (
        Pair(Shown("Pull request"), line(f"{pull_request.repo} {pull_request.pr}")),
        Pair(Shown("Head"), Shown(pull_request.head_sha[:12])),
        Pair(Shown("Base"), Shown(pull_request.base_sha[:12])),
        Pair(Shown("Author"), line(f"{author} ({pull_request.author_kind.value})")),
        Pair(Shown("Tenant"), name(pull_request.tenant)),
    )


def _next_step(step: NextStep) -> Step:
    facts = (
        ("Costs", f"{people.money(step.cost_usd)} and {people.seconds(step.cost_seconds)}"),
        ("Buys", step.value),
        ("Where", step.residency),
    )
    return Step(
        line(step.description) or line(step.action),
        tuple(Pair(Shown(label), line(value)) for label, value in facts if value),
    )


def _figures(card: DecisionCard) -> tuple[Figure, ...]:
    figures: list[Figure] = []
    plan, report = card.plan, card.report
    if plan is not None and not plan.applicable:
        unlisted = plan.problem is not None
        detail = "they could not be listed" if unlisted else "none is affected"
        figures.append(Figure(Shown("Tests selected"), Shown("0"), Shown(detail), "red" if unlisted else "grey"))
    elif report is not None:
        bad = report.failed_count + report.missing_count
        ran = sum(report.counts.values())
        passed = report.counts.get(Verdict.PASS, 0)
        worst = f"{report.failed_count:,} failed" if report.failed_count else f"{passed:,} passed"
        detail = f"{worst}, {report.missing_count:,} without a verdict" if report.missing_count else worst
        tone: Tone = "red" if bad or report.problems else "green"
        figures.append(Figure(Shown("Tests run"), Shown(f"{ran:,}"), Shown(detail), tone))
    elif plan is not None:
        figures.append(
            Figure(
                Shown("Tests selected"),
                Shown(f"{plan.selected_count:,}"),
                Shown("none has run"),
            )
        )
    if plan is not None:
        detail = f"{people.seconds(plan.left_out_seconds)} of tests" if plan.left_out_count else "everything was taken"
        figures.append(Figure(Shown("Left to the night"), Shown(f"{plan.left_out_count:,}"), Shown(detail)))
    if card.savings.seconds > 0:
        detail = f"{people.share(card.savings.share)} of the whole suite"
        figures.append(Figure(Shown("Time saved"), people.seconds(card.savings.seconds), Shown(detail)))
    if card.findings:
        passing = sum(finding.state is FindingState.PASS for finding in card.findings)
        failing = sum(finding.state is FindingState.FAIL for finding in card.findings)
        value = f"{passing} of {len(card.findings)}"
        figures.append(
            Figure(
                Shown("Controls passed"),
                Shown(value),
                Shown(f"{failing} failing" if failing else "none failing"),
                "red" if failing else "green",
            )
        )
    return tuple(figures)


def _saved(card: DecisionCard) -> tuple[Pair, ...]:
    savings = card.savings
    if not (savings.seconds or savings.cost_usd or savings.carbon_g):
        return ()
    return (
        Pair(Shown("Test time"), Shown(f"{people.seconds(savings.seconds)} ({people.share(savings.share)})")),
        Pair(Shown("Cost"), people.money(savings.cost_usd)),
        Pair(Shown("Carbon"), Shown(f"{people.carbon(savings.carbon_g)} CO₂e")),
    )


def _control(finding: ControlFinding) -> ControlRow:
    state, tone = _FINDINGS[finding.state]
    return ControlRow(
        control=name(finding.control),
        title=line(finding.title),
        tier=finding.tier,
        state=Shown(state),
        tone=tone,
        reason=line(finding.reason),
        fix=line(finding.fix),
        evidence=_evidence(finding.evidence),
    )


def _controls_summary(card: DecisionCard) -> Shown:
    states = [finding.state for finding in card.findings]
    parts = [f"{states.count(state)} {word}" for state, (word, _) in _FINDINGS.items() if state in states]
    return Shown(", ".join(parts))


def _evidence(refs: tuple[ArtifactRef, ...]) -> tuple[Pair, ...]:
    shown = [
        Pair(name(ref.name) or name(ref.media_type), Shown(ref.digest[:DIGEST_SHOWN])) for ref in refs[:EVIDENCE_SHOWN]
    ]
    more = len(refs) - EVIDENCE_SHOWN
    return (*shown, Pair(Shown("and"), Shown(f"{more} more"))) if more > 0 else tuple(shown)


def _timeline(entries: tuple[TimelineEntry, ...]) -> tuple[Moment, ...]:
    moments: list[Moment] = []
    before = ""
    for entry in entries[-MOMENTS_SHOWN:]:
        day = people.day(entry.at)
        shown = Shown("") if day == before else day
        moments.append(Moment(shown, people.clock(entry.at), line(entry.event), name(entry.actor), line(entry.detail)))
        before = day
    return tuple(moments)


def _web_address(address: str) -> Shown:
    """Only http and https become links; anything else could run something."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return Shown("")
    return line(address, limit=2_000) if parts.scheme in {"http", "https"} and parts.netloc else Shown("")


def _edition(card: DecisionCard) -> str:
    at = card.generated_at
    return f"version {card.version}, written {people.day(at)} {people.clock(at)} UTC"


def _provenance(card: DecisionCard) -> tuple[Pair, ...]:
    pull_request, placement, plan, links = card.pull_request, card.placement, card.plan, card.links
    facts = (
        ("Head", pull_request.head_sha),
        ("Base", pull_request.base_sha),
        ("Merge base", pull_request.merge_base_sha),
        ("Decided by", card.decision.actor),
        ("Decision policy", card.decision.policy_digest),
        ("Placement policy", placement.policy_digest if placement else ""),
        ("Test plan", plan.body.digest if plan else ""),
        ("Environment", plan.environment_key if plan else ""),
        ("Narrative", links.narrative_markdown.digest if links.narrative_markdown else ""),
        ("Workflow", pull_request.workflow_id),
        ("Card", _edition(card)),
    )
    return tuple(Pair(Shown(label), name(value, limit=200)) for label, value in facts if value)
