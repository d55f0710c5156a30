"""Evidence that tests are flaky: each time that one both passed and failed at the same revision, once.

These are facts; what they mean for a test is decided elsewhere, from all of them together.
"""

import sqlalchemy as sa

from maestro.ledger.clock import moment
from maestro.ledger.engine import Database
from maestro.ledger.schema import SECONDS_PER_DAY, flips, now_seconds, test_digest
from maestro.model.flaky import Flip
from maestro.model.pull_request import PullRequest

REMEMBERED_DAYS = 60.0
"""A test that has not flipped for so long has been mended, or was never flaky."""


class Flips:
    """Flips by repository and tenant."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, tested: PullRequest, test: str, *, key: str, evidence: str, on_main: bool) -> bool:
        """Record that a test flipped at the head of ``tested``, under the key of what showed it; whether it was new.

        ``evidence`` is a sentence; ``on_main`` says that the head is a main branch's.
        """
        insert = self._database.insert(flips).values(
            tenant=tested.tenant,
            repo=tested.repo,
            test_digest=test_digest(test),
            key=key,
            test=test,
            revision=tested.head_sha,
            evidence=evidence,
            on_main=on_main,
            seen_at=now_seconds(),
        )
        with self._database.write() as connection:
            return connection.execute(insert.on_conflict_do_nothing().returning(flips.c.key)).one_or_none() is not None

    def of(self, repo: str, *, tenant: str = "default", days: float = REMEMBERED_DAYS) -> dict[str, tuple[Flip, ...]]:
        """The flips of each test within ``days``, oldest first."""
        query = (
            sa.select(flips)
            .where(
                flips.c.tenant == tenant,
                flips.c.repo == repo,
                flips.c.seen_at > now_seconds() - days * SECONDS_PER_DAY,
            )
            .order_by(flips.c.seen_at, flips.c.key)
        )
        found: dict[str, list[Flip]] = {}
        with self._database.read() as connection:
            for row in connection.execute(query):
                at = moment(row.seen_at)
                flip = Flip(revision=row.revision, evidence=row.evidence, on_main=row.on_main, at=at)
                found.setdefault(row.test, []).append(flip)
        return {test: tuple(found[test]) for test in sorted(found)}
