"""What is remembered of each test from build to build, and the features that it gives before the next one.

A track is read before a build and told its outcome after it, so that nothing of a build is ever used to predict it.
Every step is a few array operations over the tests of one build.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maestro.impact.history.builds import ERROR, FAIL, SKIP, Build
from maestro.impact.risk.folders import folders_of
from maestro.impact.risk.related import Related

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

HALF_LIVES: Final = (3.0, 15.0, 60.0)
"""In runs of the test: the last few, the last weeks, the long run."""

POOLED_RUNS: Final = 20.0
"""Runs that a folder's rate is worth for a test, and the repository's for a folder: the strength of partial pooling."""

SMALLEST_RATE: Final = 1e-3
NEVER: Final = 999.0

FEATURES: Final = (
    ("intercept", "1"),
    ("rate", "log of the test's failure rate, pooled with its folder's, which is pooled with the repository's"),
    ("new rate", "the same for failures of a test that passed the time before"),
    ("failing now", "log of the decayed failure rate, half-life 3 runs"),
    ("failing lately", "the same, half-life 15 runs"),
    ("failing of old", "the same, half-life 60 runs"),
    ("since failure", "1 / (1 + runs since the last failure)"),
    ("long since failure", "log(1 + runs since the last failure), 0 to 7"),
    ("failed last", "the last verdict was a failure"),
    ("failed twice", "so were the last two"),
    ("flips", "changes between pass and fail per run"),
    ("flip count", "log(1 + changes between pass and fail)"),
    ("runs", "log(1 + runs)"),
    ("seconds", "log of the expected seconds"),
    ("new", "the test never ran before"),
    ("absent", "builds since it last ran, at most 20, as a share of 20"),
    ("ever failed", "the test has failed before"),
    ("red before", "the build before was red"),
    ("red rate", "decayed share of red builds"),
    ("new red rate", "decayed share of builds with a new failure"),
    ("no files", "nobody knows what changed"),
    ("name", "likeness of the test's name and file to the most alike changed file, by rare words"),
    ("named", "that file has the test's own name, or is the test's file"),
    ("place", "share of the changed file's folders that the test's name or file has too"),
    ("co-failure", "log ratio of the test's failure rate when these files or folders change to its usual rate"),
    ("spread", "log(1 + changed files)"),
)
"""Name and meaning of each column; the order is part of every model file."""

FEATURE_NAMES: Final = tuple(name for name, _ in FEATURES)


@dataclass(frozen=True, eq=False)
class View:
    """The tests of one build before it: a row each. ``seconds`` are expected, positive; ``recent`` is the decayed
    failure rate (half-life 15); ``failed_last`` and ``new`` tell tests apart that are known to be red or not known.
    """

    features: Floats
    seconds: Floats
    recent: Floats
    failed_last: Flags
    new: Flags


class Track:
    """The memory of one repository's tests, by their index in ``names``."""

    def __init__(self, names: Sequence[str], test_files: Mapping[str, str] | None = None) -> None:
        tests = len(names)
        self._runs, self._failures, self._new_failures = np.zeros(tests), np.zeros(tests), np.zeros(tests)
        self._decayed = np.zeros((len(HALF_LIVES), tests))
        self._keep = np.array([0.5 ** (1 / half) for half in HALF_LIVES])[:, None]
        self._last, self._before = np.zeros(tests, bool), np.zeros(tests, bool)
        self._since, self._flips = np.full(tests, NEVER), np.zeros(tests)
        self._seconds, self._seen_at = np.full(tests, np.nan), np.full(tests, -1.0)
        self._folder = folders_of(names, test_files or {})
        folders = int(self._folder.max(initial=-1)) + 1
        self._folder_counts = np.zeros((3, folders))
        self._related = Related(names, test_files or {})
        self._builds, self._red_before, self._red_rate, self._new_red_rate = 0, False, 0.2, 0.1

    def view(self, tests: NDArray[np.int32], files: Sequence[str]) -> View:
        """The features of ``tests`` for a build that changes ``files``; an empty sequence says that nobody knows."""
        seconds = self._expected(tests)
        runs, failures = self._runs[tests], self._failures[tests]
        rate, new_rate = self._pooled(tests)
        decayed = self._decayed[:, tests]
        since = self._since[tests]
        last, new = self._last[tests], runs == 0
        flips = self._flips[tests]
        related = self._related.to(tests, files, usual=rate)
        # A column is filled in one stretch of memory: with a million tests that is half of the time.
        features = np.empty((len(FEATURES), tests.size))
        columns = (
            1.0, np.log(rate), np.log(new_rate), *np.log(decayed + SMALLEST_RATE), 1 / (1 + since), np.log1p(since),
            last, last & self._before[tests], flips / (runs + 5), np.log1p(flips), np.log1p(runs), np.log(seconds), new,
            np.minimum(self._builds - self._seen_at[tests] - 1, 20) / 20, failures > 0, self._red_before,
            self._red_rate, self._new_red_rate, not files, *related, np.log1p(len(files)),
        )  # fmt: skip
        for place, column in enumerate(columns):
            features[place] = column
        return View(features.T, seconds, decayed[1], last & ~new, new)

    def learn(self, build: Build) -> None:
        """Take in what the tests of ``build`` did. Skipped and flaky tests say nothing about the code."""
        telling = build.verdicts != SKIP
        if build.flaky.size:
            telling &= ~np.isin(build.tests, build.flaky)
        tests, verdicts = build.tests[telling], build.verdicts[telling]
        red = (verdicts == FAIL) | (verdicts == ERROR)
        last, ran = self._last[tests], self._runs[tests] > 0
        newly = red & ~last
        self._related.learn(tests[newly], build.files)
        self._runs[tests] += 1
        self._failures[tests] += red
        self._new_failures[tests] += newly
        for row, values in enumerate((np.ones(tests.size), red, newly)):
            self._folder_counts[row] += np.bincount(
                self._folder[tests], weights=values, minlength=self._folder_counts.shape[1]
            )
        self._decayed[:, tests] = self._decayed[:, tests] * self._keep + (1 - self._keep) * red
        self._flips[tests] += ran & (last != red)
        self._since[tests] = np.where(red, 0, np.minimum(self._since[tests] + 1, NEVER))
        self._before[tests], self._last[tests] = last, red
        self._time(tests, build.seconds[telling].astype(np.float64))
        self._seen_at[tests] = self._builds
        self._builds += 1
        self._red_before = bool(red.any())
        self._red_rate += 0.05 * (self._red_before - self._red_rate)
        self._new_red_rate += 0.05 * (bool(newly.any()) - self._new_red_rate)

    def failing(self, tests: NDArray[np.int32]) -> Flags:
        """Which of ``tests`` failed the last time that they ran."""
        return self._last[tests]

    def _time(self, tests: NDArray[np.int32], took: Floats) -> None:
        known = self._seconds[tests]
        self._seconds[tests] = np.where(np.isnan(known), took, 0.7 * known + 0.3 * took)

    def _expected(self, tests: NDArray[np.int32]) -> Floats:
        """Expected seconds, positive: a test of unknown or no duration must not look free."""
        known = self._seconds[tests]
        measured = known[np.isfinite(known)]
        typical = float(np.median(measured)) if measured.size else 0.0
        seconds = np.where(np.isnan(known), typical, known)
        mean = float(seconds.mean()) if seconds.size else 0.0
        return np.maximum(seconds, mean / 100) if mean > 0 else np.ones(tests.size)

    def _pooled(self, tests: NDArray[np.int32]) -> tuple[Floats, Floats]:
        """The rate of failures and of new failures: repository, then folder, then test, each drawn to the one above."""
        runs, *counts = self._folder_counts
        folder = self._folder[tests]
        total = runs.sum() + 50
        rates = []
        for of_folder, of_test in zip(counts, (self._failures, self._new_failures), strict=True):
            repository = (of_folder.sum() + 0.5) / total
            folders = (of_folder + POOLED_RUNS * repository) / (runs + POOLED_RUNS)
            rates.append((of_test[tests] + POOLED_RUNS * folders[folder]) / (self._runs[tests] + POOLED_RUNS))
        return rates[0], rates[1]
