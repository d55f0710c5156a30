"""Decision Cards as reviewers meet them: green, nothing to test, a person needed, blocked, waiting."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from maestro.model.decision import (
    ActionKind,
    Decision,
    DecisionCard,
    DecisionState,
    Links,
    NextStep,
    OfferedAction,
    Phase,
    Savings,
    TimelineEntry,
)
from maestro.model.pull_request import AuthorKind, PullRequest
from maestro.model.region import CostTerm, Placement, RegionAssessment
from maestro.model.tests import (
    Problem,
    ReasonKind,
    Replay,
    RiskStatement,
    SelectedTest,
    SelectionMode,
    TauTerm,
    TestOutcome,
    TestPlan,
    TestReport,
    Verdict,
)
from tests.render.sample_findings import FINDINGS, NOT_APPLICABLE_FINDINGS, RED_FINDINGS, UNSURE_FINDINGS, ref

START = datetime(2026, 11, 23, 9, 31, 7, tzinfo=UTC)


PULL_REQUEST = PullRequest(
    repository="https://forge.example/shop/checkout.git",
    repo="shop/checkout",
    pr="1482",
    base_sha="4b1d" * 10,
    head_sha="9ac3" * 10,
    merge_base_sha="4b1d" * 10,
    title="Round the shipping discount once, after tax",
    author="ada",
    tenant="nordic-retail",
)


def assessment(
    region: str, total: tuple[str, str, str], *, grams: float, allowed: bool = True, reason: str = ""
) -> RegionAssessment:
    compute, carbon, waiting = (Decimal(amount) for amount in total)
    return RegionAssessment(
        region=region,
        healthy=True,
        allowed=allowed,
        reasons=(reason,) if reason else (),
        terms=(
            CostTerm(name="compute", amount_usd=compute, how="1 min 52 s of one slot at $0.42 an hour"),
            CostTerm(name="carbon", amount_usd=carbon, how=f"{grams} g at $120 a tonne"),
            CostTerm(name="waiting", amount_usd=waiting, how="4.1 s expected wait at $2.10 an hour"),
        ),
        total_usd=compute + carbon + waiting,
        carbon_g=grams,
    )


PLACEMENT = Placement(
    region="eu-north",
    reason="eu-north is the cheapest healthy region that nordic-retail may use: $0.0155 against $0.0237 in eu-west.",
    residency="Tenant nordic-retail keeps its code inside the European Union (rule residency.eu_only).",
    assessments=(
        assessment("eu-north", ("0.0131", "0.00002", "0.0024"), grams=0.2),
        assessment("eu-west", ("0.0142", "0.0006", "0.0089"), grams=4.9),
        assessment(
            "us-east",
            ("0.0098", "0.0008", "0.0011"),
            grams=6.7,
            allowed=False,
            reason="Tenant nordic-retail may not run in us-east (rule residency.eu_only); eu-north is allowed.",
        ),
    ),
    expected_seconds=112.4,
    policy_digest="sha256:" + "d" * 64,
    decided_at=START,
)
RISK = RiskStatement(
    tau=0.0325,
    tau_terms=(
        TauTerm(name="tenant", factor=1.0, reason="τ starts at 0.05: tenant nordic-retail has decided so"),
        TauTerm(name="size", factor=1.09, reason="71 changed lines in 2 files"),
        TauTerm(name="author", factor=0.6, reason="an agent's: the author's name contains [bot]"),
        TauTerm(name="bounds", factor=1.0, reason="within the tenant's bounds of 0.01 and 0.1"),
    ),
    residual_risk=0.018,
    low=0.004,
    high=0.029,
    unconditional_risk=0.0011,
    method="conformal risk control on this repository's own past",
    certified=True,
    red_builds=212,
    promise="Of 100 such pull requests that break something, at most 3.3 are green with an escape.",
    model="sha256:" + "7" * 64,
)
PLAN = TestPlan(
    applicable=True,
    reason="2 changed files reach 118 tests through imports; 4 more failed in the last week.",
    mode=SelectionMode.STANDARD,
    selected_count=122,
    left_out_count=1_186,
    selected_seconds=112.4,
    left_out_seconds=1_903.0,
    shard_count=4,
    reasons={"changed": 3, "affected": 115, "recently_failed": 4},
    sample=(
        SelectedTest(
            id="tests/test_discount.py::test_a_discount_is_rounded_once",
            kind=ReasonKind.CHANGED,
            reason="The test itself changed.",
            expected_seconds=0.4,
        ),
        SelectedTest(
            id="tests/test_cart.py::test_total[EUR-3 items]",
            kind=ReasonKind.AFFECTED,
            reason="Imports shop.discount, which changed (2 imports away).",
            expected_seconds=1.9,
            distance=2,
        ),
    ),
    body=ref("a", "test plan"),
    environment_key="py3.11-lock-5f0c9e",
    isolation="bubblewrap",
    risk=RISK,
    replay=Replay(reason="it is labelled full-suite", tests=ref("e", "left-out.json")),
)
REPORT = TestReport(
    counts={Verdict.PASS: 120, Verdict.SKIP: 2},
    test_seconds=64.3,
    resumed=31,
    isolation=("bubblewrap",),
    regions=("eu-north",),
    results=(ref("b", "results of shard 0"),),
)
RED_REPORT = REPORT.model_copy(
    update={
        "counts": {Verdict.PASS: 118, Verdict.FAIL: 2, Verdict.SKIP: 2},
        "failed_count": 2,
        "failed": (
            TestOutcome(
                test="tests/test_discount.py::test_a_discount_is_rounded_once",
                verdict=Verdict.FAIL,
                message="    def test_a_discount_is_rounded_once():\n>       assert total == Decimal('17.92')\n"
                "E       AssertionError: assert Decimal('17.93') == Decimal('17.92')",
            ),
            TestOutcome(
                test="tests/test_cart.py::test_total[EUR-3 items]",
                verdict=Verdict.FAIL,
                message="E       AssertionError: assert 53.79 == 53.76",
            ),
        ),
    }
)


def moment(after_seconds: float, event: str, detail: str = "", actor: str = "maestro") -> TimelineEntry:
    return TimelineEntry(at=START + timedelta(seconds=after_seconds), event=event, detail=detail, actor=actor)


TIMELINE = (
    moment(0, "Opened", "head 9ac39ac39ac3", "ada"),
    moment(1.2, "Placed in eu-north", "the cheapest healthy region that policy allows"),
    moment(3.9, "Selected 122 of 1,308 tests"),
    moment(41, "Placed again in eu-north", "the worker that held shard 2 died; 31 verdicts were kept"),
    moment(70.5, "122 tests have a verdict"),
    moment(72.1, "Decided", "by decision policy dddddddddddd"),
)
OFFERED = {
    ActionKind.APPROVE: OfferedAction(
        kind=ActionKind.APPROVE,
        label="Approve",
        effect="Takes responsibility in your name; the decision becomes green.",
    ),
    ActionKind.REJECT: OfferedAction(
        kind=ActionKind.REJECT, label="Reject", effect="Blocks the pull request and records your reason."
    ),
    ActionKind.ESCALATE_TESTS: OfferedAction(
        kind=ActionKind.ESCALATE_TESTS,
        label="Run every test",
        effect="Adds the 1,186 tests that were left out: about 31 min and $0.22.",
    ),
    ActionKind.RETRY: OfferedAction(
        kind=ActionKind.RETRY, label="Retry", effect="Runs the 122 selected tests again: about 1 min 52 s and $0.02."
    ),
    ActionKind.CANCEL: OfferedAction(
        kind=ActionKind.CANCEL, label="Cancel", effect="Stops everything and leaves nothing running."
    ),
}
GREEN = DecisionCard(
    version=3,
    pull_request=PULL_REQUEST,
    phase=Phase.DONE,
    decision=Decision(
        state=DecisionState.GREEN,
        reasons=(
            "Every test that the change can reach passed.",
            "No control of tier 1 or 2 fails.",
        ),
        policy_digest="sha256:" + "e" * 64,
    ),
    why="All 122 tests that this change can reach passed in eu-north, and every control holds.",
    risk="1,186 tests were not run, because no import leads from the change to them. They run tonight, and a failure"
    " there opens an incident that names this pull request.",
    placement=PLACEMENT,
    plan=PLAN,
    report=REPORT,
    findings=FINDINGS,
    savings=Savings(seconds=1_903.0, share=0.944, cost_usd=Decimal("0.222"), carbon_g=3.4),
    actions=(OFFERED[ActionKind.ESCALATE_TESTS], OFFERED[ActionKind.REJECT]),
    timeline=TIMELINE,
    links=Links(temporal_ui="http://127.0.0.1:8233/namespaces/maestro/workflows/pr", narrative_markdown=ref("f", "")),
    generated_at=START + timedelta(seconds=73),
)
BLOCKED = GREEN.model_copy(
    update={
        "decision": Decision(
            state=DecisionState.BLOCKED,
            reasons=("2 of 122 selected tests failed.", "Control MC-QA-01 (tier 1) fails."),
            next_step=NextStep(
                action="fix_tests",
                description="Mend the 2 failing tests (17.93 where 17.92 is expected) and push.",
                cost_usd=Decimal("0.0155"),
                cost_seconds=112.4,
                value="a decision on the same 122 tests, of which 120 have verdicts that stay valid",
                residency="eu-north: the tenant's code stays inside the European Union",
            ),
            policy_digest="sha256:" + "e" * 64,
        ),
        "why": "2 of the 122 tests that this change can reach fail, so merging it would break the checkout total.",
        "report": RED_REPORT,
        "findings": RED_FINDINGS,
        "actions": (OFFERED[ActionKind.RETRY], OFFERED[ActionKind.CANCEL]),
    }
)
NEEDS_PERSON = GREEN.model_copy(
    update={
        "phase": Phase.WAITING_FOR_PERSON,
        "pull_request": PULL_REQUEST.model_copy(
            update={
                "author": "renovate",
                "author_kind": AuthorKind.AGENT,
                "title": "Raise the actions of the pipeline to their newest release",
                "notes": ("The work tree had uncommitted changes; the commit was conducted without them.",),
            }
        ),
        "decision": Decision(
            state=DecisionState.NEEDS_PERSON,
            reasons=("Control MC-AC-02 (tier 2) fails.", "Control MC-BR-01 (tier 2) could not be evaluated."),
            next_step=NextStep(
                action="approve",
                description="Read the change of .github/workflows/ci.yml, then approve or reject.",
                cost_seconds=300,
                value="a person answers for what the pipeline may do from now on",
                residency="",
            ),
            policy_digest="sha256:" + "e" * 64,
        ),
        "why": "The tests pass, but an agent changes the pipeline that judges it: a person must answer for that.",
        "findings": UNSURE_FINDINGS,
        "actions": tuple(OFFERED.values()),
    }
)
NOT_APPLICABLE = GREEN.model_copy(
    update={
        "pull_request": PULL_REQUEST.model_copy(update={"title": "Correct the spelling in the handbook"}),
        "why": "Not applicable, because only docs/handbook.md changed and no test depends on it.",
        "risk": "Nothing that a test could see has changed.",
        "decision": Decision(state=DecisionState.GREEN, reasons=("No test is affected by the change.",)),
        "plan": PLAN.model_copy(
            update={
                "applicable": False,
                "reason": "Only docs/handbook.md changed, and no test depends on it.",
                "selected_count": 0,
                "selected_seconds": 0.0,
                "left_out_count": 1_308,
                "left_out_seconds": 2_015.4,
                "shard_count": 0,
                "reasons": {},
                "sample": (),
            }
        ),
        "report": None,
        "findings": NOT_APPLICABLE_FINDINGS,
        "savings": Savings(seconds=2_015.4, share=1.0, cost_usd=Decimal("0.235"), carbon_g=3.6),
        "timeline": TIMELINE[:2],
        "actions": (),
    }
)
WAITING = DecisionCard(
    pull_request=PULL_REQUEST,
    phase=Phase.WAITING_FOR_REGION,
    decision=Decision(state=DecisionState.PENDING, reasons=()),
    placement=PLACEMENT.model_copy(update={"region": None, "reason": "No healthy region that nordic-retail may use."}),
    actions=(OFFERED[ActionKind.CANCEL],),
    timeline=TIMELINE[:1],
    generated_at=START,
)
BROKEN_RUNNER = BLOCKED.model_copy(
    update={
        "report": TestReport(
            missing_count=122,
            problems=(Problem(kind="missing", message="pytest is not installed.", fix="Add it to the test extra."),),
        )
    }
)
CANCELLED = WAITING.model_copy(
    update={
        "phase": Phase.DONE,
        "decision": Decision(
            state=DecisionState.CANCELLED, reasons=("ada cancelled it: opened by mistake.",), actor="ada"
        ),
        "actions": (),
    }
)
CARDS = {
    "green": GREEN,
    "blocked": BLOCKED,
    "needs_person": NEEDS_PERSON,
    "not_applicable": NOT_APPLICABLE,
    "waiting": WAITING,
    "broken_runner": BROKEN_RUNNER,
    "cancelled": CANCELLED,
}
