"""Chooses the region: the cheapest of those that are healthy, allowed and not excluded; ties by id."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field, JsonValue

from maestro.config.topology import Prices
from maestro.errors import PolicyDenied
from maestro.model.base import Config, Model
from maestro.model.pull_request import PullRequest
from maestro.model.region import Placement, Region, RegionAssessment, RegionHealth
from maestro.placement.score import score
from maestro.policy.engine import PolicyEngine
from maestro.regions.burn import Condition, RegionState
from maestro.words import count, dollars

ENTRYPOINT = "data.maestro.placement.answer"

Amount = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
"""Seconds; the limit (thirty years) catches a unit mistaken."""


class PlacementRequest(Model):
    """Everything that the choice depends on, so that its digest is the digest of the decision's input.

    ``expected_seconds`` of compute are assumed, and ``task_seconds`` for each task that waits in a queue.
    ``dependencies`` are normalized package names; ``exclude`` maps regions that must not be chosen to the reason.
    ``states`` are what the controllers judged; a region without one is judged by its health alone.
    """

    pull_request: PullRequest
    regions: tuple[Region, ...]
    healths: tuple[RegionHealth, ...]
    states: tuple[RegionState, ...] = ()
    prices: Prices = Prices()
    expected_seconds: Amount
    task_seconds: Amount = 60.0
    dependencies: tuple[str, ...] = ()
    exclude: dict[str, str] = Field(default_factory=dict)
    ordinal: int = Field(default=0, ge=0)
    now: datetime


class Denial(Config):
    """A region that a rule refuses, with the sentence for the reviewer."""

    region: str
    rule: str
    message: str


class PlacementAnswer(Config):
    """What the policy answers: a region counts as allowed when it is listed and nothing denies it."""

    allowed: tuple[str, ...]
    denials: tuple[Denial, ...]
    residency: str


def place(request: PlacementRequest, *, policy: PolicyEngine) -> Placement:
    """The placement. ``region`` is None when no region may be chosen; ``reason`` then says what is waited for."""
    answer, problem = _ask(request, policy)
    healths = {health.region: health for health in request.healths}
    regions = sorted(request.regions, key=lambda region: region.id)
    states = {state.region: state for state in request.states}
    denied = _denied(answer, problem, request)
    assessments = tuple(
        _assess(region, healths.get(region.id), states.get(region.id), denied[region.id], request=request)
        for region in regions
    )
    chosen = cheapest(assessments)
    return Placement(
        region=chosen.region if chosen else None,
        reason=_why_chosen(chosen, assessments) if chosen else _why_none(assessments, answer, request),
        slots=next((region.slots for region in regions if chosen and region.id == chosen.region), 1),
        residency=answer.residency if chosen else "",
        assessments=assessments,
        expected_seconds=request.expected_seconds,
        policy_digest=policy.digest,
        ordinal=request.ordinal,
        decided_at=request.now,
    )


def cheapest(assessments: Sequence[RegionAssessment]) -> RegionAssessment | None:
    """The cheapest assessment without a reason against it, ties by region id; None when each has one."""
    return min(
        (assessment for assessment in assessments if eligible(assessment)),
        key=lambda assessment: (assessment.total_usd, assessment.region),
        default=None,
    )


def eligible(assessment: RegionAssessment) -> bool:
    """Whether the region may be chosen: healthy, allowed, and nothing else against it."""
    return assessment.healthy and assessment.allowed and not assessment.reasons


def _ask(request: PlacementRequest, policy: PolicyEngine) -> tuple[PlacementAnswer, str]:
    """The policy's answer, and the problem where it has none: then nothing is allowed."""
    document: Mapping[str, JsonValue] = {
        "tenant": request.pull_request.tenant,
        "regions": [region.id for region in request.regions],
        "dependencies": list(request.dependencies),
    }
    try:
        return policy.evaluate(ENTRYPOINT, document).read(PlacementAnswer), ""
    except PolicyDenied as error:
        return PlacementAnswer(allowed=(), denials=(), residency=""), error.message


def _denied(answer: PlacementAnswer, problem: str, request: PlacementRequest) -> dict[str, tuple[str, ...]]:
    """The policy's sentences against each region; what it does not list as allowed is refused by its silence."""
    sentences: dict[str, list[str]] = {region.id: [] for region in request.regions}
    for denial in answer.denials:
        sentences.setdefault(denial.region, []).append(denial.message)
    for name in sentences.keys() - set(answer.allowed):
        if not sentences[name]:
            sentences[name].append(problem or f"the policy says nothing about {name}, which counts as a refusal")
    return {name: tuple(said) for name, said in sentences.items()}


def _assess(
    region: Region,
    health: RegionHealth | None,
    state: RegionState | None,
    denied: tuple[str, ...],
    *,
    request: PlacementRequest,
) -> RegionAssessment:
    excluded = request.exclude.get(region.id)
    cost = score(
        region,
        health,
        prices=request.prices,
        expected_seconds=request.expected_seconds,
        task_seconds=request.task_seconds,
    )
    well = health is not None and health.healthy and (state is None or state.healthy)
    return RegionAssessment(
        region=region.id,
        healthy=well and excluded is None,
        allowed=not denied,
        reasons=(*_against_health(health, excluded), *_against_state(state), *denied),
        terms=cost.terms,
        total_usd=cost.total_usd,
        carbon_g=cost.carbon_g,
    )


def _against_health(health: RegionHealth | None, excluded: str | None) -> tuple[str, ...]:
    reasons = () if excluded is None else (excluded or "it was excluded without a reason",)
    if health is None:
        return (*reasons, "its health was not measured")
    if health.healthy:
        return reasons
    return (*reasons, *(health.reasons or ("it was measured as not healthy",)))


def _against_state(state: RegionState | None) -> tuple[str, ...]:
    if state is None or state.healthy:
        return ()
    said = "it burns its error budget" if state.condition is Condition.BURNING else "it is recovering"
    return tuple(f"{said}: {reason}" for reason in state.reasons) or (said,)


def _why_chosen(chosen: RegionAssessment, assessments: Sequence[RegionAssessment]) -> str:
    others = [other for other in assessments if other is not chosen]
    next_best = cheapest(others)
    refused = [f"{other.region}: {'; '.join(other.reasons)}" for other in others if other.reasons]
    terms = ", ".join(f"{term.name} {dollars(term.amount_usd)}" for term in chosen.terms)
    first = f"{chosen.region} costs {dollars(chosen.total_usd)} ({terms})"
    if next_best is None:
        first += " and is the only region that may be chosen."
    elif next_best.total_usd == chosen.total_usd:
        first += f", as much as {next_best.region}; the first by name is taken."
    else:
        first += f", {dollars(next_best.total_usd - chosen.total_usd)} less than {next_best.region}, the next cheapest."
    return " ".join([first, f"Refused: {'. '.join(refused)}."]) if refused else first


def _why_none(assessments: Sequence[RegionAssessment], answer: PlacementAnswer, request: PlacementRequest) -> str:
    waiting = [assessment.region for assessment in assessments if assessment.allowed]
    wait = (
        f"Waiting for {' or '.join(waiting)} to become healthy.{_why_not_elsewhere(waiting, answer, request)}"
        if waiting
        else "Waiting for the policy to allow a configured region, or for a region that it allows."
    )
    against = " ".join(f"{assessment.region}: {'; '.join(assessment.reasons)}." for assessment in assessments)
    return f"None of {count(len(assessments), 'region')} may be chosen. {wait} {against}".strip()


def _why_not_elsewhere(waiting: Sequence[str], answer: PlacementAnswer, request: PlacementRequest) -> str:
    """That a pull request which rules keep in some regions waits for them, however healthy the others are."""
    configured = {region.id for region in request.regions}
    rules = sorted({denial.rule for denial in answer.denials if denial.region in configured})
    if not rules:
        return ""
    stays = f" Tenant {request.pull_request.tenant} stays in {' or '.join(waiting)} by the rule {' and '.join(rules)}"
    return f"{stays}, so it waits for {'it' if len(waiting) == 1 else 'them'} rather than moves."
