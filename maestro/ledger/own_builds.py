"""Maestro's own runs as builds, beside the imported ones: what was tested, what it did, and what was changed."""

from collections.abc import Collection

import numpy as np
import sqlalchemy as sa

from maestro.errors import BadInput
from maestro.impact.history.builds import VERDICTS, Build
from maestro.ledger.build_tables import builds
from maestro.ledger.builds import Builds
from maestro.ledger.engine import Database
from maestro.ledger.schema import SECONDS_PER_DAY, now_seconds, outcomes, runs

ABANDONED_DAYS = 1.0
"""A run that nobody has finished after this time ended with the verdicts that it has."""

LONGEST_ATTEMPT = 6
"""Digits; a longer number at the end of a key counts no attempts."""

_CODES = {verdict: code for code, verdict in enumerate(VERDICTS)}


class OwnBuilds:
    """Packs runs. What a run has done so far can be packed again and again; the newest state stands."""

    def __init__(self, database: Database, builds: Builds) -> None:
        self._database = database
        self._builds = builds

    def finish(self, run_key: str, *, files: Collection[str] = ()) -> None:
        """Pack the run, with the files that its pull request changes. Raises BadInput where there is no such run."""
        with self._database.read() as connection:
            run = connection.execute(sa.select(runs).where(runs.c.run_key == run_key)).one_or_none()
            columns = (outcomes.c.test, outcomes.c.verdict, outcomes.c.duration_seconds)
            rows = connection.execute(sa.select(*columns).where(outcomes.c.run_key == run_key)).all()
        if run is None:
            raise BadInput("the history has no such run", field=run_key, fix="record the run's verdicts first")
        rows = sorted(rows, key=lambda row: str(row.test))
        build, retry = _build_and_retry(run_key)
        packed = Build(
            id=build,
            time=run.started_at,
            tests=np.arange(len(rows), dtype=np.int32),
            verdicts=np.array([_CODES[row.verdict] for row in rows], np.uint8),
            seconds=np.array([row.duration_seconds for row in rows], np.float32),
            files=tuple(files),
            revision=run.revision,
            environment=run.environment,
            retry=retry,
        )
        self._builds.put_run([row.test for row in rows], packed, run_key=run_key, repo=run.repo, tenant=run.tenant)

    def catch_up(self, repo: str, *, tenant: str = "default") -> int:
        """Pack the runs that nobody finished, once they are abandoned; returns how many that were."""
        unpacked = ~sa.exists().where(builds.c.run_key == runs.c.run_key)
        query = sa.select(runs.c.run_key).where(
            runs.c.tenant == tenant,
            runs.c.repo == repo,
            runs.c.started_at < now_seconds() - ABANDONED_DAYS * SECONDS_PER_DAY,
            unpacked,
        )
        with self._database.read() as connection:
            left = connection.execute(query.order_by(runs.c.started_at)).scalars().all()
        for run_key in left:
            self.finish(run_key)
        return len(left)


def _build_and_retry(run_key: str) -> tuple[str, int]:
    """A run's key ends with the number of the attempt; what is before it, all attempts at one head share."""
    build, _, attempt = run_key.rpartition("/")
    numbered = build and attempt.isascii() and attempt.isdigit() and len(attempt) <= LONGEST_ATTEMPT
    return (build, int(attempt)) if numbered else (run_key, 0)
