"""What a probe saw of a test."""

import pytest

from maestro.impact.tracing.sights import sights_of
from maestro.model.tests import PlanBody, ReasonKind, SelectedTest, TestOutcome, Verdict
from maestro.model.tracing import Sight

TEST = "tests/test_a.py::test_a"


def body(*listed: str, broken: tuple[str, ...] = ()) -> PlanBody:
    return PlanBody(
        selected=tuple(
            SelectedTest(id=test, kind=ReasonKind.ESCALATED, reason="", expected_seconds=1) for test in listed
        ),
        left_out=(),
        shards=(),
        changed_files=(),
        collection_errors=tuple(TestOutcome(test=file, verdict=Verdict.ERROR) for file in broken),
    )


@pytest.mark.parametrize(
    ("verdict", "sight"),
    [
        (Verdict.PASS, Sight.PASSED),
        (Verdict.FAIL, Sight.FAILED),
        (Verdict.ERROR, Sight.FAILED),
        (Verdict.SKIP, Sight.ABSENT),
    ],
)
def test_a_verdict_says_what_was_seen(verdict: Verdict, sight: Sight) -> None:
    outcomes = {TEST: TestOutcome(test=TEST, verdict=verdict)}
    assert sights_of([TEST], body=body(TEST), outcomes=outcomes, troubled=False) == {TEST: sight}


@pytest.mark.parametrize(
    ("plan", "troubled", "sight"),
    [
        pytest.param(None, True, Sight.UNKNOWN, id="the revision could not be opened"),
        pytest.param(body(), False, Sight.ABSENT, id="the revision does not have the test"),
        pytest.param(body(), True, Sight.UNKNOWN, id="the tests of the revision could not be listed"),
        pytest.param(body(TEST), False, Sight.UNKNOWN, id="the test was to run and gave no verdict"),
        pytest.param(body(broken=("tests/test_a.py",)), False, Sight.FAILED, id="its file cannot be collected there"),
    ],
)
def test_a_test_without_a_verdict_is_good_only_where_it_did_not_exist(
    plan: PlanBody | None, troubled: bool, sight: Sight
) -> None:
    assert sights_of([TEST], body=plan, outcomes={}, troubled=troubled) == {TEST: sight}
