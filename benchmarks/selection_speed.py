"""How long choosing tests and fitting a model take: ``python -m benchmarks.selection_speed [--fit-outcomes N]``.

The floor of choosing is one argsort of as many floats in the same run: on another machine compare ratios, not times.
Times are of the processor, so that a busy machine counts little; set OMP_NUM_THREADS=1, or its cores are added up.
"""

import argparse
import resource
import statistics
import time
from collections.abc import Callable

import numpy as np

from maestro.impact.calibration.method import fitted
from maestro.impact.history.builds import FAIL, PASS, Build, History
from maestro.impact.risk.learner import Learner
from maestro.impact.risk.prior import prior_for
from maestro.impact.risk.ranking import WAYS, Depth, Failures, Scorer, Way, rankings

REPEATS = 7
CHOSEN = Way(Scorer.MODEL, Depth.VALUE)
BARS_MS = {100_000: 50.0, 1_000_000: 500.0}
FIT_BAR_SECONDS, FIT_BAR_GIB = 600.0, 4.0
FILES = tuple(f"lib/area{area}/module_{area}_{part}.py" for area in range(2) for part in range(5))


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fit-outcomes", type=int, default=10_000_000)
    parser.add_argument("--fit-builds", type=int, default=1_000)
    arguments = parser.parse_args()
    print(
        "| tests | argsort, ms | choose by one way, ms | bar, ms | propose in every way, ms | with changed files, ms |"
    )
    print("|---|---|---|---|---|---|")
    for tests, bar in BARS_MS.items():
        floor, choose, propose, with_files = choosing(tests)
        print(f"| {tests:,} | {floor:.0f} | {choose:.0f} | {bar:.0f} | {propose:.0f} | {with_files:.0f} |")
    seconds, gib = fitting(arguments.fit_builds, arguments.fit_outcomes // arguments.fit_builds)
    print(f"\nfit of {arguments.fit_outcomes:,} outcomes in {arguments.fit_builds:,} builds: {seconds:.0f} s", end="")
    print(f" (bar {FIT_BAR_SECONDS:.0f}), peak {gib:.2f} GiB (bar {FIT_BAR_GIB:g})")


def choosing(tests: int) -> tuple[float, float, float, float]:
    """Milliseconds of the floor, of ranking and cutting by one way, and of a whole proposal without and with files."""
    random = np.random.default_rng(1)
    p, recent = random.beta(0.2, 20, tests), random.beta(0.2, 20, tests)
    seconds, must = random.gamma(0.5, 4, tests) + 1e-3, np.zeros(tests, np.bool_)
    learner, newest = _learner(tests)

    def choose() -> int:
        ranking = rankings(model=p, recent=recent, seconds=seconds, must=must, ways=(CHOSEN,))[CHOSEN]
        return int(ranking.running(-2.0).size)

    assert set(WAYS) == set(learner.propose(newest.tests).ranked)
    return (
        _milliseconds(lambda: np.argsort(p)),
        _milliseconds(choose),
        _milliseconds(lambda: learner.propose(newest.tests)),
        _milliseconds(lambda: learner.propose(newest.tests, FILES)),
    )


def fitting(builds: int, tests: int) -> tuple[float, float]:
    """Seconds to fit a model on so many builds, and the most memory that this process ever had, in GiB."""
    history = _history(builds, tests)
    started = time.process_time()
    fitted(history, failures=Failures.NEW)
    took = time.process_time() - started
    return took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def _learner(tests: int) -> tuple[Learner, Build]:
    history = _history(5, tests)
    learner = Learner(history.names, failures=Failures.NEW, prior=prior_for(Failures.NEW))
    for build in history.builds:
        learner.learn(build, learner.propose(build.tests, build.files))
    return learner, history.builds[-1]


def _history(builds: int, tests: int) -> History:
    """Every fourth build is red, by up to five tests of one area; every build changes a few files."""
    random = np.random.default_rng(0)
    seconds = (random.gamma(0.5, 4, tests) + 1e-3).astype(np.float32)
    names = tuple(f"tests/area{test % 200}/test_module_{test // 200}.py::test_{test}" for test in range(tests))
    made = []
    for number in range(builds):
        verdicts = np.full(tests, PASS, np.uint8)
        if number % 4 == 0:
            verdicts[(int(random.integers(tests)) + 200 * np.arange(random.integers(1, 6))) % tests] = FAIL
        made.append(
            Build(
                id=f"b{number}",
                time=3_600.0 * number,
                tests=np.arange(tests, dtype=np.int32),
                verdicts=verdicts,
                seconds=seconds,
                files=tuple(str(file) for file in random.choice(FILES, 3, replace=False)),
            )
        )
    return History(names=names, builds=tuple(made))


def _milliseconds(work: Callable[[], object]) -> float:
    took = []
    for _ in range(REPEATS):
        started = time.process_time()
        work()
        took.append(time.process_time() - started)
    return statistics.median(took) * 1_000


if __name__ == "__main__":
    main()
