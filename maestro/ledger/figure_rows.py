"""What the figures read of many pull requests at once, and nothing else asks for. Reads only."""

import json
from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from maestro.ledger.engine import Database
from maestro.ledger.schema import conducted_heads, escapes, records
from maestro.model.pull_request import PullRequest
from maestro.model.record import RecordKind
from maestro.model.tracing import Escape

VERDICTS = (RecordKind.DECISION.value, RecordKind.EVIDENCE.value)
"""The kinds of record that say what was decided; a cancelled pull request has only the second."""

_AT_ONCE = 500
"""Ids in one query; both databases take more, and none of our answers needs it."""

HeadKey = tuple[str, str, str]
"""Repository, pull request and commit."""


class FigureRows:
    """Heads, escapes and whose they are, over all repositories and tenants."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def first_verdicts(self, *, after: int, repo: str | None, limit: int) -> tuple[HeadKey, ...]:
        """Heads of which nothing had been decided up to the record ``after``, and something was later; newest first."""
        earlier = records.alias("earlier")
        decided_before = sa.exists().where(
            earlier.c.repo == records.c.repo,
            earlier.c.pr == records.c.pr,
            earlier.c.sequence <= after,
            earlier.c.head_sha == records.c.head_sha,
            earlier.c.kind.in_(VERDICTS),
        )
        columns = (records.c.repo, records.c.pr, records.c.head_sha)
        query = sa.select(*columns).where(records.c.sequence > after, records.c.kind.in_(VERDICTS), ~decided_before)
        if repo is not None:
            query = query.where(records.c.repo == repo)
        newest_first = query.group_by(*columns).order_by(sa.func.min(records.c.sequence).desc()).limit(limit)
        with self._database.read() as connection:
            return tuple((row.repo, row.pr, row.head_sha) for row in connection.execute(newest_first))

    def conducted(self, workflow_ids: Collection[str]) -> dict[str, tuple[PullRequest, ...]]:
        """The pull requests behind workflow ids, as far as a plan was made for them: one per tenant."""
        found: defaultdict[str, list[PullRequest]] = defaultdict(list)
        wanted = sorted(workflow_ids)
        with self._database.read() as connection:
            for start in range(0, len(wanted), _AT_ONCE):
                query = sa.select(conducted_heads.c.pull_request, conducted_heads.c.body).where(
                    conducted_heads.c.pull_request.in_(wanted[start : start + _AT_ONCE])
                )
                for row in connection.execute(query.order_by(conducted_heads.c.tenant)):
                    # Not model_validate_json: it refuses names that are not UTF-8, which canonical JSON can carry.
                    found[row.pull_request].append(PullRequest.model_validate(json.loads(row.body)))
        return {workflow_id: tuple(pull_requests) for workflow_id, pull_requests in found.items()}

    def escapes(self, *, since: datetime) -> tuple[Escape, ...]:
        """Every escape that was found since then, oldest first."""
        query = sa.select(escapes.c.body).where(escapes.c.found_at >= since.timestamp())
        order = (escapes.c.found_at, escapes.c.head_sha, escapes.c.test_digest)
        with self._database.read() as connection:
            bodies = connection.execute(query.order_by(*order)).scalars().all()
        return tuple(Escape.model_validate(json.loads(body)) for body in bodies)
