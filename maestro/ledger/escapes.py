"""Escapes: failures that were merged or decided green, each once, with the files of the pull request that owes it.

What escaped once is a reason to run the test whenever one of those files changes again, whatever a model says.
"""

import json
from collections import defaultdict

import sqlalchemy as sa

from maestro.canonical import canonical_json
from maestro.ledger.effects import Also
from maestro.ledger.engine import Database
from maestro.ledger.schema import SECONDS_PER_DAY, escapes, now_seconds, test_digest
from maestro.model.tracing import Escape, PastEscape

REMEMBERED_DAYS = 365.0
"""An escape that is older says little about the code of today."""


class Escapes:
    """Escapes by repository and tenant."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, escape: Escape, *, also: Also | None = None) -> bool:
        """Record an escape, and run ``also`` in the same transaction, unless it is known; returns whether it was new.

        It is known by its test and by the head that owes it: two nights that trace the same failure record it once.
        """
        row = {
            "tenant": escape.tenant,
            "repo": escape.repo,
            "pr": escape.pr,
            "head_sha": escape.head_sha,
            "test_digest": test_digest(escape.test),
            "body": canonical_json(escape),
        }
        insert = self._database.insert(escapes).values(**row, found_at=now_seconds())
        with self._database.write() as connection:
            new = connection.execute(insert.on_conflict_do_nothing().returning(escapes.c.pr)).one_or_none() is not None
            if new and also is not None:
                also(connection)
        return new

    def list(self, repo: str, *, tenant: str = "default", days: float = REMEMBERED_DAYS) -> tuple[Escape, ...]:
        """Every escape found within ``days``, oldest first."""
        query = (
            sa.select(escapes.c.body)
            .where(
                escapes.c.tenant == tenant,
                escapes.c.repo == repo,
                escapes.c.found_at > now_seconds() - days * SECONDS_PER_DAY,
            )
            .order_by(escapes.c.found_at, escapes.c.head_sha, escapes.c.test_digest)
        )
        with self._database.read() as connection:
            bodies = connection.execute(query).scalars().all()
        # Not model_validate_json: it refuses names that are not UTF-8, which canonical JSON can carry.
        return tuple(Escape.model_validate(json.loads(body)) for body in bodies)

    def of(self, repo: str, *, tenant: str = "default") -> dict[str, tuple[PastEscape, ...]]:
        """What a selection needs: for each test that escaped, who owed it and which files had changed."""
        found: defaultdict[str, list[PastEscape]] = defaultdict(list)
        for escape in self.list(repo, tenant=tenant):
            found[escape.test].append(PastEscape(owner=escape.owner, files=frozenset(escape.changed_files)))
        return {test: tuple(past) for test, past in sorted(found.items())}
