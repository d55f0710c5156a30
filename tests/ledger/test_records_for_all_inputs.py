"""Whatever is done to the rows of the ledger, ``verify`` finds it, and names the record."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from maestro.errors import IntegrityError
from maestro.ledger import Ledger
from maestro.ledger.chain import GENESIS_HASH, ChainProblem
from maestro.ledger.checkpoints_statement import PAYLOAD_TYPE
from maestro.ledger.schema import chain_head, records
from maestro.model.record import DecisionRecord, RecordKind
from maestro.signing.envelope import unseal
from maestro.signing.keys import Keyring, open_keyring

AT = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)
TEXTS = ("key", "kind", "repo", "pr", "head_sha", "previous_hash", "hash", "body")
SOME = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])

# Names may be any bytes, and any text is stored as escapes where the database cannot hold it.
words = st.text(st.characters(codec=None), min_size=1, max_size=8)


@st.composite
def chains(draw: st.DrawFn) -> list[DecisionRecord]:
    count = draw(st.integers(2, 7))
    return [
        DecisionRecord(
            key=f"{draw(words)}/{number}",
            kind=draw(st.sampled_from(RecordKind)),
            repo=draw(words),
            pr=draw(words),
            head_sha="a" * 40,
            actor="policy",
            outcome=draw(words),
            reason=draw(words),
            at=AT,
        )
        for number in range(count)
    ]


@contextmanager
def chained(chain: list[DecisionRecord]) -> Iterator[Ledger]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.sqlite"
        path.write_bytes(empty_ledger())
        with Ledger.open(f"sqlite:///{path}", migrate=False) as ledger:
            for record in chain:
                ledger.records.append(record)
            yield ledger


@cache
def empty_ledger() -> bytes:
    """The file of a new ledger, made once."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.sqlite"
        Ledger.open(f"sqlite:///{path}").close()
        return path.read_bytes()


def execute(ledger: Ledger, statement: str, **values: object) -> int:
    with ledger._database.write() as connection:
        return connection.execute(sa.text(statement), values).rowcount


def raw(ledger: Ledger, column: str, sequence: int) -> bytes:
    with ledger._database.read() as connection:
        query = sa.text(f"SELECT CAST({column} AS BLOB) FROM records WHERE sequence = :at")
        return bytes(connection.execute(query, {"at": sequence}).scalar_one())


def named(problems: tuple[ChainProblem, ...]) -> set[int]:
    return {problem.sequence for problem in problems}


@given(chains(), st.data())
@SOME
def test_any_changed_byte_of_any_column_is_found_and_the_record_named(
    chain: list[DecisionRecord], data: st.DataObject
) -> None:
    with chained(chain) as ledger:
        sequence = data.draw(st.integers(1, len(chain)), label="record")
        column = data.draw(st.sampled_from(TEXTS), label="column")
        before = raw(ledger, column, sequence)
        place = data.draw(st.integers(0, len(before) - 1), label="place")
        byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != before[place]), label="byte")
        after = before[:place] + bytes([byte]) + before[place + 1 :]
        execute(
            ledger,
            f"UPDATE records SET {column} = CAST(:after AS TEXT) WHERE sequence = :at",
            after=after,
            at=sequence,
        )
        assert sequence in named(ledger.records.verify())


@given(chains(), st.data())
@SOME
def test_any_cut_or_grown_text_is_found_and_the_record_named(chain: list[DecisionRecord], data: st.DataObject) -> None:
    with chained(chain) as ledger:
        sequence = data.draw(st.integers(1, len(chain)))
        column = data.draw(st.sampled_from(TEXTS))
        before = raw(ledger, column, sequence)
        after = data.draw(st.sampled_from([b"", before[:-1], before + b" ", before + b"\0", b" " + before, before * 2]))
        assume(after != before)
        execute(
            ledger,
            f"UPDATE records SET {column} = CAST(:after AS TEXT) WHERE sequence = :at",
            after=after,
            at=sequence,
        )
        assert sequence in named(ledger.records.verify())


@given(chains(), st.data())
@SOME
def test_the_same_bytes_as_another_type_are_found(chain: list[DecisionRecord], data: st.DataObject) -> None:
    """A blob is equal to no text, so a query would not find the record any more."""
    with chained(chain) as ledger:
        sequence = data.draw(st.integers(1, len(chain)))
        column = data.draw(st.sampled_from(TEXTS))
        execute(ledger, f"UPDATE records SET {column} = CAST({column} AS BLOB) WHERE sequence = :at", at=sequence)
        assert sequence in named(ledger.records.verify())


@given(chains(), st.data())
@SOME
def test_any_dropped_records_are_named(chain: list[DecisionRecord], data: st.DataObject) -> None:
    with chained(chain) as ledger:
        dropped = data.draw(st.sets(st.integers(1, len(chain)), min_size=1))
        for sequence in dropped:
            execute(ledger, "DELETE FROM records WHERE sequence = :at", at=sequence)
        assert dropped <= named(ledger.records.verify())


@given(chains(), st.data())
@SOME
def test_any_two_records_that_changed_places_are_named(chain: list[DecisionRecord], data: st.DataObject) -> None:
    with chained(chain) as ledger:
        one, other = data.draw(st.permutations(range(1, len(chain) + 1)))[:2]
        for now, then in ((one, -1), (other, one), (-1, other)):
            execute(ledger, "UPDATE records SET sequence = :then WHERE sequence = :now", then=then, now=now)
        problems = ledger.records.verify()
        assert {one, other} <= {problem.sequence for problem in problems if problem.kind == "reordered"}


@given(chains(), st.data())
@SOME
def test_a_record_under_any_other_number_is_found(chain: list[DecisionRecord], data: st.DataObject) -> None:
    with chained(chain) as ledger:
        sequence = data.draw(st.integers(1, len(chain)))
        numbers = st.one_of(
            st.integers(-(2**63), 0),
            st.integers(len(chain) + 1, 2**63 - 1),
            st.just("x"),
            st.just(1.5),
            st.just(b"\xff"),
        )
        number = data.draw(numbers)
        execute(ledger, "UPDATE records SET sequence = :to WHERE sequence = :at", to=number, at=sequence)
        assert sequence in named(ledger.records.verify())


@given(chains(), st.data())
@SOME
def test_an_inserted_record_is_named(chain: list[DecisionRecord], data: st.DataObject) -> None:
    with chained(chain) as ledger:
        copied = data.draw(st.integers(1, len(chain)))
        number = data.draw(st.one_of(st.integers(-(2**63), 0), st.integers(len(chain) + 1, 2**63 - 1)))
        execute(
            ledger,
            "INSERT INTO records SELECT :number, 'forged', kind, repo, pr, head_sha, previous_hash, hash, body"
            " FROM records WHERE sequence = :at",
            number=number,
            at=copied,
        )
        assert ("inserted", "forged") in {(one.kind, one.key) for one in ledger.records.verify()}


@given(chains(), st.data())
@SOME
def test_a_head_that_says_anything_else_is_found(chain: list[DecisionRecord], data: st.DataObject) -> None:
    with chained(chain) as ledger:
        hashes = st.one_of(
            st.just(GENESIS_HASH), words, st.sampled_from([one.hash for one in ledger.records.list()[:-1]])
        )
        numbers = st.one_of(st.integers(-(2**63), 2**63 - 1), st.just("x"), st.just(2.5)).filter(
            lambda number: number != len(chain)
        )
        column, value = data.draw(
            st.one_of(st.tuples(st.just("hash"), hashes), st.tuples(st.just("sequence"), numbers))
        )
        stored = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
        changed = f"CAST(:value AS {'TEXT' if isinstance(value, str) else 'NUMERIC'})"
        execute(ledger, f"UPDATE chain_head SET {column} = {changed}", value=stored)
        assert ledger.records.verify()


@given(chains(), st.data())
@SOME
def test_an_escape_that_reads_like_the_original_is_found(chain: list[DecisionRecord], data: st.DataObject) -> None:
    """It would hide a record from every query by that column, and show it unchanged to whoever reads it."""
    with chained(chain) as ledger:
        sequence = data.draw(st.integers(1, len(chain)))
        execute(
            ledger, "UPDATE records SET head_sha = '\\u0061' || substr(head_sha, 2) WHERE sequence = :at", at=sequence
        )
        assert sequence in named(ledger.records.verify())


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    return open_keyring(tmp_path_factory.mktemp("keys") / "own")


@given(chains(), st.data())
@SOME
def test_a_suffix_rewritten_with_hashes_that_fit_is_found_at_the_first_checkpoint_behind_it(
    keys: Keyring, chain: list[DecisionRecord], data: st.DataObject
) -> None:
    places = data.draw(st.sets(st.integers(1, len(chain)), min_size=1), label="checkpoints after")
    rewritten = data.draw(st.integers(1, max(places)), label="rewritten from")
    keep = rewritten - 1
    with chained([]) as ledger:
        for number, record in enumerate(chain, start=1):
            ledger.records.append(record)
            if number in places:
                ledger.checkpoints.make(keys=keys, at=AT)
        last = ledger.records.list()[keep - 1].hash if keep else GENESIS_HASH
        with ledger._database.write() as connection:
            connection.execute(sa.delete(records).where(records.c.sequence > keep))
            connection.execute(sa.update(chain_head).values(sequence=keep, hash=last))
        for record in chain[keep:]:
            ledger.records.append(record.model_copy(update={"outcome": f"{record.outcome}?"}))
        assert ledger.records.verify() == ()
        checked = ledger.checkpoints.verify(
            lambda envelope, name: unseal(envelope, payload_type=PAYLOAD_TYPE, keys=keys, field=name)
        )
        first = min(place for place in places if place >= rewritten)
        assert [(one.kind, one.sequence) for one in ledger.records.verify(anchors=checked.anchors)] == [
            ("changed", first)
        ]


@given(st.binary(max_size=64))
@SOME
def test_no_bytes_in_a_body_make_reading_fail_in_any_other_way_than_said(body: bytes) -> None:
    chain = [
        DecisionRecord(
            key="k", kind=RecordKind.DECISION, repo="r", pr="1", head_sha="a", actor="p", outcome="o", reason="r", at=AT
        )
    ]
    with chained(chain) as ledger:
        execute(ledger, "UPDATE records SET body = CAST(:body AS TEXT)", body=body)
        with pytest.raises(IntegrityError):
            ledger.records.find("k")
        with pytest.raises(IntegrityError):
            ledger.records.list()
