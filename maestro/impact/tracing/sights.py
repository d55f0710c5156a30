"""What a probe saw of each test that it was sent to look at. What gave no verdict is unknown, never good."""

from collections.abc import Iterable, Mapping

from maestro.execution.report import FAILED
from maestro.impact.selection import file_of
from maestro.model.tests import PlanBody, TestOutcome, Verdict
from maestro.model.tracing import Sight


def sights_of(
    tests: Iterable[str], *, body: PlanBody | None, outcomes: Mapping[str, TestOutcome], troubled: bool
) -> dict[str, Sight]:
    """One sight for each of ``tests``. ``body`` is the plan of the probe, None where nothing could be listed;
    ``troubled`` says that its runner had a problem, so that a test that is missing may exist all the same.
    """
    if body is None:
        return dict.fromkeys(tests, Sight.UNKNOWN)
    broken = {error.test for error in body.collection_errors}
    listed = {test.id for test in body.selected}
    return {
        test: _sight(
            outcomes.get(test),
            broken=test in broken or file_of(test) in broken,
            absent=test not in listed and not troubled,
        )
        for test in tests
    }


def _sight(outcome: TestOutcome | None, *, broken: bool, absent: bool) -> Sight:
    if outcome is not None:
        if outcome.verdict in FAILED:
            return Sight.FAILED
        return Sight.ABSENT if outcome.verdict is Verdict.SKIP else Sight.PASSED
    if broken:
        return Sight.FAILED
    return Sight.ABSENT if absent else Sight.UNKNOWN
