"""Flips and quarantines: facts recorded once, and a quarantine that ends by itself."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from maestro.ledger import Ledger
from maestro.model.flaky import Quarantine
from maestro.model.pull_request import PullRequest

PullRequestAt = Callable[[str], PullRequest]


def quarantine(*, until: timedelta, test: str = "t") -> Quarantine:
    now = datetime.now(UTC)
    return Quarantine(
        test=test,
        repo="acme/shop",
        probability=0.99,
        evidence=("failed once and passed",),
        owner="Ada",
        entered_at=now - timedelta(days=1),
        expires_at=now + until,
    )


def test_a_flip_counts_once_however_often_it_is_reported(ledger: Ledger, pull_request_at: PullRequestAt) -> None:
    one = pull_request_at("a")
    assert ledger.flips.add(one, "t", key="night/1", evidence="failed and passed", on_main=True)
    assert not ledger.flips.add(one, "t", key="night/1", evidence="failed and passed", on_main=True)
    assert ledger.flips.add(one, "t", key="night/2", evidence="failed and passed", on_main=False)
    assert [flip.on_main for flip in ledger.flips.of("acme/shop")["t"]] == [True, False]
    assert ledger.flips.of("acme/shop", tenant="blue") == {}


def test_an_old_flip_is_forgotten(ledger: Ledger, pull_request_at: PullRequestAt) -> None:
    ledger.flips.add(pull_request_at("a"), "t", key="night/1", evidence="failed and passed", on_main=True)
    with ledger._database.write() as connection:
        connection.exec_driver_sql("UPDATE flips SET seen_at = seen_at - 86400 * 61")
    assert ledger.flips.of("acme/shop") == {}


def test_a_quarantine_stands_until_it_expires_and_no_longer(ledger: Ledger) -> None:
    standing, ended = quarantine(until=timedelta(days=1)), quarantine(until=timedelta(seconds=-1), test="u")
    for number, each in enumerate((standing, ended)):
        assert ledger.quarantines.enter(each, key=f"quarantine/{number}")
    assert ledger.quarantines.standing("acme/shop") == {"t": standing}
    assert ledger.quarantines.standing("acme/shop", tenant="blue") == {}


def test_a_quarantine_is_entered_once_under_its_key(ledger: Ledger) -> None:
    assert ledger.quarantines.enter(quarantine(until=timedelta(days=1)), key="quarantine/1")
    assert not ledger.quarantines.enter(quarantine(until=timedelta(days=9)), key="quarantine/1")


def test_the_last_entry_is_known_also_after_its_end(ledger: Ledger) -> None:
    ended = quarantine(until=timedelta(seconds=-1))
    ledger.quarantines.enter(ended, key="quarantine/1")
    assert ledger.quarantines.last_entered("acme/shop", "t") == ended.entered_at
    assert ledger.quarantines.last_entered("acme/shop", "u") is None
