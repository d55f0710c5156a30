"""Decides about a pull request: facts in, a decision with its reasons and the smallest safe next step out.

The rules are Rego (``policies/decision.rego``, ``policies/next_step.rego``). Python lays the facts out for them and
prices the steps. A policy that gives no usable answer blocks.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

from pydantic import Field, JsonValue

from maestro.config.topology import Prices
from maestro.errors import PolicyDenied
from maestro.model.base import Config, Model
from maestro.model.decision import Decision, DecisionState, Incident, NextStep, Review
from maestro.model.evidence import ControlFinding
from maestro.model.pull_request import PullRequest
from maestro.model.region import Placement, Region
from maestro.model.tests import Problem, ReasonKind, TestPlan, TestReport, Verdict
from maestro.placement.score import compute_usd, waiting_usd
from maestro.policy.engine import PolicyEngine
from maestro.words import dollars, duration

ENTRYPOINT = "data.maestro.decision.answer"


class DecisionFacts(Model):
    """Everything that a decision depends on. None is "not known", never "fine".

    ``region`` is the region of ``placement``, with its price. ``reviews`` are in the order in which they came,
    ``incidents`` have the approval that was given after them, if one was.
    ``problems`` are failures outside the tests; ``expired`` says that a deadline (for a region, or for a person)
    passed; ``retries`` counts how often tests of this head were run again.
    """

    pull_request: PullRequest
    plan: TestPlan | None = None
    report: TestReport | None = None
    findings: tuple[ControlFinding, ...] = ()
    placement: Placement | None = None
    region: Region | None = None
    prices: Prices = Prices()
    reviews: tuple[Review, ...] = ()
    incidents: tuple[Incident, ...] = ()
    problems: tuple[Problem, ...] = ()
    expired: bool = False
    changed_files: int | None = Field(default=None, ge=0)
    retries: int = Field(default=0, ge=0)


class Step(Config):
    """A safe next step as the policy names it. ``tests`` says which of them it runs."""

    rank: int
    action: str
    description: str
    buys: str
    tests: Literal["none", "unsettled", "selected", "all"]
    person_seconds: int


class DecisionAnswer(Config):
    """What the policy answers."""

    state: Literal["green", "needs_person", "blocked"]
    reasons: tuple[str, ...] = Field(min_length=1)
    decided_by: str
    steps: tuple[Step, ...]


def decide(facts: DecisionFacts, *, policy: PolicyEngine) -> Decision:
    """The decision of the policy on the facts; blocked when the policy gives no usable answer."""
    try:
        answer = policy.evaluate(ENTRYPOINT, document(facts)).read(DecisionAnswer)
    except PolicyDenied as error:
        return Decision(
            state=DecisionState.BLOCKED,
            reasons=(error.message,),
            next_step=NextStep(action="fix_policy", description=error.fix, residency="No code runs for this step."),
            policy_digest=policy.digest,
        )
    return Decision(
        state=DecisionState(answer.state),
        reasons=answer.reasons,
        next_step=_smallest(answer.steps, facts),
        actor=answer.decided_by,
        policy_digest=policy.digest,
    )


def document(facts: DecisionFacts) -> dict[str, JsonValue]:
    """The facts as the policy's input; what is not known is absent."""
    pull_request = facts.pull_request
    known: dict[str, JsonValue] = {
        "tenant": pull_request.tenant,
        "author": pull_request.author,
        "contributors": list(pull_request.contributors),
        "author_kind": pull_request.author_kind.value,
        "findings": [finding.model_dump(mode="json", exclude={"evidence"}) for finding in facts.findings],
        "reviews": [review.model_dump(mode="json") for review in facts.reviews],
        "incidents": [incident.model_dump(mode="json") for incident in facts.incidents],
        "problems": [problem.model_dump(mode="json") for problem in facts.problems],
        "expired": facts.expired,
        "retries": facts.retries,
    }
    if facts.region is not None:
        known["region"] = facts.region.id
    if facts.changed_files is not None:
        known["changed_files"] = facts.changed_files
    if facts.plan is not None:
        known["plan"] = _plan(facts.plan)
        if facts.report is not None:
            known["report"] = _report(facts.report, facts.plan)
    return known


def _plan(plan: TestPlan) -> JsonValue:
    return {
        "applicable": plan.applicable,
        "reason": plan.reason,
        "mode": plan.mode.value,
        "not_judged": plan.reasons.get(ReasonKind.CANNOT_JUDGE.value, 0) > 0,
    }


def _report(report: TestReport, plan: TestPlan) -> JsonValue:
    return {
        "passed": report.counts.get(Verdict.PASS, 0),
        "skipped": report.counts.get(Verdict.SKIP, 0),
        "failed_count": report.failed_count,
        "missing_count": _missing(report, plan),
        "failures": [{"test": outcome.test, "message": _first_line(outcome.message)} for outcome in report.failed],
        "flaky": list(report.flaky),
        "quarantined": [held.test for held in report.quarantined],
        "problems": [problem.model_dump(mode="json") for problem in report.problems],
    }


def _missing(report: TestReport, plan: TestPlan) -> int:
    """Selected tests without a verdict; counted again here, so that a report of a smaller plan cannot turn green."""
    return max(report.missing_count, plan.selected_count - sum(report.counts.values()))


def _first_line(message: str) -> str:
    lines = message.strip().splitlines()
    return lines[0].rstrip(".")[:200] if lines else "it failed without a message"


class _Priced(Model):
    """A step with what it costs, as far as it was measured."""

    step: Step
    test_seconds: float
    compute: Decimal
    waiting: Decimal

    @property
    def cost_usd(self) -> Decimal:
        return self.compute + self.waiting

    @property
    def cost_seconds(self) -> float:
        return self.step.person_seconds + self.test_seconds


def _smallest(steps: Sequence[Step], facts: DecisionFacts) -> NextStep | None:
    """The cheapest step; equal ones in the policy's order."""
    priced = sorted(
        (_priced(step, facts) for step in steps), key=lambda one: (one.cost_usd, one.step.rank, one.step.description)
    )
    if not priced:
        return None
    best = priced[0]
    return NextStep(
        action=best.step.action,
        description=best.step.description,
        cost_usd=best.cost_usd,
        cost_seconds=best.cost_seconds,
        value=_value(best, priced[1:]),
        residency=_residency(best, facts),
    )


def _priced(step: Step, facts: DecisionFacts) -> _Priced:
    seconds = _test_seconds(step, facts)
    compute = compute_usd(facts.region, seconds) if facts.region else Decimal(0)
    return _Priced(
        step=step,
        test_seconds=seconds,
        compute=compute,
        waiting=waiting_usd(step.person_seconds + seconds, facts.prices),
    )


def _test_seconds(step: Step, facts: DecisionFacts) -> float:
    """How long the tests that the step runs take, by what was measured of them."""
    plan = facts.plan
    if plan is None or step.tests == "none":
        return 0.0
    if step.tests == "all":
        return plan.selected_seconds + plan.left_out_seconds
    if step.tests == "selected" or facts.report is None:
        return plan.selected_seconds
    return _unsettled_seconds(facts.report, plan)


def _unsettled_seconds(report: TestReport, plan: TestPlan) -> float:
    """The failed tests at the mean of those whose outcome is at hand, the missing ones at the mean of the plan."""
    failed = sum(outcome.duration_seconds for outcome in report.failed) / max(1, len(report.failed))
    typical = plan.selected_seconds / max(1, plan.selected_count)
    return report.failed_count * failed + _missing(report, plan) * typical


def _value(best: _Priced, others: Sequence[_Priced]) -> str:
    cost = f"It costs {dollars(best.cost_usd)}: {dollars(best.compute)} of compute and {duration(best.cost_seconds)}"
    cost += f" of waiting worth {dollars(best.waiting)}"
    if others and others[0].cost_usd > best.cost_usd:
        saved = others[0].cost_usd - best.cost_usd
        cost += f"; {dollars(saved)} less than the next safe step ({others[0].step.action.replace('_', ' ')})"
    return f"{best.step.buys} {cost}."


def _residency(best: _Priced, facts: DecisionFacts) -> str:
    if best.step.tests == "none":
        return "No code runs for this step."
    if facts.region is None or facts.placement is None:
        return "The region is chosen again before anything runs; the price of compute is not known until then."
    return f"Its tests run in {facts.region.id}, {facts.placement.residency}."
