"""What a pull request leaves out is owed until a later run has a verdict for it."""

from collections.abc import Callable

import pytest

from maestro.errors import BadInput
from maestro.ledger import Lease, Ledger, TestRun
from maestro.model.pull_request import PullRequest
from maestro.model.tests import TestOutcome, Verdict

PullRequestAt = Callable[[str], PullRequest]

NIGHT = TestRun(key="nightly/acme/shop/1", repo="acme/shop", revision="c" * 40)


@pytest.fixture
def lease(ledger: Ledger) -> Lease:
    return ledger.leases.acquire("nightly", holder="north", ttl_seconds=60)


def passed(*tests: str) -> list[TestOutcome]:
    return [TestOutcome(test=test, verdict=Verdict.PASS) for test in tests]


def test_left_out_tests_are_owed_with_the_pull_requests_that_left_them_out(
    ledger: Ledger, pull_request_at: PullRequestAt
) -> None:
    one, two = pull_request_at("a"), pull_request_at("b")
    assert ledger.night.leave_out(one, ["t2", "t1", "t1"]) == 2
    assert ledger.night.leave_out(two, ["t1"]) == 1
    assert ledger.night.owed("acme/shop") == {"t1": (one.workflow_id, two.workflow_id), "t2": (one.workflow_id,)}
    assert ledger.night.owed("acme/shop", tenant="blue") == {}
    assert ledger.night.owed("acme/other") == {}


def test_leaving_the_same_tests_out_again_owes_nothing_more(ledger: Ledger, pull_request_at: PullRequestAt) -> None:
    ledger.night.leave_out(pull_request_at("a"), ["t1"])
    assert ledger.night.leave_out(pull_request_at("a"), ["t1"]) == 0
    assert ledger.night.leave_out(pull_request_at("a"), []) == 0


def test_a_nightly_run_settles_only_what_it_has_verdicts_for(
    ledger: Ledger, lease: Lease, pull_request_at: PullRequestAt
) -> None:
    ledger.night.leave_out(pull_request_at("a"), ["t1", "t2", "t3"])
    ledger.history.begin(NIGHT)
    ledger.history.record(NIGHT, passed("t1", "t2"), lease=lease)
    assert ledger.night.settle(NIGHT.key) == 2
    assert ledger.night.settle(NIGHT.key) == 0
    assert list(ledger.night.owed("acme/shop")) == ["t3"]


def test_what_is_left_out_while_the_night_runs_is_owed_to_the_next_night(
    ledger: Ledger, lease: Lease, pull_request_at: PullRequestAt
) -> None:
    ledger.history.begin(NIGHT)
    with ledger._database.write() as connection:
        connection.exec_driver_sql("UPDATE runs SET started_at = started_at - 1")
    ledger.night.leave_out(pull_request_at("a"), ["t1"])
    ledger.history.record(NIGHT, passed("t1"), lease=lease)
    assert ledger.night.settle(NIGHT.key) == 0
    assert list(ledger.night.owed("acme/shop")) == ["t1"]


def test_a_pull_request_that_runs_everything_after_all_settles_its_own_debts_only(
    ledger: Ledger, lease: Lease, pull_request_at: PullRequestAt
) -> None:
    one, two = pull_request_at("a"), pull_request_at("b")
    ledger.night.leave_out(one, ["t1"])
    ledger.night.leave_out(two, ["t1"])
    ledger.history.record(NIGHT, passed("t1"), lease=lease)
    assert ledger.night.settle(NIGHT.key, pull_request=one) == 1
    assert ledger.night.owed("acme/shop") == {"t1": (two.workflow_id,)}


def test_settling_by_a_run_that_is_not_known_is_bad_input(ledger: Ledger) -> None:
    with pytest.raises(BadInput, match="no such run"):
        ledger.night.settle("nightly/unknown")


def test_a_head_is_remembered_for_the_night_with_what_it_still_owes(
    ledger: Ledger, lease: Lease, pull_request_at: PullRequestAt
) -> None:
    one, two = pull_request_at("a"), pull_request_at("b")
    ledger.night.leave_out(one, ["t2", "t1"])
    ledger.night.leave_out(two, [])
    ledger.history.begin(NIGHT)
    ledger.history.record(NIGHT, passed("t1"), lease=lease)
    ledger.night.settle(NIGHT.key)
    debtors = {debtor.pull_request: debtor.tests for debtor in ledger.night.debtors()}
    assert debtors == {one: ("t2",), two: ()}


def test_a_head_that_nobody_conducted_for_weeks_is_left_in_peace(
    ledger: Ledger, pull_request_at: PullRequestAt
) -> None:
    ledger.night.leave_out(pull_request_at("a"), ["t1"])
    with ledger._database.write() as connection:
        connection.exec_driver_sql("UPDATE conducted_heads SET conducted_at = conducted_at - 86400 * 15")
    assert ledger.night.debtors() == ()


def test_the_head_that_was_conducted_last_comes_last(ledger: Ledger, pull_request_at: PullRequestAt) -> None:
    one, two = pull_request_at("a"), pull_request_at("b")
    ledger.night.leave_out(one, ["t1"])
    ledger.night.leave_out(two, [])
    with ledger._database.write() as connection:
        connection.exec_driver_sql("UPDATE conducted_heads SET conducted_at = conducted_at - 1")
    ledger.night.leave_out(one, [])
    assert [debtor.pull_request for debtor in ledger.night.debtors()] == [two, one]


def test_tenants_that_share_a_repositorys_name_are_told_apart(ledger: Ledger, pull_request_at: PullRequestAt) -> None:
    ours = pull_request_at("a").model_copy(update={"title": "caf\udce9"})
    theirs = ours.model_copy(update={"tenant": "blue"})
    ledger.night.leave_out(ours, ["t1"])
    ledger.night.leave_out(theirs, ["t2"])
    assert {debtor.pull_request: debtor.tests for debtor in ledger.night.debtors()} == {ours: ("t1",), theirs: ("t2",)}
