"""Checkpoints: what is signed of the chain shows what the chain alone cannot."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from maestro.artifacts import ArtifactStore
from maestro.canonical import digest_of_bytes
from maestro.errors import BadInput, IntegrityError
from maestro.ledger import Ledger
from maestro.ledger.chain import GENESIS_HASH
from maestro.ledger.checkpoints import MEDIA_TYPE, StoredCheckpoint, checkpoint_of
from maestro.ledger.checkpoints_statement import PAYLOAD_TYPE, Checkpoint, checkpoint_in, payload_of
from maestro.ledger.schema import chain_head, checkpoint_head, checkpoints, records
from maestro.model.artifact import ArtifactRef
from maestro.model.record import DecisionRecord
from maestro.signing.envelope import seal, unseal
from maestro.signing.keys import Keyring, open_keyring

RecordOf = Callable[[str], DecisionRecord]
AT = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    return open_keyring(tmp_path_factory.mktemp("keys") / "own")


@pytest.fixture(scope="module")
def other_keys(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    return open_keyring(tmp_path_factory.mktemp("keys") / "other")


@pytest.fixture
def sealed(ledger: Ledger, record_of: RecordOf, keys: Keyring) -> Ledger:
    """Three checkpoints after 2, 4 and 6 records, and a seventh record that none covers."""
    for number in range(1, 8):
        ledger.records.append(record_of(f"decision/{number}"))
        if number in {2, 4, 6}:
            assert make(ledger, keys, number)
    return ledger


def make(ledger: Ledger, keys: Keyring, hour: int = 1) -> StoredCheckpoint | None:
    return ledger.checkpoints.make(keys=keys, at=AT + timedelta(hours=hour))


def made(ledger: Ledger, sequence: int) -> StoredCheckpoint:
    found = ledger.checkpoints.covering(sequence)
    assert found is not None
    return found


def found(ledger: Ledger, keys: Keyring, *exported: bytes) -> list[str]:
    """What checkpoints say, then what records say when they are held to those that hold."""

    def read(envelope: bytes, name: str) -> bytes:
        return unseal(envelope, payload_type=PAYLOAD_TYPE, keys=keys, field=name)

    checked = ledger.checkpoints.verify(read, exported=[("the copy", envelope) for envelope in exported])
    broken = ledger.records.verify(anchors=checked.anchors)
    return [f"{one.kind} {one.name}" for one in checked.problems] + [f"{one.kind} {one.sequence}" for one in broken]


def execute(ledger: Ledger, *statements: sa.Executable) -> None:
    with ledger._database.write() as connection:
        for statement in statements:
            connection.execute(statement)


def rewrite(ledger: Ledger, *, keep: int, record_of: RecordOf, upto: int) -> None:
    """Cut the chain off after ``keep`` and go on with other records, with hashes that fit, as its owner could."""
    last = ledger.records.list(after=keep - 1, limit=1)[0].hash if keep else GENESIS_HASH
    execute(
        ledger,
        sa.delete(records).where(records.c.sequence > keep),
        sa.update(chain_head).values(sequence=keep, hash=last),
    )
    for number in range(keep + 1, upto + 1):
        ledger.records.append(record_of(f"decision/{number}").model_copy(update={"outcome": "blocked"}))


def numbered(number: int) -> sa.ColumnElement[bool]:
    return checkpoints.c.number == number


def test_an_empty_chain_has_no_checkpoint(ledger: Ledger, keys: Keyring) -> None:
    assert make(ledger, keys) is None
    assert not ledger.checkpoints.due(every_records=1, every_seconds=0, at=AT)
    assert found(ledger, keys) == []


def test_each_checkpoint_names_the_head_and_the_one_before(sealed: Ledger, keys: Keyring) -> None:
    stated = [checkpoint_of(made(sealed, number)) for number in (1, 3, 5)]
    stored = sealed.records.list()
    assert [(one.number, one.sequence, one.records, one.hash) for one in stated] == [
        (1, 2, 2, stored[1].hash),
        (2, 4, 4, stored[3].hash),
        (3, 6, 6, stored[5].hash),
    ]
    assert [one.previous for one in stated] == [None, made(sealed, 1).digest, made(sealed, 3).digest]
    assert {one.ledger for one in stated} == {stored[0].hash}
    assert [one.at for one in stated] == [AT + timedelta(hours=hour) for hour in (2, 4, 6)]
    assert found(sealed, keys) == []


def test_a_checkpoint_is_a_statement_about_the_body_of_the_newest_record(sealed: Ledger, keys: Keyring) -> None:
    payload = unseal(made(sealed, 6).envelope, payload_type=PAYLOAD_TYPE, keys=keys, field="x")
    statement = json.loads(payload)
    with sealed._database.read() as connection:
        body = connection.execute(sa.select(records.c.body).where(records.c.sequence == 6)).scalar_one()
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["subject"][0]["digest"] == {"sha256": digest_of_bytes(body.encode()).removeprefix("sha256:")}


def test_the_first_checkpoint_that_covers_a_record_is_found(sealed: Ledger) -> None:
    numbers = [sealed.checkpoints.covering(sequence) for sequence in range(1, 8)]
    assert [one and one.number for one in numbers] == [1, 1, 2, 2, 3, 3, None]


def test_a_head_has_one_checkpoint_however_often_it_is_made(sealed: Ledger, keys: Keyring) -> None:
    first, again = make(sealed, keys, 7), make(sealed, keys, 8)
    assert first == again
    assert first is not None
    assert first.number == 4


def test_many_threads_make_one_checkpoint_of_a_head(ledger: Ledger, record_of: RecordOf, keys: Keyring) -> None:
    ledger.records.append(record_of("decision/1"))
    with ThreadPoolExecutor(8) as threads:
        made_ = list(threads.map(lambda hour: make(ledger, keys, hour), range(16)))
    assert len({one.digest for one in made_ if one}) == 1
    assert None not in made_
    assert found(ledger, keys) == []


def test_checkpoints_that_are_made_while_records_come_form_one_chain(
    ledger: Ledger, record_of: RecordOf, keys: Keyring
) -> None:
    def work(number: int) -> None:
        ledger.records.append(record_of(f"decision/{number}"))
        assert make(ledger, keys)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(24)))
    last = ledger.checkpoints.last()
    assert last is not None
    assert last.sequence == 24
    assert found(ledger, keys) == []


def test_the_envelope_is_an_artifact_as_well(
    ledger: Ledger, record_of: RecordOf, keys: Keyring, tmp_path: Path
) -> None:
    ledger.records.append(record_of("decision/1"))
    store = ArtifactStore(tmp_path / "artifacts")
    stored = ledger.checkpoints.make(keys=keys, at=AT, store=store)
    assert stored is not None
    ref = ArtifactRef(digest=stored.digest, media_type=MEDIA_TYPE, bytes=len(stored.envelope))
    assert store.get(ref) == stored.envelope


@pytest.mark.parametrize(
    ("every_records", "every_seconds", "due"),
    [
        pytest.param(1, 1e9, True, id="enough records are newer"),
        pytest.param(2, 1e9, False, id="too few records are newer, and it is young"),
        pytest.param(2, 3_600.0, True, id="there is one, and the last checkpoint is an hour old"),
        pytest.param(2, 3_601.0, False, id="there is one, and the last checkpoint is not that old"),
    ],
)
def test_a_checkpoint_is_due(sealed: Ledger, every_records: int, every_seconds: float, due: bool) -> None:
    at = AT + timedelta(hours=7)
    assert sealed.checkpoints.due(every_records=every_records, every_seconds=every_seconds, at=at) is due


def test_a_head_that_has_its_checkpoint_needs_no_other_one(sealed: Ledger, keys: Keyring) -> None:
    make(sealed, keys, 7)
    assert not sealed.checkpoints.due(every_records=1, every_seconds=0, at=AT + timedelta(days=9))


def test_the_first_record_makes_the_first_checkpoint_due(ledger: Ledger, record_of: RecordOf) -> None:
    ledger.records.append(record_of("decision/1"))
    assert ledger.checkpoints.due(every_records=1_000, every_seconds=1e9, at=AT)


def test_a_chain_rewritten_as_a_whole_is_found(sealed: Ledger, keys: Keyring, record_of: RecordOf) -> None:
    rewrite(sealed, keep=2, record_of=record_of, upto=7)
    assert sealed.records.verify() == ()
    assert found(sealed, keys) == ["changed 4"]


def test_a_chain_rewritten_from_its_first_record_is_found(sealed: Ledger, keys: Keyring, record_of: RecordOf) -> None:
    rewrite(sealed, keep=0, record_of=record_of, upto=7)
    assert "changed 2" in found(sealed, keys)


def test_a_tail_that_was_cut_off_behind_a_checkpoint_is_found(
    sealed: Ledger, keys: Keyring, record_of: RecordOf
) -> None:
    rewrite(sealed, keep=5, record_of=record_of, upto=5)
    assert sealed.records.verify() == ()
    assert found(sealed, keys) == ["dropped 6"]


def test_what_comes_after_the_last_checkpoint_has_only_the_chain(
    sealed: Ledger, keys: Keyring, record_of: RecordOf
) -> None:
    rewrite(sealed, keep=6, record_of=record_of, upto=7)
    assert found(sealed, keys) == []


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_dropped_checkpoint_is_found(sealed: Ledger, keys: Keyring, number: int) -> None:
    execute(sealed, sa.delete(checkpoints).where(numbered(number)))
    assert found(sealed, keys) == [f"dropped checkpoint {number}"]


def test_a_dropped_checkpoint_whose_place_was_closed_up_is_found(sealed: Ledger, keys: Keyring) -> None:
    execute(
        sealed,
        sa.delete(checkpoints).where(numbered(2)),
        sa.update(checkpoints).where(numbered(3)).values(number=2),
        sa.update(checkpoint_head).values(sequence=2),
    )
    assert found(sealed, keys) == ["changed checkpoint 2", "contradicted checkpoint 2"]


def test_the_last_checkpoint_dropped_with_its_head_is_found_by_a_copy(sealed: Ledger, keys: Keyring) -> None:
    copy, before = made(sealed, 5), made(sealed, 3)
    execute(
        sealed,
        sa.delete(checkpoints).where(numbered(3)),
        sa.update(checkpoint_head).values(sequence=2, hash=before.digest),
    )
    assert found(sealed, keys) == []
    assert found(sealed, keys, copy.envelope) == ["dropped the copy"]


def test_a_ledger_rewritten_by_who_has_the_key_is_found_by_a_copy(
    sealed: Ledger, keys: Keyring, record_of: RecordOf
) -> None:
    copy = made(sealed, 5)
    genesis = sa.update(checkpoint_head).values(sequence=0, hash=GENESIS_HASH)
    execute(sealed, sa.delete(checkpoints), genesis)
    rewrite(sealed, keep=4, record_of=record_of, upto=7)
    for _ in range(3):
        make(sealed, keys)
    assert found(sealed, keys) == []
    assert found(sealed, keys, copy.envelope) == ["dropped the copy", "changed 6"]


def test_a_copy_of_a_checkpoint_that_is_there_says_nothing_new(sealed: Ledger, keys: Keyring) -> None:
    assert found(sealed, keys, made(sealed, 1).envelope, made(sealed, 5).envelope) == []


def test_a_checkpoint_by_a_key_that_is_not_trusted_is_not_believed_and_no_anchor(
    sealed: Ledger, keys: Keyring, other_keys: Keyring
) -> None:
    names = [f"not believed checkpoint {number}" for number in (1, 2, 3)]
    assert found(sealed, other_keys) == names


def test_a_checkpoint_that_somebody_else_signed_in_its_place_is_found(
    sealed: Ledger, keys: Keyring, other_keys: Keyring
) -> None:
    payload = payload_of(checkpoint_of(made(sealed, 5)))
    forged = seal(payload, payload_type=PAYLOAD_TYPE, keys=other_keys)
    values = {"envelope": forged.decode(), "digest": digest_of_bytes(forged)}
    execute(
        sealed,
        sa.update(checkpoints).where(numbered(3)).values(values),
        sa.update(checkpoint_head).values(hash=digest_of_bytes(forged)),
    )
    assert found(sealed, keys) == ["not believed checkpoint 3"]


def test_a_checkpoint_of_another_ledger_is_contradicted(
    sealed: Ledger, keys: Keyring, tmp_path: Path, record_of: RecordOf
) -> None:
    with Ledger.open(f"sqlite:///{tmp_path / 'other.sqlite'}") as other:
        other.records.append(record_of("decision/other"))
        copy = make(other, keys)
    assert copy is not None
    assert found(sealed, keys, copy.envelope) == ["contradicted the copy", "contradicted the copy", "changed 1"]


@pytest.mark.parametrize("column", ["sequence", "hash", "digest", "number"])
def test_a_column_that_disagrees_with_the_envelope_is_found(sealed: Ledger, keys: Keyring, column: str) -> None:
    other: object = 9 if column in {"sequence", "number"} else "sha256:" + "f" * 64
    execute(sealed, sa.update(checkpoints).where(numbered(2)).values({column: other}))
    assert any("checkpoint" in one for one in found(sealed, keys))


@pytest.mark.parametrize("table", [checkpoint_head, chain_head], ids=lambda table: table.name)
def test_a_head_that_is_gone_is_found(sealed: Ledger, keys: Keyring, table: sa.Table) -> None:
    execute(sealed, sa.delete(table))
    assert found(sealed, keys) == (["dropped the head"] if table is checkpoint_head else ["dropped 0"])


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(sa.update(records).where(records.c.sequence == 7).values(body="{}"), id="a record was changed"),
        pytest.param(sa.delete(records).where(records.c.sequence == 6), id="the record signed last was dropped"),
        pytest.param(sa.delete(records).where(records.c.sequence == 7), id="the newest record was dropped"),
        pytest.param(sa.update(chain_head).values(sequence=5), id="the head was moved back"),
        pytest.param(sa.delete(checkpoints).where(numbered(3)), id="the last checkpoint was dropped"),
        pytest.param(sa.update(checkpoints).where(numbered(3)).values(hash="x"), id="the last checkpoint was changed"),
    ],
)
def test_nothing_is_signed_that_would_hide_what_was_done(sealed: Ledger, keys: Keyring, harm: sa.Executable) -> None:
    execute(sealed, harm)
    with pytest.raises(IntegrityError):
        make(sealed, keys, 9)


def test_a_time_without_a_zone_is_refused(sealed: Ledger, keys: Keyring) -> None:
    with pytest.raises(BadInput, match="zone"):
        sealed.checkpoints.make(keys=keys, at=datetime(2026, 11, 28))  # noqa: DTZ001


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"[" * 10_000, id="nested without end"),
        pytest.param(b"{}", id="an empty object"),
        pytest.param(b'{"_type":"https://in-toto.io/Statement/v1","subject":[]}', id="a statement about nothing"),
        pytest.param(b"\xff", id="no text"),
    ],
)
def test_what_is_no_checkpoint_is_refused(payload: bytes) -> None:
    with pytest.raises(BadInput, match="no checkpoint"):
        checkpoint_in(payload, field="FILE")


def test_a_payload_whose_subject_is_not_its_head_is_refused() -> None:
    stated = Checkpoint(
        ledger="sha256:" + "a" * 64, number=1, sequence=1, hash="sha256:" + "b" * 64, records=1, previous=None, at=AT
    )
    assert checkpoint_in(payload_of(stated), field="FILE") == stated
    other = payload_of(stated).replace(b'"sha256":"' + b"b" * 64, b'"sha256":"' + b"c" * 64)
    with pytest.raises(BadInput, match="more than one way"):
        checkpoint_in(other, field="FILE")
