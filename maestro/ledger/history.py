"""Test history: each verdict of a run is recorded exactly once, and what past runs say about a test.

A run is known by its business key; its shards may record at the same time, each under its own lease.
"""

import statistics
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa

from maestro.errors import Conflict
from maestro.ledger.clock import moment
from maestro.ledger.engine import Database
from maestro.ledger.leases import Lease, require_valid
from maestro.ledger.schema import (
    RECENT_DURATIONS,
    SECONDS_PER_DAY,
    now_seconds,
    outcomes,
    runs,
    test_digest,
    test_summaries,
)
from maestro.model.base import Model
from maestro.model.tests import TestOutcome, Verdict

FAILING_DAYS = 7.0
"""A test that failed within this time counts as recently failing."""

_AGES = tuple(f"seconds_{age}" for age in range(1, RECENT_DURATIONS + 1))


class TestRun(Model):
    """One run of tests: ``key`` is its business key, ``revision`` the commit, ``environment`` the environment's key."""

    __test__ = False

    key: str
    repo: str
    tenant: str = "default"
    revision: str
    environment: str = ""


class History:
    """Verdicts by run, durations and failures by repository and tenant."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, run: TestRun) -> None:
        """Note the run and, by the ledger's clock, its start. Again is the same as once.

        Raises Conflict where the key stands for a run of something else.
        """
        with self._database.write() as connection:
            self._note(connection, run)

    def record(self, run: TestRun, verdicts: Sequence[TestOutcome], *, lease: Lease) -> int:
        """Record the verdicts that the run does not have yet, all or none, and return how many those were.

        The first verdict of a test stands, whatever comes later. Raises StaleFence where the lease is lost, Conflict
        where the key stands for a run of something else.
        """
        with self._database.write() as connection:
            require_valid(connection, lease)
            self._note(connection, run)
            first = {verdict.test: verdict for verdict in reversed(verdicts)}
            # One order for all, so that two shards that record the same tests never wait for each other in a circle.
            ordered = [first[test] for test in sorted(first)]
            new = self._insert(connection, run, ordered, fence=lease.fence)
            self._summarise(connection, run, [verdict for verdict in ordered if verdict.test in new])
            return len(new)

    def outcomes(self, run_key: str) -> dict[str, TestOutcome]:
        """Every recorded verdict of a run, by test, in the order of their ids; empty for a run that nobody began."""
        query = sa.select(outcomes).where(outcomes.c.run_key == run_key)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        found = (
            TestOutcome(
                test=row.test,
                verdict=Verdict(row.verdict),
                duration_seconds=row.duration_seconds,
                message=row.message,
            )
            for row in rows
        )
        return {outcome.test: outcome for outcome in sorted(found, key=lambda outcome: outcome.test)}

    def durations(
        self, repo: str, tests: Collection[str] | None = None, *, tenant: str = "default"
    ) -> dict[str, float]:
        """Expected seconds of each test that ran before: the median of its last passes and failures.

        ``tests`` restricts the answer; a test that never ran is not in it.
        """
        columns = (test_summaries.c[name] for name in ("test", *_AGES))
        with self._database.read() as connection:
            rows = connection.execute(sa.select(*columns).where(*_of(repo, tenant))).all()
        wanted = None if tests is None else frozenset(tests)
        known = {row[0]: [seconds for seconds in row[1:] if seconds is not None] for row in rows}
        return {
            test: statistics.median(seconds)
            for test, seconds in sorted(known.items())
            if seconds and (wanted is None or test in wanted)
        }

    def recent_failures(self, repo: str, *, tenant: str = "default", days: float = FAILING_DAYS) -> dict[str, str]:
        """Tests that failed within ``days``, also where they passed since, each with the reason as a sentence."""
        columns = (test_summaries.c[name] for name in ("test", "last_failed_at", "last_failed_revision"))
        since = now_seconds() - days * SECONDS_PER_DAY
        query = sa.select(*columns).where(*_of(repo, tenant), test_summaries.c.last_failed_at > since)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return {
            test: f"failed at {revision[:12]} on {moment(failed_at):%Y-%m-%d %H:%M} UTC"
            for test, failed_at, revision in sorted(tuple(row) for row in rows)
        }

    def last_runs(self, repo: str, *, tenant: str = "default") -> dict[str, datetime]:
        """When each test that ever ran did so last: the start of that run. Reads all outcomes of the repository."""
        query = (
            sa.select(sa.func.max(outcomes.c.test), sa.func.max(runs.c.started_at))
            .join(runs, runs.c.run_key == outcomes.c.run_key)
            .where(runs.c.tenant == tenant, runs.c.repo == repo)
            .group_by(outcomes.c.test_digest)
        )
        with self._database.read() as connection:
            return {test: moment(at) for test, at in connection.execute(query)}

    def passes(
        self, repo: str, tests: Collection[str], *, revisions: Collection[str], tenant: str = "default"
    ) -> dict[str, frozenset[str]]:
        """At which of ``revisions`` each of ``tests`` has passed; a test that passed at none is not in it.

        Both are sent to the database whole: ask for tens of tests and hundreds of revisions.
        """
        query = (
            sa.select(outcomes.c.test, runs.c.revision)
            .join(runs, runs.c.run_key == outcomes.c.run_key)
            .where(
                runs.c.tenant == tenant,
                runs.c.repo == repo,
                runs.c.revision.in_(revisions),
                outcomes.c.test_digest.in_([test_digest(test) for test in tests]),
                outcomes.c.verdict == Verdict.PASS.value,
            )
        )
        found: defaultdict[str, set[str]] = defaultdict(set)
        with self._database.read() as connection:
            for test, revision in connection.execute(query):
                found[test].add(revision)
        return {test: frozenset(found[test]) for test in sorted(found)}

    def _note(self, connection: sa.Connection, run: TestRun) -> None:
        identity = {"tenant": run.tenant, "repo": run.repo, "revision": run.revision, "environment": run.environment}
        statement = self._database.insert(runs).values(run_key=run.key, started_at=now_seconds(), **identity)
        connection.execute(statement.on_conflict_do_nothing())
        known = connection.execute(sa.select(runs).where(runs.c.run_key == run.key)).mappings().one()
        differing = [name for name, value in identity.items() if known[name] != value]
        if differing:
            raise Conflict(
                f"the run is recorded with another {differing[0]}: {known[differing[0]]}",
                field=run.key,
                fix="give each run of other code, or elsewhere, a key of its own",
            )

    def _insert(
        self, connection: sa.Connection, run: TestRun, verdicts: Sequence[TestOutcome], *, fence: int
    ) -> frozenset[str]:
        rows = [
            {
                "run_key": run.key,
                "test_digest": test_digest(verdict.test),
                "test": verdict.test,
                "verdict": verdict.verdict.value,
                "duration_seconds": verdict.duration_seconds,
                "message": verdict.message,
                "fence": fence,
            }
            for verdict in verdicts
        ]
        if not rows:
            return frozenset()
        statement = self._database.insert(outcomes).on_conflict_do_nothing().returning(outcomes.c.test)
        return frozenset(connection.execute(statement, rows).scalars())

    def _summarise(self, connection: sa.Connection, run: TestRun, verdicts: Sequence[TestOutcome]) -> None:
        """Push the durations through the last few of each test, and note the failures. A skip says nothing."""
        telling = [verdict for verdict in verdicts if verdict.verdict is not Verdict.SKIP]
        if not telling:
            return
        now = connection.execute(sa.select(now_seconds())).scalar_one()
        statement = self._database.insert(test_summaries)
        shifts = {
            age: sa.case((statement.excluded[_AGES[0]].is_(None), test_summaries.c[age]), else_=younger)
            for age, younger in zip(_AGES, (statement.excluded[_AGES[0]], *_COLUMNS), strict=False)
        }
        failures = {
            name: sa.func.coalesce(statement.excluded[name], test_summaries.c[name])
            for name in ("last_failed_at", "last_failed_revision")
        }
        upsert = statement.on_conflict_do_update(index_elements=_KEY, set_=shifts | failures)
        # Returning makes SQLAlchemy send a thousand rows at a time; without it, psycopg sends each on its own.
        connection.execute(
            upsert.returning(test_summaries.c.test_digest), [_summary(run, verdict, now) for verdict in telling]
        )


_COLUMNS = tuple(test_summaries.c[age] for age in _AGES)
_KEY = [test_summaries.c[name] for name in ("tenant", "repo", "test_digest")]


def _summary(run: TestRun, verdict: TestOutcome, now: float) -> dict[str, object]:
    ran = verdict.verdict in {Verdict.PASS, Verdict.FAIL}
    failed = verdict.verdict in {Verdict.FAIL, Verdict.ERROR}
    return {
        "tenant": run.tenant,
        "repo": run.repo,
        "test_digest": test_digest(verdict.test),
        "test": verdict.test,
        _AGES[0]: verdict.duration_seconds if ran else None,
        "last_failed_at": now if failed else None,
        "last_failed_revision": run.revision if failed else None,
    }


def _of(repo: str, tenant: str) -> tuple[sa.ColumnElement[bool], ...]:
    return test_summaries.c.tenant == tenant, test_summaries.c.repo == repo
