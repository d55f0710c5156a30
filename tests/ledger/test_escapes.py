"""Escapes are recorded once, and answer what a selection needs to know."""

from collections.abc import Callable

import pytest

from maestro.ledger import Ledger
from maestro.model.record import DecisionRecord
from maestro.model.tracing import Escape, PastEscape, Sight

ESCAPE = Escape(
    test="t[\ud800\0]",
    repo="acme/shop",
    pr="12",
    head_sha="a" * 40,
    first_bad_head="b" * 40,
    base_verdict=Sight.PASSED,
    evidence=("failed 3 times out of 3", "passed twice before"),
    changed_files=("caf\udce9.py", "shop/price.py"),
    left_out=True,
    false_green=True,
)


def test_an_escape_that_two_nights_find_is_recorded_once_with_one_record(
    ledger: Ledger, record_of: Callable[[str], DecisionRecord]
) -> None:
    def found_by(night: str) -> bool:
        return ledger.escapes.add(ESCAPE, also=lambda at: ledger.records.append(record_of(night), within=at))

    assert found_by("first")
    assert not found_by("second")
    assert ledger.escapes.list("acme/shop") == (ESCAPE,)
    assert [stored.record.key for stored in ledger.records.list()] == ["first"]


def test_a_record_that_cannot_be_written_takes_its_escape_with_it(ledger: Ledger) -> None:
    def fail(_connection: object) -> None:
        raise RuntimeError("cut off")

    with pytest.raises(RuntimeError, match="cut off"):
        ledger.escapes.add(ESCAPE, also=fail)
    assert ledger.escapes.list("acme/shop") == ()


def test_a_selection_learns_who_owed_an_escape_and_what_had_changed(ledger: Ledger) -> None:
    ledger.escapes.add(ESCAPE)
    ledger.escapes.add(ESCAPE.model_copy(update={"pr": "", "head_sha": "c" * 40, "changed_files": ("x.py",)}))
    assert ledger.escapes.of("acme/shop") == {
        ESCAPE.test: (
            PastEscape(owner="pull request 12 (aaaaaaaaaaaa)", files=frozenset(ESCAPE.changed_files)),
            PastEscape(owner="commit cccccccccccc", files=frozenset({"x.py"})),
        )
    }


def test_nobody_learns_of_another_tenants_escapes(ledger: Ledger) -> None:
    ledger.escapes.add(ESCAPE.model_copy(update={"tenant": "blue"}))
    assert ledger.escapes.of("acme/shop") == {}
    assert list(ledger.escapes.of("acme/shop", tenant="blue")) == [ESCAPE.test]


def test_an_escape_of_long_ago_is_forgotten(ledger: Ledger) -> None:
    ledger.escapes.add(ESCAPE)
    with ledger._database.write() as connection:
        connection.exec_driver_sql("UPDATE escapes SET found_at = found_at - 86400 * 366")
    assert ledger.escapes.of("acme/shop") == {}
