"""Test history: a verdict stands once it is recorded, and tells what to expect of a test."""

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maestro.errors import Conflict, StaleFence
from maestro.ledger import Lease, Ledger, TestRun
from maestro.model.tests import TestOutcome, Verdict

RUN = TestRun(key="run/acme/shop/7/aaaa/0", repo="acme/shop", revision="a" * 40, environment="env-1")


def outcome(test: str, verdict: Verdict = Verdict.PASS, seconds: float = 1.0, message: str = "") -> TestOutcome:
    return TestOutcome(test=test, verdict=verdict, duration_seconds=seconds, message=message)


def run_number(number: int, *, tenant: str = "default") -> TestRun:
    return RUN.model_copy(update={"key": f"run/{tenant}/{number}", "tenant": tenant})


@pytest.fixture
def lease(ledger: Ledger) -> Lease:
    return ledger.leases.acquire("shard/1", holder="north", ttl_seconds=60)


def test_recorded_verdicts_come_back_as_they_were_given(ledger: Ledger, lease: Lease) -> None:
    verdicts = [outcome("b[\\n]", Verdict.FAIL, 0.5, "boom\x00\udce9"), outcome('a "b" ü\udce9', Verdict.SKIP, 0.0)]
    assert ledger.history.record(RUN, verdicts, lease=lease) == 2
    assert ledger.history.outcomes(RUN.key) == {one.test: one for one in verdicts}


def test_a_run_that_nobody_began_has_no_verdicts(ledger: Ledger) -> None:
    assert ledger.history.outcomes("run/unknown") == {}


def test_the_first_verdict_of_a_test_stands(ledger: Ledger, lease: Lease) -> None:
    ledger.history.record(RUN, [outcome("a", Verdict.FAIL), outcome("b")], lease=lease)
    assert ledger.history.record(RUN, [outcome("a", Verdict.PASS), outcome("c")], lease=lease) == 1
    assert {test: one.verdict for test, one in ledger.history.outcomes(RUN.key).items()} == {
        "a": Verdict.FAIL,
        "b": Verdict.PASS,
        "c": Verdict.PASS,
    }


def test_the_first_of_two_verdicts_in_one_batch_stands(ledger: Ledger, lease: Lease) -> None:
    assert ledger.history.record(RUN, [outcome("a", Verdict.FAIL), outcome("a")], lease=lease) == 1
    assert ledger.history.outcomes(RUN.key)["a"].verdict is Verdict.FAIL


def test_a_holder_whose_lease_was_taken_over_records_no_verdict(ledger: Ledger, lease: Lease) -> None:
    ledger.leases.release(lease)
    ledger.leases.acquire("shard/1", holder="west", ttl_seconds=60)
    with pytest.raises(StaleFence):
        ledger.history.record(RUN, [outcome("a")], lease=lease)
    assert ledger.history.outcomes(RUN.key) == {}


def test_shards_record_into_one_run_each_under_its_own_lease(ledger: Ledger, lease: Lease) -> None:
    other = ledger.leases.acquire("shard/2", holder="west", ttl_seconds=60)
    ledger.history.record(RUN, [outcome("a")], lease=lease)
    ledger.history.record(RUN, [outcome("b")], lease=other)
    assert list(ledger.history.outcomes(RUN.key)) == ["a", "b"]


@pytest.mark.parametrize("field", ["repo", "tenant", "revision", "environment"])
def test_a_run_key_that_stands_for_something_else_is_a_conflict(ledger: Ledger, lease: Lease, field: str) -> None:
    ledger.history.begin(RUN)
    with pytest.raises(Conflict, match=f"another {field}"):
        ledger.history.record(RUN.model_copy(update={field: "other"}), [outcome("a")], lease=lease)
    assert ledger.history.outcomes(RUN.key) == {}


def test_ten_thousand_verdicts_with_ids_longer_than_an_index_entry_are_recorded(ledger: Ledger, lease: Lease) -> None:
    verdicts = [outcome(f"tests/test_big.py::test[{number}]") for number in range(9_999)]
    verdicts.append(outcome("".join(chr(0x4E00 + number % 5_000) for number in range(6_000))))
    assert ledger.history.record(RUN, verdicts, lease=lease) == 10_000
    assert ledger.history.record(RUN, verdicts, lease=lease) == 0
    assert len(ledger.history.outcomes(RUN.key)) == 10_000
    assert len(ledger.history.durations("acme/shop")) == 10_000


def test_a_test_is_expected_to_take_the_median_of_its_last_five_runs(ledger: Ledger, lease: Lease) -> None:
    for number, seconds in enumerate([90.0, 80.0, 1.0, 2.0, 60.0, 3.0, 4.0]):
        ledger.history.record(run_number(number), [outcome("a", seconds=seconds)], lease=lease)
    assert ledger.history.durations("acme/shop") == {"a": 3.0}


def test_a_verdict_that_was_recorded_before_changes_no_expectation(ledger: Ledger, lease: Lease) -> None:
    ledger.history.record(RUN, [outcome("a", seconds=1.0)], lease=lease)
    ledger.history.record(RUN, [outcome("a", Verdict.FAIL, seconds=9.0)], lease=lease)
    assert ledger.history.durations("acme/shop") == {"a": 1.0}
    assert ledger.history.recent_failures("acme/shop") == {}


@pytest.mark.parametrize("verdict", [Verdict.SKIP, Verdict.ERROR])
def test_a_test_that_did_not_run_to_its_end_says_nothing_about_its_duration(
    ledger: Ledger, lease: Lease, verdict: Verdict
) -> None:
    ledger.history.record(RUN, [outcome("a", verdict, seconds=0.0)], lease=lease)
    assert ledger.history.durations("acme/shop") == {}


def test_durations_are_given_for_the_tests_asked_about_only(ledger: Ledger, lease: Lease) -> None:
    ledger.history.record(RUN, [outcome("a"), outcome("b")], lease=lease)
    assert ledger.history.durations("acme/shop", ["b", "never-ran"]) == {"b": 1.0}


def test_tenants_and_repositories_do_not_see_each_other(ledger: Ledger, lease: Lease) -> None:
    ledger.history.record(run_number(1, tenant="blue"), [outcome("a", Verdict.FAIL)], lease=lease)
    assert ledger.history.durations("acme/shop") == {}
    assert ledger.history.recent_failures("acme/shop") == {}
    assert ledger.history.durations("acme/other", tenant="blue") == {}
    assert ledger.history.durations("acme/shop", tenant="blue") == {"a": 1.0}


def test_a_test_that_failed_lately_is_named_with_revision_and_day_even_if_it_passed_since(
    ledger: Ledger, lease: Lease
) -> None:
    ledger.history.record(run_number(1), [outcome("a", Verdict.FAIL), outcome("b", Verdict.ERROR)], lease=lease)
    ledger.history.record(run_number(2), [outcome("a"), outcome("b"), outcome("c")], lease=lease)
    failures = ledger.history.recent_failures("acme/shop")
    assert list(failures) == ["a", "b"]
    assert failures["a"].startswith("failed at aaaaaaaaaaaa on 20")
    assert failures["a"].endswith(" UTC")


def test_a_failure_outside_the_window_is_not_recent(ledger: Ledger, lease: Lease) -> None:
    ledger.history.record(RUN, [outcome("a", Verdict.FAIL)], lease=lease)
    assert ledger.history.recent_failures("acme/shop", days=0.0) == {}


_numbers = itertools.count()
any_id = st.text(st.characters(codec=None), min_size=1, max_size=40)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.lists(st.tuples(any_id, st.sampled_from(Verdict)), max_size=8), max_size=4))
def test_for_all_batches_each_test_keeps_its_first_verdict(
    ledger: Ledger, batches: list[list[tuple[str, Verdict]]]
) -> None:
    run = RUN.model_copy(update={"key": f"run/{next(_numbers)}"})
    lease = ledger.leases.acquire("shard/1", holder="north", ttl_seconds=60)
    first: dict[str, Verdict] = {}
    for batch in batches:
        new = {test for test, _ in batch} - set(first)
        for test, verdict in batch:
            first.setdefault(test, verdict)
        verdicts = [outcome(test, verdict) for test, verdict in batch]
        assert ledger.history.record(run, verdicts, lease=lease) == len(new)
    assert {test: one.verdict for test, one in ledger.history.outcomes(run.key).items()} == first
