"""Starts: which workflows were asked for, so that one lost with a cluster's unreplicated tail is started again."""

from datetime import datetime

import sqlalchemy as sa

from maestro.ledger.clock import moment
from maestro.ledger.engine import Database
from maestro.ledger.region_tables import starts
from maestro.ledger.schema import now_seconds
from maestro.model.base import Model

AGAIN = "#"
"""Between a workflow's id and the round of a run that repeats it; no workflow id of ours holds it."""


class Start(Model):
    """A workflow that was asked for. ``request_json`` is what it was asked with, in JSON."""

    workflow_id: str
    namespace: str
    request_json: str
    started_at: datetime


class Starts:
    """The table of starts. A workflow id stays in it for ever, with the request of whoever came first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, workflow_id: str, namespace: str, request_json: str) -> bool:
        """Note that the workflow is about to be started; True for the first who does."""
        statement = self._database.insert(starts).values(
            workflow_id=workflow_id, namespace=namespace, request=request_json, started_at=now_seconds()
        )
        with self._database.write() as connection:
            first = connection.execute(statement.on_conflict_do_nothing().returning(starts.c.workflow_id))
            return first.one_or_none() is not None

    def end(self, workflow_id: str) -> None:
        """Note that the workflow has ended, with all of its runs. Again is as once; unknown ones are left alone."""
        again = f"{workflow_id}{AGAIN}"
        of_it = sa.or_(
            starts.c.workflow_id == workflow_id, sa.func.substr(starts.c.workflow_id, 1, len(again)) == again
        )
        mine = sa.and_(of_it, starts.c.ended_at.is_(None))
        with self._database.write() as connection:
            connection.execute(sa.update(starts).where(mine).values(ended_at=now_seconds()))

    def open(self, namespace: str) -> tuple[Start, ...]:
        """Those that have not ended, in the order in which they were started."""
        query = (
            sa.select(starts)
            .where(starts.c.namespace == namespace, starts.c.ended_at.is_(None))
            .order_by(starts.c.started_at, starts.c.workflow_id)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return tuple(
            Start(
                workflow_id=row.workflow_id,
                namespace=row.namespace,
                request_json=row.request,
                started_at=moment(row.started_at),
            )
            for row in rows
        )
