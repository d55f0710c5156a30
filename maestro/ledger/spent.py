"""Ids that hold no more: of sessions that were ended before their time, and of logins that are done."""

import sqlalchemy as sa

from maestro.ledger.access_tables import spent_ids
from maestro.ledger.engine import Database
from maestro.ledger.schema import now_seconds


class SpentIds:
    """The table of spent ids. One is forgotten when whatever bore it would have expired anyway."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def spend(self, one: str, *, lasts_seconds: float) -> bool:
        """True for the first who spends this id. It stays spent for at least this long."""
        statement = self._database.insert(spent_ids).values(id=one, expires_at=now_seconds() + lasts_seconds)
        with self._database.write() as connection:
            connection.execute(sa.delete(spent_ids).where(spent_ids.c.expires_at < now_seconds()))
            first = connection.execute(statement.on_conflict_do_nothing().returning(spent_ids.c.id))
            return first.one_or_none() is not None

    def is_spent(self, one: str) -> bool:
        """Whether somebody has spent this id."""
        with self._database.read() as connection:
            return connection.execute(sa.select(spent_ids.c.id).where(spent_ids.c.id == one)).one_or_none() is not None
