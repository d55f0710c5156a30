"""Checkpoints: signed statements of the chain's head, each naming the one before it.

They show what the chain alone cannot: that it was rewritten as a whole, or cut off behind a checkpoint. A copy kept
elsewhere shows it even where somebody rewrote the ledger and had the key. For one head there is one checkpoint, however
many processes make it.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import datetime

import sqlalchemy as sa

from maestro.artifacts.store import ArtifactStore
from maestro.canonical import digest_of_bytes
from maestro.errors import IntegrityError, PlatformUnavailable
from maestro.ledger.chain import GENESIS_HASH, ChainHead, is_next
from maestro.ledger.checkpoints_check import Checked, check
from maestro.ledger.checkpoints_statement import (
    PAYLOAD_TYPE,
    Checkpoint,
    checkpoint_in,
    moment_of,
    payload_of,
)
from maestro.ledger.engine import Database
from maestro.ledger.records_exact import ExactRow, exact_rows
from maestro.ledger.records_links import CHAIN, head_of, links_in
from maestro.ledger.schema import checkpoint_head, checkpoints, records
from maestro.model.base import Model
from maestro.signing.envelope import seal
from maestro.signing.keys import Keyring

MEDIA_TYPE = "application/vnd.dsse+json"
ATTEMPTS = 10
"""Each time that it is lost, somebody else has made one; by then it is theirs that is wanted, nearly always."""

_NONE = ChainHead(sequence=0, hash=GENESIS_HASH)
_NUMBER = checkpoints.c.number


class StoredCheckpoint(Model):
    """A checkpoint as the ledger has it. ``envelope`` is what was signed, to be exported as it is."""

    number: int
    sequence: int
    hash: str
    digest: str
    envelope: bytes


class Checkpoints:
    """Make, find and check checkpoints."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def last(self) -> StoredCheckpoint | None:
        """The newest one."""
        with self._database.read() as connection:
            return _last(connection)

    def covering(self, sequence: int) -> StoredCheckpoint | None:
        """The first one that covers the record of this number; None while it has only the chain."""
        with self._database.read() as connection:
            row = next(exact_rows(connection, checkpoints, by=checkpoints.c.sequence, start=sequence), None)
        return None if row is None else _stored(row)

    def due(self, *, every_records: int, every_seconds: float, at: datetime) -> bool:
        """Whether one should be made: so many records are newer than the last one, or there are any and it is that old.

        ``at`` is now, by the clock that ``make`` is given. The first one is due with the first record.
        """
        with self._database.read() as connection:
            last, head = _last(connection), head_of(connection)
        if head is None or (last is not None and head.sequence <= last.sequence):
            return False
        if last is None:
            return head.sequence > 0
        age_seconds = (at - checkpoint_of(last).at).total_seconds()
        return head.sequence - last.sequence >= every_records or age_seconds >= every_seconds

    def make(self, *, keys: Keyring, at: datetime, store: ArtifactStore | None = None) -> StoredCheckpoint | None:
        """The checkpoint of the head as it is: a new one, or the one that was made of it; None for an empty chain.

        Its envelope is put into ``store`` as well. Raises IntegrityError where the chain does not lead from the last
        checkpoint to the head: nothing is signed that would hide it. Raises BadInput for a time without a zone.
        """
        wanted: int | None = None
        for _ in range(ATTEMPTS):
            last, stated = self._next(moment_of(at))
            wanted = stated.sequence if stated and wanted is None else wanted
            if stated is None or (last and wanted and last.sequence >= wanted):
                # Somebody else's, made meanwhile, covers everything that was there at the first look.
                made = last
            else:
                # Outside of any transaction: a key in a device takes its time.
                envelope = seal(payload_of(stated), payload_type=PAYLOAD_TYPE, keys=keys)
                made = self._append(stated, envelope, after=last)
            if made is None and stated is not None:
                continue
            if made is not None and store is not None:
                store.put(made.envelope, media_type=MEDIA_TYPE, name=f"checkpoint-{made.number}.dsse.json")
            return made
        raise PlatformUnavailable(
            "others make checkpoints of this ledger all the time", field=self._database.name, fix="try again"
        )

    def verify(self, read: Callable[[bytes, str], bytes], *, exported: Sequence[tuple[str, bytes]] = ()) -> Checked:
        """Every checkpoint that was changed, dropped or inserted, and those that hold, to hold the records to.

        ``read`` gives the payload of an envelope whose signature is believed, and raises a MaestroError for others; its
        second argument names the envelope. ``exported`` are copies that were kept elsewhere, with their names.
        """
        with self._database.read() as connection:
            first = next(links_in(connection), None)
            return check(
                exact_rows(connection, checkpoints, by=_NUMBER),
                head=head_of(connection, checkpoint_head),
                ledger=None if first is None else first.hash,
                read=read,
                exported=exported,
            )

    def _next(self, at: datetime) -> tuple[StoredCheckpoint | None, Checkpoint | None]:
        """The last one, and what to state next; None where the head has its checkpoint, or is no record."""
        with self._database.read() as connection:
            last, head = _last(connection), head_of(connection)
            _require_continuing(connection, last, head)
            if head is None or head.sequence == (last.sequence if last else 0):
                return last, None
            first = connection.execute(sa.select(records.c.hash).where(records.c.sequence == 1)).scalar_one()
        return last, Checkpoint(
            ledger=first,
            number=last.number + 1 if last else 1,
            sequence=head.sequence,
            hash=head.hash,
            records=head.sequence,
            previous=last.digest if last else None,
            at=at,
        )

    def _append(
        self, stated: Checkpoint, envelope: bytes, *, after: StoredCheckpoint | None
    ) -> StoredCheckpoint | None:
        """None where another one has come after ``after`` meanwhile."""
        made = StoredCheckpoint(
            number=stated.number,
            sequence=stated.sequence,
            hash=stated.hash,
            digest=digest_of_bytes(envelope),
            envelope=envelope,
        )
        unmoved = sa.and_(
            checkpoint_head.c.chain == CHAIN,
            checkpoint_head.c.sequence == stated.number - 1,
            checkpoint_head.c.hash == (after.digest if after else GENESIS_HASH),
        )
        moved = sa.update(checkpoint_head).where(unmoved).values(sequence=made.number, hash=made.digest)
        with self._database.write() as connection:
            if connection.execute(moved.returning(checkpoint_head.c.sequence)).one_or_none() is None:
                return None
            row = {**made.model_dump(), "envelope": envelope.decode()}
            connection.execute(sa.insert(checkpoints).values(row))
        return made


def checkpoint_of(stored: StoredCheckpoint) -> Checkpoint:
    """What a stored checkpoint states, without a look at its signature. Raises BadInput for what is none."""
    name = f"checkpoint {stored.number}"
    try:
        payload = base64.b64decode(json.loads(stored.envelope)["payload"], validate=True)
    except (ValueError, TypeError, KeyError, RecursionError, binascii.Error):
        payload = b""  # is no checkpoint either
    return checkpoint_in(payload, field=name)


def _last(connection: sa.Connection) -> StoredCheckpoint | None:
    """The one that the head of checkpoints names. Raises IntegrityError where it is gone or was changed."""
    head = head_of(connection, checkpoint_head)
    rows = [] if head is None else list(exact_rows(connection, checkpoints, by=_NUMBER, start=head.sequence))
    found = _stored(rows[0]) if rows else None
    reached = ChainHead(sequence=found.number, hash=found.digest) if found else _NONE
    if head != reached or len(rows) > 1:
        raise _not_as_made()
    return found


def _stored(row: ExactRow) -> StoredCheckpoint:
    number, sequence = row.numbers["number"], row.numbers["sequence"]
    envelope, digest = row.texts["envelope"], digest_of_bytes(row.texts["envelope"])
    if not row.typed or number is None or sequence is None or digest.encode() != row.texts["digest"]:
        raise _not_as_made()
    found_hash = row.texts["hash"].decode(errors="backslashreplace")
    return StoredCheckpoint(number=number, sequence=sequence, hash=found_hash, digest=digest, envelope=envelope)


def _not_as_made() -> IntegrityError:
    return IntegrityError(
        "the ledger's checkpoints are not those that were made",
        field="checkpoints",
        fix="look with `maestro ledger verify` what was done, and restore the ledger from a backup",
    )


def _require_continuing(connection: sa.Connection, last: StoredCheckpoint | None, head: ChainHead | None) -> None:
    """The chain leads from what was signed last to the head, link by link."""
    links = links_in(connection, start=last.sequence if last else None)
    reached = _NONE
    if last is not None:
        reached = ChainHead(sequence=last.sequence, hash=last.hash)
        link = next(links, None)
        if link is None or not link.sound or ChainHead(sequence=link.stands_at, hash=link.hash) != reached:
            raise _broken(last.sequence)
    for link in links:
        if not is_next(link, after=reached):
            raise _broken(reached.sequence + 1)
        reached = ChainHead(sequence=link.stands_at, hash=link.hash)
    if reached != head:
        raise _broken(reached.sequence)


def _broken(sequence: int) -> IntegrityError:
    return IntegrityError(
        f"the chain of records does not hold at record {sequence}, so no checkpoint is made of it",
        field="records",
        fix="look with `maestro ledger verify` what was done, and restore the ledger from a backup",
    )
