"""What the facts say for given plans, reports and placements."""

from datetime import UTC, datetime

import pytest

from maestro.assurance import Facts, PolicyFacts, TestsFacts, facts_of
from maestro.model.artifact import ArtifactRef
from maestro.model.region import Placement, RegionAssessment
from maestro.model.tests import Problem, RiskStatement, SelectionMode, TestPlan, TestReport, Verdict
from tests.assurance.sound import SOUND

BODY = ArtifactRef(digest="sha256:" + "0" * 64, media_type="application/json", bytes=1)
PLAN = TestPlan(applicable=True, reason="", mode=SelectionMode.STANDARD, selected_count=3, shard_count=1, body=BODY)
REPORT = TestReport(
    counts={Verdict.PASS: 1, Verdict.FAIL: 1, Verdict.SKIP: 1},
    failed_count=1,
    isolation=("bubblewrap",),
    regions=("eu-north",),
)


def placement(region: str | None = "eu-north", **allowed: bool) -> Placement:
    assessments = tuple(
        RegionAssessment(region=name.replace("_", "-"), healthy=True, allowed=may) for name, may in allowed.items()
    )
    return Placement(
        region=region, reason="", assessments=assessments, policy_digest="sha256:1", decided_at=datetime.now(UTC)
    )


def run_facts(report: TestReport | None) -> TestsFacts:
    facts = facts_of(plan=PLAN, report=report, placement=None, git=None)
    assert facts.tests is not None
    return facts.tests


def policy_of(where: Placement, report: TestReport | None = REPORT) -> PolicyFacts:
    facts = facts_of(plan=None, report=report, placement=where, git=None)
    assert facts.policy is not None
    return facts.policy


def test_it_is_not_known_whether_tests_that_could_not_be_listed_are_affected() -> None:
    unlisted = PLAN.model_copy(update={"applicable": False, "problem": Problem(kind="crash", message="no tests")})
    facts = facts_of(plan=unlisted, report=None, placement=None, git=None)
    assert facts.tests is not None
    assert facts.tests.applicable is None


def test_a_skipped_test_is_not_one_that_ran() -> None:
    assert (run_facts(REPORT).executed, run_facts(REPORT).skipped) == (2, 1)


def test_without_a_report_nothing_is_claimed_of_the_run() -> None:
    assert run_facts(None).selected == 3
    assert run_facts(None).failed is None


@pytest.mark.parametrize(
    ("isolation", "isolated"), [(("bubblewrap",), True), (("bubblewrap", "none"), False), (("",), False), ((), None)]
)
def test_one_shard_outside_a_sandbox_is_enough_to_say_so(isolation: tuple[str, ...], isolated: bool | None) -> None:
    assert run_facts(REPORT.model_copy(update={"isolation": isolation})).isolated is isolated


def test_a_run_in_a_region_that_policy_refuses_is_told_even_when_the_chosen_one_is_allowed() -> None:
    report = REPORT.model_copy(update={"regions": ("eu-north", "us-east")})
    policy = policy_of(placement(eu_north=True, us_east=False), report)
    assert policy.region_allowed is True
    assert policy.ran_where_allowed is False
    assert policy.placement_denied == ("us-east",)


def test_a_run_in_a_region_that_policy_was_never_asked_about_is_unknown_not_allowed() -> None:
    report = REPORT.model_copy(update={"regions": ("moon",)})
    assert policy_of(placement(eu_north=True), report).ran_where_allowed is None


def test_verdicts_without_a_region_are_unknown_not_allowed() -> None:
    report = REPORT.model_copy(update={"regions": ()})
    assert policy_of(placement(eu_north=True), report).ran_where_allowed is None


def test_nothing_ran_means_that_nothing_ran_where_it_must_not() -> None:
    assert policy_of(placement(eu_north=True), None).ran_where_allowed is True


def test_without_a_region_nothing_is_claimed_of_it() -> None:
    policy = policy_of(placement(None, eu_north=False), None)
    assert (policy.placed, policy.region_allowed) == (False, None)


def test_a_source_that_is_missing_leaves_its_facts_unknown() -> None:
    facts = facts_of(plan=None, report=None, placement=None, git=None)
    assert (facts.tests, facts.policy, facts.git) == (None, None, None)


RISK = RiskStatement(
    tau=0.05,
    residual_risk=0.05,
    low=0.01,
    high=0.09,
    unconditional_risk=0.01,
    method="a model",
    certified=True,
    red_builds=80,
    promise="few escape",
)


@pytest.mark.parametrize(("residual", "within"), [(0.05, True), (0.051, False)])
def test_the_risk_is_within_its_bound_up_to_the_bound_itself(*, residual: float, within: bool) -> None:
    plan = PLAN.model_copy(update={"left_out_count": 7, "risk": RISK.model_copy(update={"residual_risk": residual})})
    risk = facts_of(plan=plan, report=None, placement=None, git=None).risk
    assert risk is not None
    assert (risk.tau, risk.residual, risk.within_tau) == (0.05, residual, within)
    assert (risk.certified, risk.method, risk.left_out) == (True, "a model", 7)


def test_a_plan_that_promises_nothing_certifies_nothing() -> None:
    risk = facts_of(plan=PLAN, report=None, placement=None, git=None).risk
    assert risk is not None
    assert (risk.certified, risk.within_tau, risk.residual) == (False, None, None)


def test_what_other_rooms_say_becomes_facts_of_its_kind_and_silence_stays_unknown() -> None:
    facts = facts_of(
        plan=None,
        report=None,
        placement=None,
        git=SOUND.git,
        checks=SOUND.github_checks,
        opa=SOUND.opa,
        attest=SOUND.attest,
        sbom=SOUND.sbom,
        reviews=SOUND.reviews,
    )
    assert facts == SOUND.model_copy(update={"tests": None, "policy": None, "risk": None})
    assert facts_of(plan=None, report=None, placement=None, git=None) == Facts()
