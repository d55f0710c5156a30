"""Effects: what the outside can see happens once for each business key, and whoever comes second gets its result.

An effect inside the ledger's reach is committed with its data in one transaction: ``once``, or ``commit`` where work
that takes time comes before it. For a remote that cannot join it: ``intend``, then the remote call, then ``complete``;
where ``intend`` says ``first=False``, ask the remote first. ``once.py`` has the short way to each.
"""

from collections.abc import Callable, Mapping

import sqlalchemy as sa
from pydantic import JsonValue

from maestro.errors import BadInput, PlatformUnavailable
from maestro.ledger.effect_rows import (
    Attempt,
    Effect,
    Writings,
    conflict,
    find,
    same_request,
    under_epoch,
    under_lease,
)
from maestro.ledger.engine import Database
from maestro.ledger.leases import Lease, require_valid
from maestro.ledger.schema import intents, now_seconds
from maestro.model.base import Model
from maestro.model.region import Standing

Also = Callable[[sa.Connection], object]
"""Writes that belong to an effect: called in its transaction, only for the one who is first."""


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
        self._writings = Writings(database)

    def recorded(self, key: str) -> Effect | None:
        """The effect of this key, or None while there is none."""
        with self._database.read() as connection:
            return find(connection, key)

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
        attempt = under_lease(self._writings, key, request_digest=request_digest, result=result, lease=lease)
        return self._write(attempt, also)

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
        attempt = under_epoch(self._writings, key, request_digest=request_digest, result=result, standing=standing)
        return self._write(attempt, also)

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
            known = same_request(find(connection, key), request_digest)
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
        attempt = under_lease(self._writings, key, request_digest=request_digest, result=result, lease=lease)
        with self._database.write() as connection:
            known = same_request(find(connection, key), request_digest)
            if known is not None:
                return known
            _require_intent(connection, key, request_digest)
            return _try(connection, attempt, also)

    def _write(self, attempt: Attempt, also: Also | None) -> Effect:
        if also is None:
            # The common case, and so the short one. What stood in its way is found out below, and a statement that was
            # lost with its connection is repeated there: by its key it is the same twice.
            row = self._database.alone(attempt.writing.prepared, attempt.stored())
            if row is not None:
                return attempt.recorded(row[0])
        with self._database.write() as connection:
            return _try(connection, attempt, also)


def _try(connection: sa.Connection, attempt: Attempt, also: Also | None) -> Effect:
    recorded_at = connection.execute(attempt.writing.core, attempt.values).scalar_one_or_none()
    if recorded_at is not None:
        if also is not None:
            also(connection)
        return attempt.recorded(recorded_at)
    # Either the effect is there, maybe from a transaction that PostgreSQL made us wait for, or it may not be written.
    known = same_request(find(connection, attempt.key), attempt.request_digest)
    if known is not None:
        return known
    attempt.require(connection)
    raise PlatformUnavailable(
        "the ledger's epoch changed between two looks at it",
        field=attempt.key,
        fix="try again: it admits the effect now",
    )


def _require_intent(connection: sa.Connection, key: str, request_digest: str) -> None:
    intended = connection.execute(sa.select(intents.c.request_digest).where(intents.c.key == key)).scalar_one_or_none()
    if intended is None:
        raise BadInput("nothing was intended under this key", field=key, fix="call intend before the remote")
    if intended != request_digest:
        raise conflict(key)
