"""Failovers: each one from its beginning to its outcome, step by step, and never two of a namespace at a time."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from maestro.errors import Conflict
from maestro.ledger.clock import moment
from maestro.ledger.engine import Database
from maestro.ledger.leases import Lease, require_valid
from maestro.ledger.region_tables import failovers
from maestro.ledger.schema import now_seconds
from maestro.model.base import Model


class FailoverKind(StrEnum):
    """Planned (handed over), forced (the old side is gone), or adopted (somebody did it past the controller)."""

    PLANNED = "planned"
    FORCED = "forced"
    ADOPTED = "adopted"


class FailoverRow(Model):
    """One failover. ``step`` is the last step that was begun; ``outcome`` is empty until it has ended."""

    number: int
    namespace: str
    kind: FailoverKind
    from_cluster: str
    to_cluster: str
    version: int
    step: str
    reason: str
    actor: str
    started_at: datetime
    updated_at: datetime
    ended_at: datetime | None = None
    outcome: str = ""


class Failovers:
    """The table of failovers. Every write can join the transaction that raises the epoch (``within``)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(
        self,
        namespace: str,
        kind: FailoverKind,
        *,
        from_cluster: str,
        to_cluster: str,
        version: int,
        reason: str,
        actor: str,
        within: sa.Connection | None = None,
    ) -> int:
        """Note a failover that begins and return its number. Raises Conflict while another one of it runs."""
        values = {
            "namespace": namespace,
            "kind": kind.value,
            "from_cluster": from_cluster,
            "to_cluster": to_cluster,
            "version": version,
            "step": "begun",
            "reason": reason,
            "actor": actor,
            "started_at": now_seconds(),
            "updated_at": now_seconds(),
            "outcome": "",
        }
        statement = (
            self._database.insert(failovers).values(values).on_conflict_do_nothing().returning(failovers.c.number)
        )
        with self._database.joined(within) as connection:
            number = connection.execute(statement).scalar_one_or_none()
        if number is None:
            raise Conflict("a failover is under way already", field=namespace, fix="end it, or wait until it has ended")
        return int(number)

    def step(self, number: int, step: str, *, within: sa.Connection | None = None, lease: Lease | None = None) -> None:
        """Note the step that begins now. A failover that has ended stays as it is. Raises StaleFence where a lease is
        given and was lost.
        """
        self._update(number, within, lease, step=step)

    def end(
        self, number: int, outcome: str, *, within: sa.Connection | None = None, lease: Lease | None = None
    ) -> None:
        """Note how it ended. The first outcome stands. Raises StaleFence where a lease is given and was lost."""
        self._update(number, within, lease, outcome=outcome, ended_at=now_seconds())

    def running(self, namespace: str) -> FailoverRow | None:
        """The failover that has not ended, or None."""
        found = self._rows(
            sa.select(failovers).where(failovers.c.namespace == namespace, failovers.c.ended_at.is_(None))
        )
        return found[0] if found else None

    def recent(self, namespace: str, limit: int = 20) -> tuple[FailoverRow, ...]:
        """The last failovers of the namespace, newest first."""
        query = sa.select(failovers).where(failovers.c.namespace == namespace)
        return self._rows(query.order_by(failovers.c.number.desc()).limit(limit))

    def _update(self, number: int, within: sa.Connection | None, lease: Lease | None, **values: object) -> None:
        mine = sa.and_(failovers.c.number == number, failovers.c.ended_at.is_(None))
        with self._database.joined(within) as connection:
            if lease is not None:
                require_valid(connection, lease)
            connection.execute(sa.update(failovers).where(mine).values(**values, updated_at=now_seconds()))

    def _rows(self, query: sa.Select[tuple[object, ...]]) -> tuple[FailoverRow, ...]:
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return tuple(_failover(row) for row in rows)


def _failover(row: sa.Row[tuple[object, ...]]) -> FailoverRow:
    return FailoverRow(
        number=row.number,
        namespace=row.namespace,
        kind=FailoverKind(row.kind),
        from_cluster=row.from_cluster,
        to_cluster=row.to_cluster,
        version=row.version,
        step=row.step,
        reason=row.reason,
        actor=row.actor,
        started_at=moment(row.started_at),
        updated_at=moment(row.updated_at),
        ended_at=None if row.ended_at is None else moment(row.ended_at),
        outcome=row.outcome,
    )
