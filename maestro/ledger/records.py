"""Decision records in one hash chain: each names the hash of the one before it, and the head names the last.

``append`` is idempotent by key; ``chain.py`` says what was done to a chain that no longer holds.
"""

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from pydantic import ValidationError

from maestro.canonical import canonical_json, digest_of_bytes
from maestro.errors import IntegrityError
from maestro.ledger.chain import Anchor, ChainHead, ChainProblem, problems_in
from maestro.ledger.engine import Database
from maestro.ledger.records_exact import as_bytes, exact_text
from maestro.ledger.records_links import CHAIN, FILTER_COLUMNS, head_of, links_in
from maestro.ledger.schema import chain_head, records
from maestro.model.record import DecisionRecord, RecordKind, StoredRecord

LIST_LIMIT = 1_000
"""Records in one answer, so that a long-lived ledger does not fill the memory of whoever asks."""


class Records:
    """Append, read and verify decision records."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, record: DecisionRecord, *, within: sa.Connection | None = None) -> StoredRecord:
        """Add the record to the chain. Where its key is recorded already, that first record is returned instead.

        ``within`` joins a transaction of this ledger, such as that of an effect (``also``).
        """
        if within is not None:
            return _append(within, record)
        with self._database.write() as connection:
            return _append(connection, record)

    def find(self, key: str) -> StoredRecord | None:
        """The record of this business key, or None. Raises IntegrityError where it does not fit its hash."""
        with self._database.read() as connection:
            return _find(connection, key)

    def list(
        self,
        *,
        repo: str | None = None,
        pr: str | None = None,
        head_sha: str | None = None,
        kind: RecordKind | None = None,
        after: int = 0,
        limit: int = LIST_LIMIT,
    ) -> tuple[StoredRecord, ...]:
        """Records that fit every argument given, oldest first, from the sequence number after ``after``.

        Raises IntegrityError for one that does not fit its hash.
        """
        query = sa.select(*_said(self._database.dialect)).where(records.c.sequence > after)
        wanted = {"repo": repo, "pr": pr, "head_sha": head_sha, "kind": kind}
        for name, value in wanted.items():
            if value is not None:
                query = query.where(records.c[name] == value)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(records.c.sequence).limit(limit)).all()
        return tuple(_stored(row.body, row.hash) for row in rows)

    def head(self) -> ChainHead:
        """The newest link. Kept somewhere else, it shows later that nobody rewrote the whole chain up to it."""
        with self._database.read() as connection:
            head = head_of(connection)
        if head is None:
            raise _headless()
        return head

    def verify(self, *, anchor: ChainHead | None = None, anchors: Sequence[Anchor] = ()) -> tuple[ChainProblem, ...]:
        """Everything that was changed, dropped, reordered or inserted since it was recorded; empty if nothing was.

        ``anchor`` is a head that was noted earlier, outside the ledger; ``anchors`` are more of them, with their names,
        such as those of checkpoints.
        """
        noted = (*anchors, *([] if anchor is None else [Anchor(anchor)]))
        with self._database.read() as connection:
            return problems_in(lambda: links_in(connection), head=head_of(connection), anchors=noted)


_HEAD = sa.select(chain_head.c.sequence, chain_head.c.hash).where(chain_head.c.chain == CHAIN)


def _append(connection: sa.Connection, record: DecisionRecord) -> StoredRecord:
    # The row lock on the head puts all who append in one line; the key is looked up only once it is held.
    head = connection.execute(_HEAD.with_for_update()).one_or_none()
    if head is None:
        raise _headless()
    known = _find(connection, record.key)
    if known is not None:
        return known
    plain = record.model_dump(mode="json")
    body = canonical_json({"sequence": head.sequence + 1, "previous_hash": head.hash, "record": plain})
    stored = _stored(body, digest_of_bytes(body.encode()))
    connection.execute(
        sa.insert(records).values(
            sequence=stored.sequence,
            previous_hash=stored.previous_hash,
            hash=stored.hash,
            body=body,
            **{name: plain[name] for name in FILTER_COLUMNS},
        )
    )
    new_head = {"sequence": stored.sequence, "hash": stored.hash}
    connection.execute(sa.update(chain_head).where(chain_head.c.chain == CHAIN).values(new_head))
    return stored


def _find(connection: sa.Connection, key: str) -> StoredRecord | None:
    query = sa.select(*_said(connection.dialect.name)).where(records.c.key == key)
    row = connection.execute(query).one_or_none()
    return None if row is None else _stored(row.body, row.hash)


def _said(dialect: str) -> tuple[sa.ColumnElement[Any], sa.ColumnElement[Any]]:
    return exact_text(records.c.body, dialect).label("body"), exact_text(records.c.hash, dialect).label("hash")


def _stored(stored_body: str | bytes, stored_hash: str | bytes) -> StoredRecord:
    body, found_hash = as_bytes(stored_body), as_bytes(stored_hash).decode(errors="backslashreplace")
    try:
        if digest_of_bytes(body) == found_hash:
            return StoredRecord(hash=found_hash, **json.loads(body))
    except (ValueError, TypeError, ValidationError, RecursionError):
        pass  # said below
    raise IntegrityError(
        "a decision record is not what was recorded",
        field=found_hash,
        fix="look with `maestro ledger verify` which one it is, and restore the ledger from a backup",
    )


def _headless() -> IntegrityError:
    return IntegrityError(
        "the head of the chain of records is gone",
        field="chain_head",
        fix="restore the ledger from a backup; do not let it go on without its head",
    )
