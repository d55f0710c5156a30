"""The history of a repository's tests as values: a build is three columns, a history is its builds in time order."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

VERDICTS: Final = ("pass", "fail", "error", "skip")
"""A verdict's code is its place here."""

PASS, FAIL, ERROR, SKIP = range(len(VERDICTS))


def no_tests() -> NDArray[np.int32]:
    return np.empty(0, np.int32)


@dataclass(frozen=True, eq=False)
class Build:
    """What the tests of one build did. ``time`` is in seconds since the epoch, ``retry`` counts its reruns from 0.

    ``tests`` has indices into ``History.names``, rising, each once; ``verdicts`` their codes; ``seconds`` finite and
    not negative, 0 where nobody measured. ``files`` are the changed files. ``flaky`` are the tests that both failed
    and passed in this build.
    """

    id: str
    time: float
    tests: NDArray[np.int32]
    verdicts: NDArray[np.uint8]
    seconds: NDArray[np.float32]
    files: tuple[str, ...] = ()
    revision: str = ""
    environment: str = ""
    retry: int = 0
    flaky: NDArray[np.int32] = field(default_factory=no_tests)

    @property
    def failed(self) -> NDArray[np.int32]:
        """The tests that failed or broke off, without those that also passed in this build."""
        red: NDArray[np.int32] = self.tests[(self.verdicts == FAIL) | (self.verdicts == ERROR)]
        return np.setdiff1d(red, self.flaky, assume_unique=True) if self.flaky.size else red


@dataclass(frozen=True)
class Remark:
    """Something odd about an input: what, how often, and where it was met first."""

    what: str
    count: int
    examples: tuple[str, ...] = ()

    def __str__(self) -> str:
        where = f" ({'; '.join(self.examples)}{'; …' if self.count > len(self.examples) else ''})"
        return f"{self.count} × {self.what}{where if self.examples else ''}"  # noqa: RUF001 - a multiplication sign


@dataclass(frozen=True)
class Problems:
    """What an importer has to say: ``rows`` it met, what it left out of them, and what it did with the rest."""

    rows: int = 0
    left_out: tuple[Remark, ...] = ()
    notes: tuple[Remark, ...] = ()

    @property
    def left_out_count(self) -> int:
        """How many rows are not in the history."""
        return sum(remark.count for remark in self.left_out)


@dataclass(frozen=True, eq=False)
class History:
    """Builds in time order, and the names that their ``tests`` point into.

    ``sparse`` is True where only failing tests have rows: then every name counts as having run in each build.
    ``test_files`` has the file of a test where an importer knows it.
    """

    names: tuple[str, ...] = ()
    builds: tuple[Build, ...] = ()
    problems: Problems = Problems()
    sparse: bool = False
    test_files: Mapping[str, str] = field(default_factory=dict)

    @property
    def has_seconds(self) -> bool:
        return any(build.seconds.any() for build in self.builds)

    @property
    def has_files(self) -> bool:
        return any(build.files for build in self.builds)

    @property
    def outcomes(self) -> int:
        """How many verdicts there are in all."""
        return sum(build.tests.size for build in self.builds)

    def dense(self) -> "History":
        """The same history with a row for each test that ran; of a sparse one, what has no row passed, and nothing is
        measured: durations of failing tests alone would make them the whole cost of a build.
        """
        if not self.sparse:
            return self
        return replace(self, sparse=False, builds=tuple(_filled(build, len(self.names)) for build in self.builds))

    def noting(self, *remarks: Remark) -> "History":
        """The same history with more notes."""
        return replace(self, problems=replace(self.problems, notes=(*self.problems.notes, *remarks)))


def _filled(build: Build, tests: int) -> Build:
    verdicts = np.full(tests, PASS, np.uint8)
    seconds = np.zeros(tests, np.float32)
    verdicts[build.tests] = build.verdicts
    return replace(build, tests=np.arange(tests, dtype=np.int32), verdicts=verdicts, seconds=seconds)
