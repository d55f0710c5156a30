"""What the day left to the night: tests that a pull request did not run, until a run has a verdict for them."""

from collections import defaultdict
from collections.abc import Collection

import sqlalchemy as sa

from maestro.errors import BadInput
from maestro.ledger.engine import Database
from maestro.ledger.schema import night_debts, now_seconds, outcomes, runs, test_digest
from maestro.model.pull_request import PullRequest


class NightDebts:
    """Tests owed to the nightly run, by repository and tenant, each with the pull requests that left it out."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def leave_out(self, pull_request: PullRequest, tests: Collection[str]) -> int:
        """Owe the night these tests on behalf of this head; returns how many are new. Again is the same as once."""
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
        if not rows:
            return 0
        insert = self._database.insert(night_debts).values(owed_at=now_seconds())
        statement = insert.on_conflict_do_nothing().returning(night_debts.c.test)
        with self._database.write() as connection:
            return len(connection.execute(statement, rows).all())

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
