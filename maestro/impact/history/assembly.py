"""Puts rows together to builds, in whatever order they come: 9 bytes a row until the last one is read.

Rows of the same test in one build are one verdict: the last that is no skip. Pass and failure together are evidence
that the test is flaky.
"""

import itertools
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from maestro.impact.history.builds import ERROR, FAIL, PASS, SKIP, Build, History, Problems, Remark

NAMED_EXAMPLES = 5
"""Bad rows of one kind that are named; all are counted."""


class Remarks:
    """Counts what is odd, by kind, and names the first few of each."""

    def __init__(self) -> None:
        self._counts: defaultdict[str, int] = defaultdict(int)
        self._examples: defaultdict[str, list[str]] = defaultdict(list)

    def add(self, what: str, example: str = "", *, count: int = 1) -> None:
        self._counts[what] += count
        if example and len(self._examples[what]) < NAMED_EXAMPLES:
            self._examples[what].append(example)

    def __iter__(self) -> Iterator[Remark]:
        """The most frequent kind first."""
        for what in sorted(self._counts, key=lambda what: -self._counts[what]):
            yield Remark(what, self._counts[what], tuple(self._examples[what]))

    @property
    def count(self) -> int:
        return sum(self._counts.values())


@dataclass
class Draft:
    """A build while its rows are read. ``time`` is the earliest of its rows'."""

    id: str
    time: float
    environment: str = ""
    retry: int = 0
    revision: str = ""
    files: tuple[str, ...] = ()
    tests: "array[int]" = field(default_factory=lambda: array("i"))
    verdicts: bytearray = field(default_factory=bytearray)
    seconds: "array[float]" = field(default_factory=lambda: array("f"))

    def add(self, test: int, verdict: int, seconds: float) -> None:
        self.tests.append(test)
        self.verdicts.append(verdict)
        self.seconds.append(seconds)


class Assembly:
    """Every build in the making, and the numbers of the tests. ``universe`` are tests that are known to exist."""

    def __init__(self, universe: Sequence[str] = ()) -> None:
        self.numbers: dict[str, int] = {name: number for number, name in enumerate(dict.fromkeys(universe))}
        self.left_out = Remarks()
        self.notes = Remarks()
        self._drafts: dict[tuple[str, str, int], Draft] = {}

    def number(self, test: str) -> int:
        """The number of a test, a new one for a new test."""
        return self.numbers.setdefault(test, len(self.numbers))

    def draft(self, build: str, time: float, *, environment: str = "", retry: int = 0) -> Draft:
        """The build of this id, environment and retry."""
        key = build, environment, retry
        draft = self._drafts.get(key)
        if draft is None:
            draft = self._drafts[key] = Draft(build, time, environment, retry)
        draft.time = min(draft.time, time)
        return draft

    def history(
        self, *, rows: int, test_files: Mapping[str, str] | None = None, passes_may_be_missing: bool = False
    ) -> History:
        """The finished builds in time order; the drafts are used up.

        With ``passes_may_be_missing`` a history in which nothing passes is one of failing tests only, a sparse one.
        """
        self._note_clock()
        # Each draft goes before the next is finished: a large history must not be in memory twice.
        builds = in_time_order(join_retries(self._finish(self._drafts.pop(key)) for key in list(self._drafts)))
        sparse = passes_may_be_missing and not any((build.verdicts == PASS).any() for build in builds)
        if sparse and any(build.tests.size for build in builds):
            self.notes.add("history has rows of failing tests only: every known test counts as having run each time")
        return History(
            names=tuple(self.numbers),
            builds=builds,
            problems=Problems(rows, tuple(self.left_out), tuple(self.notes)),
            sparse=sparse,
            test_files=test_files or {},
        )

    def _finish(self, draft: Draft) -> Build:
        build = Build(
            id=draft.id,
            time=draft.time,
            tests=np.frombuffer(draft.tests, np.int32),
            verdicts=np.frombuffer(draft.verdicts, np.uint8),
            seconds=np.frombuffer(draft.seconds, np.float32),
            files=draft.files,
            revision=draft.revision,
            environment=draft.environment,
            retry=draft.retry,
        )
        settled = settle(build)
        repeated = build.tests.size - settled.tests.size
        if settled.flaky.size:
            self.notes.add(
                "test both failed and passed in one build: flaky", f"build {draft.id}", count=settled.flaky.size
            )
        if repeated > settled.flaky.size:
            what = "row says again what another said of the same test and build: counted once"
            self.notes.add(what, f"build {draft.id}", count=repeated - settled.flaky.size)
        return settled

    def _note_clock(self) -> None:
        drafts = list(self._drafts.values())
        pairs = list(itertools.pairwise(drafts))
        for earlier, later in pairs:
            if later.time < earlier.time:
                self.notes.add(
                    "build is earlier than the one before it: ordered by time",
                    f"build {later.id} after build {earlier.id}",
                )
        if pairs and all(earlier.time == later.time for earlier, later in pairs):
            self.notes.add("history has one time for all builds: in the order of their first rows")


def in_time_order(builds: Iterable[Build]) -> tuple[Build, ...]:
    """Oldest first; builds of one time stay in the order given."""
    return tuple(sorted(builds, key=lambda build: build.time))


def join_retries(builds: Iterable[Build]) -> list[Build]:
    """One build for all retries of the same id, revision and environment, in the place of the first.

    A test that failed in one retry and passed in another is flaky in the joined build.
    """
    groups: defaultdict[tuple[str, str, str], list[Build]] = defaultdict(list)
    for build in builds:
        groups[build.id, build.revision, build.environment].append(build)
    return [_joined(sorted(group, key=lambda build: build.retry)) for group in groups.values()]


def _joined(retries: Sequence[Build]) -> Build:
    if len(retries) == 1:
        return retries[0]
    return settle(
        Build(
            id=retries[0].id,
            time=min(build.time for build in retries),
            tests=np.concatenate([build.tests for build in retries]),
            verdicts=np.concatenate([build.verdicts for build in retries]),
            seconds=np.concatenate([build.seconds for build in retries]),
            files=tuple(dict.fromkeys(file for build in retries for file in build.files)),
            revision=retries[0].revision,
            environment=retries[0].environment,
            retry=retries[-1].retry,
            flaky=np.concatenate([build.flaky for build in retries]),
        )
    )


def settle(build: Build) -> Build:
    """The same build with each test once, rising; what was said of a test more than once is decided, see above."""
    order = np.argsort(build.tests, kind="stable")
    tests, verdicts, seconds = build.tests[order], build.verdicts[order], build.seconds[order]
    first = np.flatnonzero(np.r_[True, tests[1:] != tests[:-1]]) if tests.size else order
    flaky: NDArray[np.int32] = np.unique(build.flaky)
    if first.size < tests.size:
        last = np.r_[first[1:], tests.size] - 1
        told = np.maximum.reduceat(np.where(verdicts == SKIP, -1, np.arange(tests.size)), first)
        chosen = np.where(told >= 0, told, last)
        red = (verdicts == FAIL) | (verdicts == ERROR)
        both = np.logical_or.reduceat(verdicts == PASS, first) & np.logical_or.reduceat(red, first)
        flaky = np.union1d(flaky, tests[first[both]])
        tests, verdicts, seconds = tests[chosen], verdicts[chosen], seconds[chosen]
    return Build(
        id=build.id,
        time=build.time,
        tests=tests,
        verdicts=verdicts,
        seconds=seconds,
        files=build.files,
        revision=build.revision,
        environment=build.environment,
        retry=build.retry,
        flaky=flaky.astype(np.int32),
    )
