"""What the day left to the night: tests that a pull request did not run, until a run has a verdict for them."""

import json
from collections import defaultdict
from collections.abc import Collection

import sqlalchemy as sa

from maestro.canonical import canonical_json
from maestro.errors import BadInput
from maestro.ledger.engine import Database
from maestro.ledger.schema import (
    SECONDS_PER_DAY,
    conducted_heads,
    night_debts,
    now_seconds,
    outcomes,
    runs,
    test_digest,
)
from maestro.model.base import Model
from maestro.model.pull_request import PullRequest

REMEMBERED_DAYS = 14.0
"""A repository that was not conducted for so long is left in peace at night, and so are its heads."""


class Debtor(Model):
    """A head that was conducted, and the tests that it owes the night."""

    pull_request: PullRequest
    tests: tuple[str, ...]


class NightDebts:
    """Tests owed to the nightly run, by repository and tenant, each with the pull requests that left it out."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def leave_out(self, pull_request: PullRequest, tests: Collection[str]) -> int:
        """Owe the night these tests on behalf of this head; returns how many are new. Again is the same as once.

        A head that left nothing out is remembered too: its repository's main branch has its turn at night.
        """
        rows = [
            {
                "tenant": pull_request.tenant,
                "repo": pull_request.repo,
                "test_digest": test_digest(test),
                "test": test,
                "pull_request": pull_request.workflow_id,
            }
            for test in sorted(set(tests))
        ]
        insert = self._database.insert(night_debts).values(owed_at=now_seconds())
        statement = insert.on_conflict_do_nothing().returning(night_debts.c.test)
        with self._database.write() as connection:
            self._remember(connection, pull_request)
            return len(connection.execute(statement, rows).all()) if rows else 0

    def debtors(self, *, days: float = REMEMBERED_DAYS) -> tuple[Debtor, ...]:
        """Every head conducted within ``days``, oldest first, with the tests that it still owes (also none)."""
        since = now_seconds() - days * SECONDS_PER_DAY
        heads = sa.select(conducted_heads).where(conducted_heads.c.conducted_at > since)
        debts = sa.select(*(night_debts.c[name] for name in (*_HEAD, "test"))).where(night_debts.c.settled_by.is_(None))
        with self._database.read() as connection:
            found = connection.execute(heads.order_by(conducted_heads.c.conducted_at)).all()
            owed: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
            for *head, test in connection.execute(debts):
                owed[tuple(head)].append(test)
        return tuple(
            Debtor(
                pull_request=_head(row.body),
                tests=tuple(sorted(owed[row.tenant, row.repo, row.pull_request])),
            )
            for row in found
        )

    def heads(self, repo: str, *, tenant: str = "default", days: float = REMEMBERED_DAYS) -> tuple[PullRequest, ...]:
        """Every head of a repository that was conducted within ``days``, oldest first."""
        query = (
            sa.select(conducted_heads.c.body)
            .where(
                conducted_heads.c.tenant == tenant,
                conducted_heads.c.repo == repo,
                conducted_heads.c.conducted_at > now_seconds() - days * SECONDS_PER_DAY,
            )
            .order_by(conducted_heads.c.conducted_at)
        )
        with self._database.read() as connection:
            return tuple(_head(body) for body in connection.execute(query).scalars())

    def left_out(self, pull_request: PullRequest) -> frozenset[str]:
        """Every test that this head left out, also those that have had their verdict since."""
        query = sa.select(night_debts.c.test).where(
            night_debts.c.tenant == pull_request.tenant,
            night_debts.c.repo == pull_request.repo,
            night_debts.c.pull_request == pull_request.workflow_id,
        )
        with self._database.read() as connection:
            return frozenset(connection.execute(query).scalars())

    def owed(self, repo: str, *, tenant: str = "default") -> dict[str, tuple[str, ...]]:
        """Every test that is owed, in order, with the workflow ids of the pull requests that left it out."""
        query = sa.select(night_debts.c.test, night_debts.c.pull_request).where(
            night_debts.c.tenant == tenant, night_debts.c.repo == repo, night_debts.c.settled_by.is_(None)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        found: defaultdict[str, list[str]] = defaultdict(list)
        for test, pull_request in sorted(tuple(row) for row in rows):
            found[test].append(pull_request)
        return {test: tuple(pull_requests) for test, pull_requests in found.items()}

    def settle(self, run_key: str, *, pull_request: PullRequest | None = None) -> int:
        """Settle what the run has verdicts for, and return how many debts that were. Again settles nothing twice.

        A debt that was made after the run began stays: the run may not have seen that code. ``pull_request`` restricts
        the settlement to its own debts, for a run of its own head after an escalation. Raises BadInput where the run
        is not known.
        """
        with self._database.write() as connection:
            run = connection.execute(sa.select(runs).where(runs.c.run_key == run_key)).one_or_none()
            if run is None:
                raise BadInput("the history has no such run", field=run_key, fix="record the run's verdicts first")
            tested = sa.select(outcomes.c.test_digest).where(outcomes.c.run_key == run_key)
            statement = sa.update(night_debts).where(
                night_debts.c.tenant == run.tenant,
                night_debts.c.repo == run.repo,
                night_debts.c.settled_by.is_(None),
                night_debts.c.owed_at <= run.started_at,
                night_debts.c.test_digest.in_(tested),
            )
            if pull_request is not None:
                statement = statement.where(night_debts.c.pull_request == pull_request.workflow_id)
            settled = connection.execute(statement.values(settled_by=run_key).returning(night_debts.c.test))
            return len(settled.all())

    def _remember(self, connection: sa.Connection, pull_request: PullRequest) -> None:
        now = {"body": canonical_json(pull_request), "conducted_at": now_seconds()}
        statement = self._database.insert(conducted_heads).values(
            tenant=pull_request.tenant, repo=pull_request.repo, pull_request=pull_request.workflow_id, **now
        )
        key = [conducted_heads.c[name] for name in _HEAD]
        connection.execute(statement.on_conflict_do_update(index_elements=key, set_=now))


def _head(body: str) -> PullRequest:
    # Not model_validate_json: it refuses names that are not UTF-8, which canonical JSON can carry.
    return PullRequest.model_validate(json.loads(body))


_HEAD = ("tenant", "repo", "pull_request")
"""What tells heads apart: tenants may give different repositories the same name."""
