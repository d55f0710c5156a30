"""Leases with fencing tokens: who may act on a resource now, and how a late comer is kept from acting.

The fence of a resource only ever rises. A holder that slept through its expiry finds its fence stale at the next write.
"""

from datetime import datetime

import sqlalchemy as sa

from maestro.errors import BadInput, LeaseHeld, LeaseLost, StaleFence
from maestro.ledger.clock import moment
from maestro.ledger.engine import Database
from maestro.ledger.epochs import require_admitted
from maestro.ledger.schema import leases, now_seconds
from maestro.model.base import Model
from maestro.model.region import Standing

LONGEST_SECONDS = 86_400.0
"""A holder that dies keeps everybody waiting for as long as its lease lasts: never for more than a day."""


ANYBODY = Standing()
"""Whoever acts for no region and under no epoch."""


class Lease(Model):
    """The right to act on ``resource`` until ``expires_at`` by the ledger's clock, for as long as no one has a higher
    ``fence``. ``region`` and ``epoch`` say on whose behalf it was taken (None: under no epoch).
    """

    resource: str
    holder: str
    fence: int
    expires_at: datetime
    region: str = ""
    epoch: int | None = None


class Leases:
    """Acquire, renew and release leases. A lease's row stays for ever, because its fence must."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def acquire(self, resource: str, *, holder: str, ttl_seconds: float, standing: Standing = ANYBODY) -> Lease:
        """Take the lease where it is free, expired, or held under the same name; each time with a higher fence.

        A holder that asks again (its process was restarted, its task retried) thereby shuts its earlier self out.
        Raises LeaseHeld with the time that is left, StaleEpoch where the ledger's epoch does not admit the standing,
        BadInput for an empty name or a time that no lease may last.
        """
        _require_names(resource, holder)
        _require_bounded(ttl_seconds)
        # Not excluded.expires_at: on PostgreSQL that was computed before the wait for the row.
        ends_at = now_seconds() + ttl_seconds
        taken_by = {
            "holder": holder,
            "expires_at": ends_at,
            "region": standing.region,
            "epoch": standing.epoch or 0,
        }
        statement = (
            self._database.insert(leases)
            .values(resource=resource, fence=1, **taken_by)
            .on_conflict_do_update(
                index_elements=[leases.c.resource],
                set_={"fence": leases.c.fence + 1, **taken_by},
                where=sa.or_(leases.c.expires_at <= now_seconds(), leases.c.holder == holder),
            )
            .returning(leases.c.fence, leases.c.expires_at)
        )
        with self._database.write() as connection:
            require_admitted(connection, standing)
            taken = connection.execute(statement).one_or_none()
            if taken is None:
                raise _held(connection, resource)
        return Lease(
            resource=resource,
            holder=holder,
            fence=taken.fence,
            expires_at=moment(taken.expires_at),
            region=standing.region,
            epoch=standing.epoch,
        )

    def renew(self, lease: Lease, *, ttl_seconds: float) -> Lease:
        """The same lease with a later end. Raises LeaseLost where it expired, was released or taken over."""
        _require_bounded(ttl_seconds)
        statement = (
            sa.update(leases)
            .where(_still_valid(lease))
            .values(expires_at=now_seconds() + ttl_seconds)
            .returning(leases.c.expires_at)
        )
        with self._database.write() as connection:
            ends_at = connection.execute(statement).scalar_one_or_none()
            if ends_at is None:
                raise LeaseLost(_how_it_was_lost(connection, lease), field=lease.resource, fix=_LOST_FIX)
        return lease.model_copy(update={"expires_at": moment(ends_at)})

    def release(self, lease: Lease) -> None:
        """Let the next one in at once. A lease that was lost already is left as it is."""
        ended = sa.update(leases).where(_still_valid(lease)).values(expires_at=now_seconds(), region="")
        with self._database.write() as connection:
            connection.execute(ended)


def require_valid(connection: sa.Connection, lease: Lease) -> None:
    """Hold the lease as it is until the transaction ends. Raises StaleFence where it expired or was taken over.

    Without the shared row lock a takeover could slip in between this check and the commit on PostgreSQL; on SQLite the
    write transaction keeps everyone else out.
    """
    found = sa.select(leases.c.fence).where(_still_valid(lease)).with_for_update(read=True)
    if connection.execute(found).one_or_none() is None:
        raise StaleFence(_how_it_was_lost(connection, lease), field=lease.resource, fix=_LOST_FIX)


_LOST_FIX = "stop and publish nothing; ask for the lease again before you go on"


def _still_valid(lease: Lease) -> sa.ColumnElement[bool]:
    return sa.and_(
        leases.c.resource == lease.resource,
        leases.c.holder == lease.holder,
        leases.c.fence == lease.fence,
        leases.c.expires_at > now_seconds(),
    )


def _held(connection: sa.Connection, resource: str) -> LeaseHeld:
    left = (leases.c.expires_at - now_seconds()).label("left")
    row = connection.execute(sa.select(leases.c.holder, left).where(leases.c.resource == resource)).one()
    return LeaseHeld(
        f"{row.holder} holds the lease for another {max(row.left, 0.0):.1f} s",
        field=resource,
        fix="try again when it has expired",
    )


def _how_it_was_lost(connection: sa.Connection, lease: Lease) -> str:
    found = sa.select(leases.c.holder, leases.c.fence).where(leases.c.resource == lease.resource)
    row = connection.execute(found).one_or_none()
    if row is None:
        return "the ledger knows no such lease"
    if row.fence != lease.fence or row.holder != lease.holder:
        return f"fence {lease.fence} of {lease.holder} is stale: {row.holder} has fence {row.fence}"
    return f"the lease of {lease.holder} with fence {lease.fence} has expired, or was released or revoked"


def _require_names(resource: str, holder: str) -> None:
    for name, value in (("resource", resource), ("holder", holder)):
        if not value:
            raise BadInput("a lease needs a name", field=name, fix="name the resource and who holds it")


def _require_bounded(ttl_seconds: float) -> None:
    if not 0 < ttl_seconds <= LONGEST_SECONDS:
        raise BadInput(
            f"a lease cannot last {ttl_seconds} s",
            field="ttl_seconds",
            fix=f"use a time above 0 and up to {LONGEST_SECONDS:.0f} s, and renew the lease while work goes on",
        )
