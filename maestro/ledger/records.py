"""Decision records in one hash chain: each names the hash of the one before it, and the head names the last.

``append`` is idempotent by key; ``chain.py`` says what was done to a chain that no longer holds.
"""

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from maestro.canonical import canonical_json, digest_of_bytes
from maestro.errors import IntegrityError
from maestro.ledger.chain import ChainHead, ChainProblem, Link, problems_of
from maestro.ledger.engine import Database
from maestro.ledger.schema import chain_head, records
from maestro.model.record import DecisionRecord, RecordKind, StoredRecord

CHAIN = "decisions"
LIST_LIMIT = 1_000
"""Records in one answer, so that a long-lived ledger does not fill the memory of whoever asks."""

_VERIFY_BATCH = 500
_FILTER_COLUMNS = ("key", "kind", "repo", "pr", "head_sha")


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
        """The record of this business key, or None."""
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
        """Records that fit every argument given, oldest first, from the sequence number after ``after``."""
        query = sa.select(records.c.body, records.c.hash).where(records.c.sequence > after)
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
            head = _head_or_none(connection)
        if head is None:
            raise _headless()
        return head

    def verify(self, *, anchor: ChainHead | None = None) -> tuple[ChainProblem, ...]:
        """Everything that was changed, dropped, reordered or inserted since it was recorded; empty if nothing was.

        ``anchor`` is a head that was noted earlier, outside the ledger.
        """
        with self._database.read() as connection:
            head = _head_or_none(connection)
            links = list(_links(connection))
        return problems_of(links, head=head, anchor=anchor)


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
            **{name: plain[name] for name in _FILTER_COLUMNS},
        )
    )
    new_head = {"sequence": stored.sequence, "hash": stored.hash}
    connection.execute(sa.update(chain_head).where(chain_head.c.chain == CHAIN).values(new_head))
    return stored


def _find(connection: sa.Connection, key: str) -> StoredRecord | None:
    row = connection.execute(sa.select(records.c.body, records.c.hash).where(records.c.key == key)).one_or_none()
    return None if row is None else _stored(row.body, row.hash)


def _stored(body: str, found_hash: str) -> StoredRecord:
    return StoredRecord(hash=found_hash, **json.loads(body))


def _head_or_none(connection: sa.Connection) -> ChainHead | None:
    row = connection.execute(_HEAD).mappings().one_or_none()
    return None if row is None else ChainHead(**row)


def _headless() -> IntegrityError:
    return IntegrityError(
        "the head of the chain of records is gone",
        field="chain_head",
        fix="restore the ledger from a backup; do not let it go on without its head",
    )


def _links(connection: sa.Connection) -> Iterator[Link]:
    query = sa.select(records).order_by(records.c.sequence).execution_options(yield_per=_VERIFY_BATCH)
    for row in connection.execute(query).mappings():
        yield _link(row)


def _link(row: sa.RowMapping) -> Link:
    body = str(row["body"])
    written = _columns_by_body(body)
    sound = digest_of_bytes(body.encode()) == row["hash"] and written is not None
    return Link(
        stands_at=row["sequence"],
        written_at=written["sequence"] if written else row["sequence"],
        key=row["key"],
        hash=row["hash"],
        previous_hash=row["previous_hash"],
        sound=sound and all(row[name] == value for name, value in (written or {}).items() if name != "sequence"),
    )


def _columns_by_body(body: str) -> dict[str, Any] | None:
    """What the columns beside a body must hold, or None where it is no body of ours."""
    try:
        written = json.loads(body)
        found = {name: written["record"][name] for name in _FILTER_COLUMNS}
        return {"sequence": int(written["sequence"]), "previous_hash": written["previous_hash"], **found}
    except (ValueError, TypeError, KeyError):
        return None
