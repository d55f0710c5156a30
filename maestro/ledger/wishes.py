"""Wishes: a person asks for a failover, the controller that leads takes it up and answers."""

import sqlalchemy as sa

from maestro.ledger.engine import Database
from maestro.ledger.region_tables import failover_wishes as wishes
from maestro.ledger.schema import now_seconds
from maestro.model.base import Model

TOO_OLD_SECONDS = 20.0
"""A wish that no controller took up by then is not taken up later, when nobody expects it any more. A leader that died
is replaced within its lease, which is shorter.
"""


class Wish(Model):
    """What a person asked for. ``refusal`` is None until it was answered, and empty where it was granted."""

    number: int
    kind: str
    to_cluster: str
    even_if_worse: bool
    actor: str
    reason: str
    refusal: str | None = None


class Wishes:
    """Ask, take up and answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ask(self, namespace: str, kind: str, *, to_cluster: str, even_if_worse: bool, actor: str, reason: str) -> int:
        """Ask for a failover; the number by which its answer is found."""
        statement = sa.insert(wishes).values(
            namespace=namespace,
            kind=kind,
            to_cluster=to_cluster,
            even_if_worse=even_if_worse,
            actor=actor,
            reason=reason,
            asked_at=now_seconds(),
        )
        with self._database.write() as connection:
            return int(connection.execute(statement.returning(wishes.c.number)).scalar_one())

    def take(self, namespace: str) -> Wish | None:
        """The oldest wish that nobody took up, now taken; None without one. What is too old is passed over."""
        waiting = (
            sa.select(sa.func.min(wishes.c.number))
            .where(
                wishes.c.namespace == namespace,
                wishes.c.taken_at.is_(None),
                wishes.c.asked_at > now_seconds() - TOO_OLD_SECONDS,
            )
            .scalar_subquery()
        )
        # Looked at once more: whoever waited for the row on PostgreSQL had chosen it before the other one took it.
        mine = sa.and_(wishes.c.number == waiting, wishes.c.taken_at.is_(None))
        statement = sa.update(wishes).where(mine).values(taken_at=now_seconds())
        with self._database.read() as connection:
            if connection.execute(sa.select(waiting)).scalar_one() is None:
                return None
        with self._database.write() as connection:
            row = connection.execute(statement.returning(*wishes.c)).one_or_none()
        return None if row is None else _wish(row)

    def answer(self, number: int, refusal: str) -> None:
        """Say why it is refused, or nothing where it is granted."""
        with self._database.write() as connection:
            connection.execute(sa.update(wishes).where(wishes.c.number == number).values(refusal=refusal))

    def find(self, number: int) -> Wish | None:
        """The wish of this number."""
        with self._database.read() as connection:
            row = connection.execute(sa.select(wishes).where(wishes.c.number == number)).one_or_none()
        return None if row is None else _wish(row)


def _wish(row: sa.Row[tuple[object, ...]]) -> Wish:
    return Wish(
        number=row.number,
        kind=row.kind,
        to_cluster=row.to_cluster,
        even_if_worse=row.even_if_worse,
        actor=row.actor,
        reason=row.reason,
        refusal=row.refusal,
    )
