"""The rows of effects: how one is written, each way in one statement, and how it is found again.

The statement itself looks whether its writer may write, and holds that as it is until the transaction ends. On
PostgreSQL that takes the shared row lock (FOR SHARE): without it a takeover, or a raise of the epoch, could slip in
between the look and the commit. Under READ COMMITTED a row that was changed while the statement waited for it is looked
at again as it is then. On SQLite the write transaction keeps everyone else out.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import JsonValue

from maestro.canonical import canonical_json
from maestro.errors import Conflict
from maestro.ledger.clock import moment
from maestro.ledger.engine import Database
from maestro.ledger.epochs import require_admitted
from maestro.ledger.leases import Lease, require_valid
from maestro.ledger.region_tables import epochs
from maestro.ledger.schema import AnyText, effects, escaped, leases, now_seconds
from maestro.model.base import Model
from maestro.model.region import Standing


class Effect(Model):
    """A recorded effect. ``first`` is True only for the call that recorded it, ``fence`` 0 for one without a lease."""

    key: str
    request_digest: str
    result: dict[str, JsonValue]
    fence: int
    first: bool
    recorded_at: datetime


class Writing:
    """A way to write an effect, in SQLAlchemy's words and in the database's."""

    def __init__(self, database: Database, *source: sa.ColumnElement[bool]) -> None:
        """Written from a lease or an epoch for which all of ``source`` holds."""
        columns = ("key", "request_digest", "resource", "holder", "fence", "result")
        row = (sa.bindparam(f"new_{name}", type_=effects.c[name].type) for name in columns)
        allowed = sa.select(*row, now_seconds()).where(*source).with_for_update(read=True)
        self.core = (
            database.insert(effects)
            .from_select([*columns, "recorded_at"], allowed)
            .on_conflict_do_nothing()
            .returning(effects.c.recorded_at)
        )
        self.prepared = database.prepare(self.core)


class Writings:
    """The three ways to write an effect: under a lease, under an epoch, and under neither."""

    def __init__(self, database: Database) -> None:
        self.leased = Writing(
            database,
            leases.c.resource == sa.bindparam("new_resource", type_=AnyText),
            leases.c.holder == sa.bindparam("new_holder", type_=AnyText),
            leases.c.fence == sa.bindparam("new_fence", type_=sa.BigInteger),
            leases.c.expires_at > now_seconds(),
        )
        epoch = sa.bindparam("epoch", type_=sa.BigInteger)
        self.admitted = Writing(
            database,
            epochs.c.namespace == sa.bindparam("namespace", type_=AnyText),
            sa.or_(epochs.c.version == epoch, epochs.c.leaving == epoch),
        )
        self.free = Writing(database, sa.true())


@dataclass(frozen=True)
class Attempt:
    """An effect that is about to be written. ``require`` raises why it may not be, where nothing was written."""

    writing: Writing
    values: Mapping[str, Any]
    require: Callable[[sa.Connection], None]

    @property
    def key(self) -> str:
        return str(self.values["new_key"])

    @property
    def request_digest(self) -> str:
        return str(self.values["new_request_digest"])

    def stored(self) -> dict[str, Any]:
        """The values as columns hold them, for the driver."""
        return {
            name: escaped(value) if isinstance(value, str) and name != "new_result" else value
            for name, value in self.values.items()
        }

    def recorded(self, recorded_at: float) -> Effect:
        """The effect once it is written."""
        return Effect(
            key=self.key,
            request_digest=self.request_digest,
            result=json.loads(self.values["new_result"]),
            fence=self.values["new_fence"],
            first=True,
            recorded_at=moment(recorded_at),
        )


def under_lease(
    writings: Writings, key: str, *, request_digest: str, result: Mapping[str, JsonValue], lease: Lease
) -> Attempt:
    """Written only while the lease is valid."""
    values = _values(key, request_digest, result, by=(lease.resource, lease.holder, lease.fence))
    return Attempt(writings.leased, values, lambda connection: require_valid(connection, lease))


def under_epoch(
    writings: Writings, key: str, *, request_digest: str, result: Mapping[str, JsonValue], standing: Standing
) -> Attempt:
    """Written only while the ledger's epoch admits the standing; always, where that has no epoch."""
    values = _values(key, request_digest, result, by=(key, standing.region, 0))
    writing = writings.free
    if standing.epoch is not None:
        writing = writings.admitted
        values |= {"namespace": standing.namespace, "epoch": standing.epoch}
    return Attempt(writing, values, lambda connection: require_admitted(connection, standing))


def _values(
    key: str, request_digest: str, result: Mapping[str, JsonValue], *, by: tuple[str, str, int]
) -> dict[str, Any]:
    resource, holder, fence = by
    return {
        "new_key": key,
        "new_request_digest": request_digest,
        "new_resource": resource,
        "new_holder": holder,
        "new_fence": fence,
        "new_result": canonical_json(dict(result)),
    }


def find(connection: sa.Connection, key: str) -> Effect | None:
    """The effect that is recorded under this key."""
    row = connection.execute(sa.select(effects).where(effects.c.key == key)).one_or_none()
    if row is None:
        return None
    return Effect(
        key=row.key,
        request_digest=row.request_digest,
        result=json.loads(row.result),
        fence=row.fence,
        first=False,
        recorded_at=moment(row.recorded_at),
    )


def same_request(effect: Effect | None, request_digest: str) -> Effect | None:
    """The effect as it is. Raises Conflict where it is that of another request."""
    if effect is not None and effect.request_digest != request_digest:
        raise conflict(effect.key)
    return effect


def conflict(key: str) -> Conflict:
    """The key stands for another request."""
    return Conflict(
        "the key stands for another request",
        field=key,
        fix="use a new ordinal for a new request; a retry must repeat its request exactly",
    )
