"""Turns what the other rooms returned into the facts that controls are asked about. Pure."""

from maestro.assurance.checks import checks_facts
from maestro.assurance.facts import (
    AttestFacts,
    ChecksFacts,
    Facts,
    GitFacts,
    OpaFacts,
    PolicyFacts,
    ReviewsFacts,
    RiskFacts,
    SbomFacts,
    TestsFacts,
)
from maestro.assurance.reviewing import reviews_facts
from maestro.model.region import Placement
from maestro.model.tests import TestPlan, TestReport, Verdict

__all__ = ["checks_facts", "facts_of", "reviews_facts"]

NO_ISOLATION = frozenset({"", "none"})


def facts_of(  # noqa: PLR0913 - one for each source
    *,
    plan: TestPlan | None,
    report: TestReport | None,
    placement: Placement | None,
    git: GitFacts | None,
    checks: ChecksFacts | None = None,
    opa: OpaFacts | None = None,
    attest: AttestFacts | None = None,
    sbom: SbomFacts | None = None,
    reviews: ReviewsFacts | None = None,
) -> Facts:
    """The facts of one pull request; a source that is None leaves its facts unknown."""
    return Facts(
        tests=_tests(plan, report) if plan else None,
        policy=_policy(placement, report) if placement else None,
        git=git,
        github_checks=checks,
        opa=opa,
        attest=attest,
        sbom=sbom,
        risk=_risk(plan) if plan else None,
        reviews=reviews,
    )


def _tests(plan: TestPlan, report: TestReport | None) -> TestsFacts:
    planned = TestsFacts(
        # What could not be listed may still have been affected: nobody knows.
        applicable=None if plan.problem and not plan.applicable else plan.applicable,
        mode=plan.mode.value,
        selected=plan.selected_count,
        left_out=plan.left_out_count,
        shards=plan.shard_count,
    )
    if report is None:
        return planned
    counts = report.counts
    return planned.model_copy(
        update={
            "executed": sum(count for verdict, count in counts.items() if verdict is not Verdict.SKIP),
            "passed": counts.get(Verdict.PASS, 0),
            "skipped": counts.get(Verdict.SKIP, 0),
            "failed": report.failed_count,
            "missing": report.missing_count,
            "problems": len(report.problems),
            "isolated": not NO_ISOLATION.intersection(report.isolation) if report.isolation else None,
            "isolation": report.isolation or None,
            "results_stored": len(report.results),
        }
    )


def _risk(plan: TestPlan) -> RiskFacts:
    """A plan without a statement promises nothing, so nothing certifies it; what it leaves out is a fact still."""
    risk = plan.risk
    if risk is None:
        return RiskFacts(certified=False, left_out=plan.left_out_count)
    return RiskFacts(
        tau=risk.tau,
        residual=risk.residual_risk,
        within_tau=risk.residual_risk <= risk.tau,
        certified=risk.certified,
        method=risk.method,
        left_out=plan.left_out_count,
    )


def _policy(placement: Placement, report: TestReport | None) -> PolicyFacts:
    allowed = {assessment.region: assessment.allowed for assessment in placement.assessments}
    healthy = {assessment.region: assessment.healthy for assessment in placement.assessments}
    ran_in = report.regions if report else ()
    unlocated = bool(report and report.counts and not report.regions)
    return PolicyFacts(
        placed=placement.region is not None,
        region=placement.region,
        region_allowed=allowed.get(placement.region) if placement.region else None,
        region_healthy=healthy.get(placement.region) if placement.region else None,
        placement_denied=tuple(sorted(region for region, may in allowed.items() if not may)),
        ran_in=None if unlocated else ran_in,
        ran_where_allowed=None if unlocated else _only_allowed(ran_in, allowed),
        digest_known=bool(placement.policy_digest),
    )


def _only_allowed(ran_in: tuple[str, ...], allowed: dict[str, bool]) -> bool | None:
    """False when a region was refused, None when one was never assessed: silence of the policy is not leave."""
    if any(allowed.get(region) is False for region in ran_in):
        return False
    return True if all(region in allowed for region in ran_in) else None
