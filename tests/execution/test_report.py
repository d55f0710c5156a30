"""What verdicts add up to."""

from datetime import UTC, datetime

from maestro.execution.report import answered, flaky, report_of, standing
from maestro.model.flaky import Quarantine
from maestro.model.tests import PlanBody, ReasonKind, SelectedTest, ShardResult, TestOutcome, Verdict


def verdicts(**by_test: Verdict) -> dict[str, TestOutcome]:
    return {test: TestOutcome(test=test, verdict=verdict, duration_seconds=1.0) for test, verdict in by_test.items()}


def plan(*tests: str, errors: tuple[TestOutcome, ...] = ()) -> PlanBody:
    selected = tuple(
        SelectedTest(id=test, kind=ReasonKind.CHANGED, reason="changed", expected_seconds=1.0) for test in tests
    )
    return PlanBody(
        selected=selected, left_out=(), shards=(tuple(range(len(tests))),), changed_files=(), collection_errors=errors
    )


def test_a_test_without_a_verdict_is_missing_and_keeps_the_report_from_green() -> None:
    report = report_of(plan("a", "b"), (), [verdicts(a=Verdict.PASS)], round_number=0)
    assert report.missing_count == 1
    assert not report.green


def test_a_file_that_cannot_be_collected_counts_as_failed() -> None:
    broken = TestOutcome(test="test_x.py", verdict=Verdict.ERROR, message="SyntaxError")
    report = report_of(plan("a", errors=(broken,)), (), [verdicts(a=Verdict.PASS)], round_number=0)
    assert report.failed == (broken,)
    assert not report.green


def test_a_retry_keeps_what_passed_and_asks_again_for_the_rest() -> None:
    first = verdicts(a=Verdict.PASS, b=Verdict.FAIL, c=Verdict.SKIP)
    assert set(answered([first, {}])) == {"a", "c"}
    assert standing([first, verdicts(b=Verdict.PASS)])["b"].verdict is Verdict.PASS


def test_what_failed_first_and_passed_when_retried_is_flaky_and_green() -> None:
    attempts = [verdicts(a=Verdict.FAIL, b=Verdict.FAIL), verdicts(a=Verdict.PASS, b=Verdict.FAIL)]
    assert flaky(attempts) == ["a"]
    report = report_of(plan("a", "b"), (), attempts, round_number=0)
    assert report.flaky == ("a",)
    assert [outcome.test for outcome in report.failed] == ["b"]


def test_verdicts_of_tests_that_were_not_selected_do_not_count() -> None:
    report = report_of(plan("a"), (), [verdicts(a=Verdict.PASS, other=Verdict.FAIL)], round_number=0)
    assert report.green
    assert report.counts == {Verdict.PASS: 1}


def test_the_report_names_every_region_and_sandbox_that_had_a_part() -> None:
    shards = [
        ShardResult(ordinal="0.0.0", region="eu-west", isolation="bubblewrap", resumed=2),
        ShardResult(ordinal="0.0.1", region="eu-north", isolation="namespaces", resumed=1),
    ]
    report = report_of(plan("a"), shards, [verdicts(a=Verdict.PASS)], round_number=3)
    assert report.regions == ("eu-north", "eu-west")
    assert report.isolation == ("bubblewrap", "namespaces")
    assert (report.resumed, report.round) == (3, 3)


def test_a_failure_in_quarantine_is_named_with_its_evidence_and_counts_as_no_failure() -> None:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    held = Quarantine(
        test="t1", repo="shop", probability=0.99, evidence=("flipped",), owner="Ada", entered_at=now, expires_at=now
    )
    body = plan("t1", "t2", "t3")
    attempt = verdicts(t1=Verdict.FAIL, t2=Verdict.FAIL, t3=Verdict.PASS)
    report = report_of(body, (), [attempt], round_number=0, quarantines={"t1": held, "t3": held})
    assert [outcome.test for outcome in report.failed] == ["t2"]
    assert (report.failed_count, report.quarantined, report.quarantined_count) == (1, (held,), 1)
    assert report.counts == {Verdict.PASS: 1, Verdict.FAIL: 2}
    alone = report_of(body, (), [attempt | verdicts(t2=Verdict.PASS)], round_number=0, quarantines={"t1": held})
    assert alone.failed_count == 0
