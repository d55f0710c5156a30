"""Effects: what the outside can see happens once for each business key, and whoever comes second gets its result.

An effect inside the ledger's reach is committed with its data in one transaction: ``once``, or ``commit`` where work
that takes time comes before it. For a remote that cannot join it: ``intend``, then the remote call, then ``complete``;
where ``intend`` says ``first=False``, ask the remote first. ``once.py`` has the short way to each.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime

import sqlalchemy as sa
from pydantic import JsonValue

from maestro.canonical import canonical_json
from maestro.errors import BadInput, Conflict
from maestro.ledger.clock import moment
from maestro.ledger.engine import Database
from maestro.ledger.epochs import require_admitted
from maestro.ledger.leases import Lease, require_valid
from maestro.ledger.schema import effects, intents, now_seconds
from maestro.model.base import Model
from maestro.model.region import Standing

Also = Callable[[sa.Connection], object]
"""Writes that belong to an effect: called in its transaction, only for the one who is first."""


class Effect(Model):
    """A recorded effect. ``first`` is True only for the call that recorded it, ``fence`` 0 for one without a lease."""

    key: str
    request_digest: str
    result: dict[str, JsonValue]
    fence: int
    first: bool
    recorded_at: datetime


class Intent(Model):
    """Leave to call a remote. Where ``first`` is False an earlier holder may have called it already: ask it before
    calling. ``effect`` is the outcome where it is known; then there is nothing left to call.
    """

    key: str
    fence: int
    first: bool
    effect: Effect | None = None


class Effects:
    """The table of effects. Every write needs a lease that is valid at that moment; reading needs none."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def recorded(self, key: str) -> Effect | None:
        """The effect of this key, or None while there is none."""
        with self._database.read() as connection:
            return _find(connection, key)

    def commit(
        self,
        key: str,
        *,
        lease: Lease,
        request_digest: str,
        result: Mapping[str, JsonValue],
        also: Also | None = None,
    ) -> Effect:
        """Record the effect and run ``also`` in the same transaction, or return what was recorded before.

        A result that is there already is returned whatever has become of the lease: nothing is written then. Raises
        StaleFence where the lease is lost, Conflict where the key stands for another request.
        """
        with self._database.write() as connection:
            known = same_request(_find(connection, key), request_digest)
            return known or self._record(connection, key, lease, request_digest, result, also)

    def once(
        self,
        key: str,
        *,
        request_digest: str,
        result: Mapping[str, JsonValue],
        standing: Standing,
        also: Also | None = None,
    ) -> Effect:
        """An effect that is nothing but rows of this ledger: recorded with ``also`` in one transaction, under no lease.

        Whoever comes second waits for the first and gets its result. Raises StaleEpoch where the ledger's epoch does
        not admit the standing, Conflict where the key stands for another request.
        """
        with self._database.write() as connection:
            known = same_request(_find(connection, key), request_digest)
            if known is not None:
                return known
            require_admitted(connection, standing)
            return self._insert(connection, key, request_digest, result, also, by=(key, standing.region, 0))

    def intend(self, key: str, *, lease: Lease, request_digest: str) -> Intent:
        """Note that a remote is about to be called under this key.

        Raises StaleFence where the lease is lost, Conflict where the key stands for another request.
        """
        statement = self._database.insert(intents).values(
            key=key,
            request_digest=request_digest,
            resource=lease.resource,
            fence=lease.fence,
            intended_at=now_seconds(),
        )
        with self._database.write() as connection:
            known = same_request(_find(connection, key), request_digest)
            if known is not None:
                return Intent(key=key, fence=known.fence, first=False, effect=known)
            require_valid(connection, lease)
            is_new = connection.execute(
                statement.on_conflict_do_nothing().returning(intents.c.fence)
            ).scalar_one_or_none()
            _require_intent(connection, key, request_digest)
            if is_new is None:
                mine = {"resource": lease.resource, "fence": lease.fence}
                connection.execute(sa.update(intents).where(intents.c.key == key).values(mine))
            return Intent(key=key, fence=lease.fence, first=is_new is not None)

    def complete(
        self,
        key: str,
        *,
        lease: Lease,
        request_digest: str,
        result: Mapping[str, JsonValue],
        also: Also | None = None,
    ) -> Effect:
        """Record what the remote answered, as ``commit`` does. Raises BadInput where nothing was intended."""
        with self._database.write() as connection:
            known = same_request(_find(connection, key), request_digest)
            if known is not None:
                return known
            _require_intent(connection, key, request_digest)
            return self._record(connection, key, lease, request_digest, result, also)

    def _record(
        self,
        connection: sa.Connection,
        key: str,
        lease: Lease,
        request_digest: str,
        result: Mapping[str, JsonValue],
        also: Also | None,
    ) -> Effect:
        require_valid(connection, lease)
        by = (lease.resource, lease.holder, lease.fence)
        return self._insert(connection, key, request_digest, result, also, by=by)

    def _insert(
        self,
        connection: sa.Connection,
        key: str,
        request_digest: str,
        result: Mapping[str, JsonValue],
        also: Also | None,
        *,
        by: tuple[str, str, int],
    ) -> Effect:
        resource, holder, fence = by
        statement = self._database.insert(effects).values(
            key=key,
            request_digest=request_digest,
            resource=resource,
            holder=holder,
            fence=fence,
            result=canonical_json(dict(result)),
            recorded_at=now_seconds(),
        )
        inserted = connection.execute(statement.on_conflict_do_nothing().returning(effects.c.key)).one_or_none()
        # Both are there now: either ours, or that of a transaction which PostgreSQL made us wait for.
        effect = same_request(_find(connection, key), request_digest)
        assert effect is not None  # noqa: S101 - the row was inserted or in the way
        if inserted is None:
            return effect
        if also is not None:
            also(connection)
        return effect.model_copy(update={"first": True})


def _find(connection: sa.Connection, key: str) -> Effect | None:
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
        raise _conflict(effect.key)
    return effect


def _require_intent(connection: sa.Connection, key: str, request_digest: str) -> None:
    intended = connection.execute(sa.select(intents.c.request_digest).where(intents.c.key == key)).scalar_one_or_none()
    if intended is None:
        raise BadInput("nothing was intended under this key", field=key, fix="call intend before the remote")
    if intended != request_digest:
        raise _conflict(key)


def _conflict(key: str) -> Conflict:
    return Conflict(
        "the key stands for another request",
        field=key,
        fix="use a new ordinal for a new request; a retry must repeat its request exactly",
    )
