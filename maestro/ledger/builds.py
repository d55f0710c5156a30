"""Builds by repository and tenant, packed: what tests did in imported builds and in Maestro's own runs.

A build is kept once for its id, environment and retry. An import is there whole or not at all, and holds no lock
while it packs; a window is read a few builds at a time, however long the history is.
"""

import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from maestro.impact.history.assembly import join_retries
from maestro.impact.history.builds import Build, History
from maestro.impact.history.renames import follow_renames
from maestro.ledger.build_tables import build_series, build_tests, builds
from maestro.ledger.engine import Database
from maestro.ledger.packing import pack, same, unpack
from maestro.model.base import Model
from maestro.model.tests import SAMPLE_LIMIT

PAGE = 32
"""Builds that are read or sent together: at 10,000 tests each, some 3 MB unpacked."""


class Imported(Model):
    """How many builds came in, and how many were there already and stay as they were.

    ``differing`` names some of the latter whose import says something else: an id that was used for two builds, or an
    export that has grown.
    """

    new: int
    known: int
    differing: tuple[str, ...] = ()


class Builds:
    """The packed builds. A test's number never changes, so what is packed stays readable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, history: History, *, repo: str, tenant: str = "default") -> Imported:
        """Keep every build that is not there yet: all of them, or none. Again is the same as once."""
        dense = history.dense()
        series, numbers = self._numbered(dense.names, repo=repo, tenant=tenant, files=history.test_files)
        rows = [_row(build, numbers) for build in dense.builds]
        new = self._append(series, self._database.insert(builds).on_conflict_do_nothing(), rows)
        differing = self._differing(series, rows) if new < len(rows) else ()
        return Imported(new=new, known=len(rows) - new, differing=differing)

    def put_run(self, names: Sequence[str], build: Build, *, run_key: str, repo: str, tenant: str) -> None:
        """Keep the build of one of Maestro's own runs, in the place of what was kept of that run before."""
        series, numbers = self._numbered(names, repo=repo, tenant=tenant, files={})
        row = _row(build, numbers) | {"run_key": run_key}
        changing = {name: row[name] for name in ("revision", "time", "run_key", "files", "body")}
        insert = self._database.insert(builds)
        self._append(series, insert.on_conflict_do_update(index_elements=["series", "digest"], set_=changing), [row])

    def names(self, repo: str, *, tenant: str = "default") -> tuple[str, ...]:
        """Every test that was ever seen, in the order of the numbers that a window's builds have in ``tests``."""
        return tuple(self._test_files(repo, tenant))

    def window(
        self,
        repo: str,
        *,
        tenant: str = "default",
        last: int | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[Build]:
        """The ``last`` builds from ``since`` and before ``until``, oldest first, read as they are asked for.

        Each retry of a build is a build of its own here.
        """
        series = sa.select(build_series.c.id).where(build_series.c.tenant == tenant, build_series.c.repo == repo)
        within = builds.c.series == series.scalar_subquery()
        if since is not None:
            within &= builds.c.time >= since.timestamp()
        if until is not None:
            within &= builds.c.time < until.timestamp()
        if last is not None:
            within &= self._not_before(within, last)
        after: sa.ColumnElement[bool] = sa.true()
        while True:
            query = sa.select(builds).where(within, after).order_by(*_PLACE).limit(PAGE)
            # A transaction for each page: PostgreSQL would cut off a reader that takes its time between two.
            with self._database.read() as connection:
                rows = connection.execute(query).mappings().all()
            yield from map(_build, rows)
            if len(rows) < PAGE:
                return
            after = sa.tuple_(*_PLACE) > (rows[-1]["time"], rows[-1]["number"])

    def history(
        self,
        repo: str,
        *,
        tenant: str = "default",
        last: int | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> History:
        """The window in memory: retries joined to one build each, renamed tests followed."""
        found = tuple(join_retries(self.window(repo, tenant=tenant, last=last, since=since, until=until)))
        # After the builds: a name is there before the first build that has it.
        files = self._test_files(repo, tenant)
        known = {test: file for test, file in files.items() if file}
        return follow_renames(History(names=tuple(files), builds=found, test_files=known))

    def _not_before(self, within: sa.ColumnElement[bool], last: int) -> sa.ColumnElement[bool]:
        if last < 1:
            return sa.false()
        backwards = [column.desc() for column in _PLACE]
        query = sa.select(*_PLACE).where(within).order_by(*backwards).offset(last - 1).limit(1)
        with self._database.read() as connection:
            oldest = connection.execute(query).one_or_none()
        return sa.true() if oldest is None else sa.tuple_(*_PLACE) >= (oldest.time, oldest.number)

    def _test_files(self, repo: str, tenant: str) -> dict[str, str]:
        query = (
            sa.select(build_tests.c.test, build_tests.c.file)
            .join(build_series, build_series.c.id == build_tests.c.series)
            .where(build_series.c.tenant == tenant, build_series.c.repo == repo)
            .order_by(build_tests.c.number)
        )
        with self._database.read() as connection:
            return dict(connection.execute(query).all())

    def _numbered(
        self, names: Sequence[str], *, repo: str, tenant: str, files: Mapping[str, str]
    ) -> tuple[int, NDArray[np.int32]]:
        """The series, and the number of each name in it; a new name gets the next one."""
        with self._database.write() as connection:
            start = self._database.insert(build_series).values(tenant=tenant, repo=repo, tests=0, builds=0)
            connection.execute(start.on_conflict_do_nothing())
            mine = (build_series.c.tenant == tenant) & (build_series.c.repo == repo)
            # Locked until the end: whoever numbers tests of this series at the same time comes after.
            series = connection.execute(sa.select(build_series).where(mine).with_for_update()).one()
            query = sa.select(build_tests.c.test, build_tests.c.number).where(build_tests.c.series == series.id)
            numbers = dict(connection.execute(query).all())
            new = [name for name in names if name not in numbers]
            numbers |= {name: number for number, name in enumerate(new, start=series.tests)}
            rows = [
                {"series": series.id, "number": numbers[name], "test": name, "file": files.get(name, "")}
                for name in new
            ]
            if rows:
                connection.execute(sa.insert(build_tests), rows)
                connection.execute(sa.update(build_series).where(mine).values(tests=series.tests + len(rows)))
        return series.id, np.array([numbers[name] for name in names], np.int32)

    def _append(self, series: int, statement: sa.Insert, rows: Sequence[Mapping[str, object]]) -> int:
        """Insert the rows at the end of the series; returns how many were inserted or changed."""
        if not rows:
            return 0
        mine = build_series.c.id == series
        returning = statement.returning(builds.c.number).execution_options(insertmanyvalues_page_size=PAGE)
        with self._database.write() as connection:
            end = connection.execute(sa.select(build_series.c.builds).where(mine).with_for_update()).scalar_one()
            connection.execute(sa.update(build_series).where(mine).values(builds=end + len(rows)))
            placed = [{**row, "series": series, "number": number} for number, row in enumerate(rows, start=end)]
            return len(connection.execute(returning, placed).all())

    def _differing(self, series: int, rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
        """The first few of the rows that are kept with another time or other outcomes."""
        found: list[str] = []
        for start in range(0, len(rows), PAGE):
            page = {row["digest"]: row for row in rows[start : start + PAGE]}
            query = sa.select(builds).where(builds.c.series == series, builds.c.digest.in_(page))
            with self._database.read() as connection:
                kept = connection.execute(query.order_by(*_PLACE)).all()
            for build in kept:
                wanted = page[build.digest]
                if build.time != wanted["time"] or not same(build.body, wanted["body"]):
                    found.append(build.build)
            if len(found) >= SAMPLE_LIMIT:
                break
        return tuple(found[:SAMPLE_LIMIT])


_PLACE = builds.c.time, builds.c.number
"""The order of a series; the number decides between builds of one time."""


def _row(build: Build, numbers: NDArray[np.int32]) -> dict[str, object]:
    tests = numbers[build.tests]
    order = np.argsort(tests)
    identity = json.dumps([build.id, build.environment, build.retry])
    return {
        # The key: an id can be longer than what PostgreSQL can index.
        "digest": hashlib.sha256(identity.encode()).digest(),
        "build": build.id,
        "environment": build.environment,
        "retry": build.retry,
        "revision": build.revision,
        "time": build.time,
        "run_key": None,
        "files": zlib.compress(json.dumps(build.files).encode()),
        "body": pack(tests[order], build.verdicts[order], build.seconds[order], flaky=np.sort(numbers[build.flaky])),
    }


def _build(row: sa.RowMapping) -> Build:
    tests, verdicts, seconds, flaky = unpack(row["body"])
    return Build(
        id=row["build"],
        time=row["time"],
        tests=tests,
        verdicts=verdicts,
        seconds=seconds,
        files=tuple(json.loads(zlib.decompress(row["files"]))),
        revision=row["revision"],
        environment=row["environment"],
        retry=row["retry"],
        flaky=flaky,
    )
