"""Decision records: one chain, each key once, and every later change is named."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from maestro.canonical import canonical_json, digest_of_bytes
from maestro.errors import IntegrityError
from maestro.ledger import ChainHead, Ledger
from maestro.ledger.chain import GENESIS_HASH
from maestro.ledger.schema import chain_head, records
from maestro.model.record import DecisionRecord, RecordKind

RecordOf = Callable[[str], DecisionRecord]


@pytest.fixture
def five(ledger: Ledger, record_of: RecordOf) -> Ledger:
    for number in range(1, 6):
        ledger.records.append(record_of(f"decision/{number}"))
    return ledger


def found(ledger: Ledger, **options: Any) -> list[tuple[str, int]]:
    return [(problem.kind, problem.sequence) for problem in ledger.records.verify(**options)]


def execute(ledger: Ledger, *statements: sa.Executable) -> None:
    with ledger._database.write() as connection:
        for statement in statements:
            connection.execute(statement)


def at(sequence: int) -> sa.ColumnElement[bool]:
    return records.c.sequence == sequence


def forged(ledger: Ledger, *, sequence: int, after: int, key: str) -> dict[str, Any]:
    """A row that fits its own hash and names record ``after`` as the one before it."""
    template = ledger.records.list(after=after - 1, limit=1)[0]
    record = template.record.model_copy(update={"key": key}).model_dump(mode="json")
    body = canonical_json({"sequence": sequence, "previous_hash": template.hash, "record": record})
    columns = {name: record[name] for name in ("key", "kind", "repo", "pr", "head_sha")}
    chained = {"previous_hash": template.hash, "hash": digest_of_bytes(body.encode())}
    return {"sequence": sequence, "body": body, **columns, **chained}


def test_an_empty_chain_holds(ledger: Ledger) -> None:
    assert ledger.records.verify() == ()
    assert ledger.records.head() == ChainHead(sequence=0, hash=GENESIS_HASH)


def test_each_record_names_the_hash_of_the_one_before(five: Ledger) -> None:
    stored = five.records.list()
    assert [one.sequence for one in stored] == [1, 2, 3, 4, 5]
    assert [one.previous_hash for one in stored] == [GENESIS_HASH, *(one.hash for one in stored[:-1])]
    assert five.records.verify() == ()


def test_a_record_is_appended_once_for_its_key(five: Ledger, record_of: RecordOf) -> None:
    again = five.records.append(record_of("decision/2").model_copy(update={"outcome": "blocked"}))
    assert (again.sequence, again.record.outcome) == (2, "green")
    assert five.records.head().sequence == 5


def test_a_record_comes_back_as_it_was_given(ledger: Ledger, record_of: RecordOf) -> None:
    record = record_of("decision/1").model_copy(update={"reason": "caf\udce9\x00 \\ failed", "inputs": {"plan": "d"}})
    assert ledger.records.append(record).record == record
    stored = ledger.records.find("decision/1")
    assert stored is not None
    assert stored.record == record
    assert ledger.records.verify() == ()


def test_records_are_found_by_pull_request_and_kind(five: Ledger, record_of: RecordOf) -> None:
    other = record_of("action/1").model_copy(update={"kind": RecordKind.ACTION, "pr": "8"})
    five.records.append(other)
    assert [one.record.key for one in five.records.list(pr="8")] == ["action/1"]
    assert [one.record.key for one in five.records.list(kind=RecordKind.ACTION)] == ["action/1"]
    assert five.records.list(repo="acme/other") == ()
    assert [one.sequence for one in five.records.list(after=3, limit=2)] == [4, 5]
    assert five.records.find("decision/9") is None


def test_a_record_joins_the_transaction_of_its_effect(ledger: Ledger, record_of: RecordOf) -> None:
    lease = ledger.leases.acquire("pr/7", holder="north", ttl_seconds=60)
    record = record_of("action/1")
    ledger.effects.commit(
        "action/1", lease=lease, request_digest="d", result={}, also=lambda at: ledger.records.append(record, within=at)
    )
    assert ledger.records.find("action/1") is not None


def test_many_threads_make_one_chain(ledger: Ledger, record_of: RecordOf) -> None:
    with ThreadPoolExecutor(8) as threads:
        keys = [f"decision/{number % 20}" for number in range(60)]
        list(threads.map(lambda key: ledger.records.append(record_of(key)), keys))
    assert len(ledger.records.list()) == 20
    assert ledger.records.verify() == ()


def test_a_record_whose_body_was_rewritten_is_named_as_changed(five: Ledger) -> None:
    body = five.records.list()[2].record.model_copy(update={"outcome": "blocked"}).model_dump_json()
    execute(five, sa.update(records).where(at(3)).values(body=body))
    assert found(five) == [("changed", 3)]


def test_a_record_rewritten_with_a_hash_that_fits_is_named_as_changed(five: Ledger) -> None:
    row = forged(five, sequence=3, after=2, key="decision/3x")
    execute(five, sa.update(records).where(at(3)).values(row))
    assert found(five) == [("changed", 3)]


@pytest.mark.parametrize("column", ["key", "kind", "repo", "pr", "head_sha", "previous_hash"])
def test_a_column_that_disagrees_with_its_body_is_named_as_changed(five: Ledger, column: str) -> None:
    execute(five, sa.update(records).where(at(5)).values({column: "other"}))
    assert ("changed", 5) in found(five)


@pytest.mark.parametrize("sequence", [1, 3, 5])
def test_a_dropped_record_is_named(five: Ledger, sequence: int) -> None:
    execute(five, sa.delete(records).where(at(sequence)))
    assert found(five) == [("dropped", sequence)]


def test_a_dropped_record_whose_place_was_closed_up_is_named(five: Ledger) -> None:
    execute(five, sa.delete(records).where(at(3)), *(move(now, now - 1) for now in (4, 5)))
    assert found(five) == [("dropped", 3), ("reordered", 4), ("reordered", 5)]


def test_records_that_changed_places_are_named(five: Ledger) -> None:
    execute(five, move(2, 99), move(4, 2), move(99, 4))
    assert found(five) == [("reordered", 2), ("reordered", 4)]


def test_a_record_pushed_in_between_is_named_apart_from_those_that_gave_way(five: Ledger) -> None:
    row = forged(five, sequence=3, after=2, key="decision/forged")
    execute(five, *(move(now, now + 1) for now in (5, 4, 3)), sa.insert(records).values(row))
    problems = five.records.verify()
    assert [(one.kind, one.key) for one in problems if one.kind == "inserted"] == [("inserted", "decision/forged")]
    assert {one.key for one in problems if one.kind == "reordered"} == {"decision/3", "decision/4", "decision/5"}


def test_a_record_put_behind_the_head_is_named_as_inserted(five: Ledger) -> None:
    execute(five, sa.insert(records).values(forged(five, sequence=6, after=5, key="decision/forged")))
    assert found(five) == [("inserted", 6)]


def test_a_body_that_is_no_record_is_named_as_changed(five: Ledger) -> None:
    execute(five, sa.update(records).where(at(2)).values(body="[]", hash=digest_of_bytes(b"[]")))
    assert found(five) == [("changed", 2)]


def test_a_chain_without_its_head_is_reported_and_takes_no_more_records(five: Ledger, record_of: RecordOf) -> None:
    execute(five, sa.delete(chain_head))
    assert found(five) == [("dropped", 0)]
    with pytest.raises(IntegrityError, match="head"):
        five.records.append(record_of("decision/6"))
    with pytest.raises(IntegrityError, match="head"):
        five.records.head()


def test_a_chain_that_was_rewritten_as_a_whole_does_not_fit_a_head_noted_before(
    five: Ledger, record_of: RecordOf
) -> None:
    anchor = five.records.head()
    genesis = sa.update(chain_head).values(sequence=0, hash=GENESIS_HASH)
    execute(five, sa.delete(records), genesis)
    assert found(five, anchor=anchor) == [("dropped", 5)]
    for number in range(1, 6):
        five.records.append(record_of(f"decision/{number}").model_copy(update={"outcome": "blocked"}))
    assert found(five) == []
    assert found(five, anchor=anchor) == [("changed", 5)]


def test_a_head_noted_before_still_fits_when_the_chain_has_grown(five: Ledger, record_of: RecordOf) -> None:
    anchor = five.records.head()
    five.records.append(record_of("decision/6"))
    assert found(five, anchor=anchor) == []


def move(now: int, to: int) -> sa.Update:
    return sa.update(records).where(at(now)).values(sequence=to)
