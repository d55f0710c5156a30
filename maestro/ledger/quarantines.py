"""Quarantines: flaky tests whose failures do not block until a date, each with its evidence and an owner."""

import json
from datetime import datetime

import sqlalchemy as sa

from maestro.canonical import canonical_json
from maestro.ledger.clock import moment
from maestro.ledger.effects import Also
from maestro.ledger.engine import Database
from maestro.ledger.schema import now_seconds, quarantines, test_digest
from maestro.model.flaky import Quarantine


class Quarantines:
    """Quarantines by repository and tenant. They end by the ledger's clock, without anybody's doing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def enter(self, quarantine: Quarantine, *, key: str, also: Also | None = None) -> bool:
        """Record a quarantine under its business key, and run ``also`` in the same transaction; whether it was new."""
        insert = self._database.insert(quarantines).values(
            tenant=quarantine.tenant,
            repo=quarantine.repo,
            test_digest=test_digest(quarantine.test),
            key=key,
            body=canonical_json(quarantine),
            entered_at=quarantine.entered_at.timestamp(),
            expires_at=quarantine.expires_at.timestamp(),
        )
        with self._database.write() as connection:
            statement = insert.on_conflict_do_nothing().returning(quarantines.c.key)
            new = connection.execute(statement).one_or_none() is not None
            if new and also is not None:
                also(connection)
        return new

    def standing(self, repo: str, *, tenant: str = "default") -> dict[str, Quarantine]:
        """What is in quarantine now, by test."""
        query = (
            sa.select(quarantines.c.body)
            .where(
                quarantines.c.tenant == tenant,
                quarantines.c.repo == repo,
                quarantines.c.expires_at > now_seconds(),
            )
            .order_by(quarantines.c.entered_at)
        )
        with self._database.read() as connection:
            # Not model_validate_json: it refuses names that are not UTF-8, which canonical JSON can carry.
            found = [Quarantine.model_validate(json.loads(body)) for body in connection.execute(query).scalars()]
        return {quarantine.test: quarantine for quarantine in found}

    def last_entered(self, repo: str, test: str, *, tenant: str = "default") -> datetime | None:
        """When a test was last put into quarantine, also where that has ended; None where it never was."""
        query = sa.select(sa.func.max(quarantines.c.entered_at)).where(
            quarantines.c.tenant == tenant,
            quarantines.c.repo == repo,
            quarantines.c.test_digest == test_digest(test),
        )
        with self._database.read() as connection:
            found = connection.execute(query).scalar_one()
        return None if found is None else moment(found)
