"""The tests' part of the view: what was chosen and why, what came out, what was left to the night."""

from collections.abc import Iterator

from maestro.model.tests import Problem, TestPlan, TestReport, Verdict
from maestro.render import people
from maestro.render.untrusted import Shown, block, line, name
from maestro.render.view import ChosenTest, FailedTest, Pair, TestsView

_VERDICTS = {
    Verdict.PASS: "passed",
    Verdict.FAIL: "failed",
    Verdict.ERROR: "ended in an error",
    Verdict.SKIP: "skipped",
}
_REASONS = {
    "changed": "changed themselves",
    "affected": "reached by a change",
    "recently_failed": "failed recently",
    "escaped": "escaped before",
    "cannot_judge": "cannot be judged",
    "escalated": "asked for by a reviewer",
    "shadowed": "run although they would have been left out",
}


def tests_view(plan: TestPlan, report: TestReport | None) -> TestsView:
    """The view of a plan and, once it ran, of its report."""
    failed = report.failed if report else ()
    return TestsView(
        reason=line(plan.reason),
        outcome=_outcome(plan, report),
        left_out=_left_out(plan),
        facts=_facts(plan, report),
        problems=tuple(_problem(problem) for problem in report.problems) if report else (),
        failed=tuple(
            FailedTest(name(outcome.test), Shown(_VERDICTS[outcome.verdict]), block(outcome.message))
            for outcome in failed
        ),
        more_failed=max(0, report.failed_count - len(failed)) if report else 0,
        selected=tuple(
            ChosenTest(name(test.id), line(test.reason), people.seconds(test.expected_seconds)) for test in plan.sample
        ),
        more_selected=max(0, plan.selected_count - len(plan.sample)),
    )


def _outcome(plan: TestPlan, report: TestReport | None) -> Shown:
    if not plan.applicable:
        why = "the tests could not be listed" if plan.problem else "none is affected"
        return Shown(f"No test was run, because {why}.")
    if report is None:
        return Shown(f"{people.count(plan.selected_count, 'test')} selected; no verdict yet.")
    parts = [f"{report.counts[verdict]:,} {word}" for verdict, word in _VERDICTS.items() if report.counts.get(verdict)]
    if report.missing_count:
        parts.append(f"{report.missing_count:,} without a verdict")
    total = people.count(plan.selected_count, "test")
    return Shown(f"{total} selected: {', '.join(parts) or 'no verdict'}, in {people.seconds(report.test_seconds)}.")


def _left_out(plan: TestPlan) -> Shown:
    if not plan.left_out_count:
        return Shown("Nothing was left out.")
    much = f"{people.count(plan.left_out_count, 'test')} ({people.seconds(plan.left_out_seconds)})"
    until = "run after the decision" if plan.replay else "left to the nightly run"
    return Shown(f"{much} {until}.")


def _facts(plan: TestPlan, report: TestReport | None) -> tuple[Pair, ...]:
    reasons = ", ".join(f"{count:,} {_REASONS.get(kind, line(kind))}" for kind, count in plan.reasons.items())
    isolation = report.isolation if report and report.isolation else (plan.isolation,)
    facts = (
        ("Chosen because", reasons),
        ("Width", plan.mode.value),
        ("Shards", f"{plan.shard_count:,}" if plan.shard_count else ""),
        ("Sandbox", ", ".join(isolation) if plan.applicable else ""),
        ("Regions", ", ".join(report.regions) if report else ""),
        ("Passed only when retried", ", ".join(report.flaky) if report else ""),
        ("Failed in quarantine", "; ".join(_quarantined(report)) if report else ""),
        ("Kept after a restart", people.count(report.resumed, "verdict") if report and report.resumed else ""),
    )
    return tuple(Pair(Shown(label), line(value)) for label, value in facts if value)


def _quarantined(report: TestReport) -> Iterator[str]:
    """Each with why it does not block, who is to mend it, and until when."""
    for held in report.quarantined:
        yield f"{held.test}: {held.evidence[-1]}; {held.owner} has until {held.expires_at:%Y-%m-%d} to mend it"
    if report.quarantined_count > len(report.quarantined):
        yield f"{report.quarantined_count - len(report.quarantined):,} more"


def _problem(problem: Problem) -> Pair:
    return Pair(line(problem.message), line(problem.fix))
