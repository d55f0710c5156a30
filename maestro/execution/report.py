"""Puts verdicts together: figures, the failures worth naming, and what a retry found to be flaky. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from maestro.model.flaky import Quarantine
from maestro.model.tests import SAMPLE_LIMIT, PlanBody, ShardResult, TestOutcome, TestReport, Verdict

FAILED = frozenset({Verdict.FAIL, Verdict.ERROR})


def counts_of(outcomes: Iterable[TestOutcome]) -> dict[Verdict, int]:
    """How many tests have each verdict; a verdict that none has is not in it."""
    found = Counter(outcome.verdict for outcome in outcomes)
    return {verdict: found[verdict] for verdict in Verdict if found[verdict]}


def failures_of(outcomes: Iterable[TestOutcome]) -> list[TestOutcome]:
    """The failed ones, in their order."""
    return [outcome for outcome in outcomes if outcome.verdict in FAILED]


def standing(attempts: Sequence[Mapping[str, TestOutcome]]) -> dict[str, TestOutcome]:
    """The verdict that stands for each test: of the newest attempt that gave one.

    ``attempts`` are the verdicts of each attempt, oldest first. A retry does not ask again for what passed, so an
    attempt without a verdict for a test leaves the earlier one standing.
    """
    found: dict[str, TestOutcome] = {}
    for attempt in attempts:
        found |= attempt
    return found


def answered(attempts: Sequence[Mapping[str, TestOutcome]]) -> dict[str, TestOutcome]:
    """The verdicts that the newest attempt need not ask for: its own, and earlier ones that did not fail."""
    *earlier, newest = attempts
    passed = {test: o for test, o in standing(earlier).items() if o.verdict not in FAILED}
    return passed | dict(newest)


def flaky(attempts: Sequence[Mapping[str, TestOutcome]]) -> list[str]:
    """Tests that failed in some attempt and pass now, at the same head: sorted by id."""
    now = standing(attempts)
    failed = {outcome.test for attempt in attempts for outcome in failures_of(attempt.values())}
    return sorted(test for test in failed if now[test].verdict not in FAILED)


def report_of(
    body: PlanBody,
    shards: Sequence[ShardResult],
    attempts: Sequence[Mapping[str, TestOutcome]],
    *,
    round_number: int,
    quarantines: Mapping[str, Quarantine] | None = None,
) -> TestReport:
    """The report of a round. What could not be collected counts as failed; what has no verdict is missing.

    A test of ``quarantines`` that failed is named as such, with its evidence, and does not count as failed.
    """
    verdicts = standing(attempts)
    outcomes = [verdicts[test.id] for test in body.selected if test.id in verdicts]
    missing = len(body.selected) - len(outcomes)
    outcomes += [outcome for outcome in body.collection_errors if outcome.test not in verdicts]
    held = quarantines or {}
    failed = [outcome for outcome in failures_of(outcomes) if outcome.test not in held]
    quarantined = [held[outcome.test] for outcome in failures_of(outcomes) if outcome.test in held]
    return TestReport(
        round=round_number,
        counts=counts_of(outcomes),
        failed=tuple(failed[:SAMPLE_LIMIT]),
        failed_count=len(failed),
        flaky=tuple(flaky(attempts)[:SAMPLE_LIMIT]),
        quarantined=tuple(quarantined[:SAMPLE_LIMIT]),
        quarantined_count=len(quarantined),
        missing_count=missing,
        resumed=sum(shard.resumed for shard in shards),
        test_seconds=sum(outcome.duration_seconds for outcome in outcomes),
        isolation=tuple(sorted({shard.isolation for shard in shards if shard.isolation})),
        regions=tuple(sorted({shard.region for shard in shards})),
        results=tuple(shard.results for shard in shards if shard.results),
        logs=tuple(shard.log for shard in shards if shard.log),
        problems=tuple(shard.problem for shard in shards if shard.problem),
    )
