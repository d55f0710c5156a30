"""Small histories made up for one test: every build runs every test, what fails is given or drawn by a fixed seed."""

from collections.abc import Collection, Iterable, Sequence

import numpy as np

from maestro.impact.history.builds import FAIL, PASS, Build, History

DAY_SECONDS = 86_400.0


def build_of(number: int, *, tests: int, failing: Collection[int] = (), files: tuple[str, ...] = ()) -> Build:
    """A build on its own day in which these tests fail; test n takes n + 1 seconds."""
    verdicts = np.full(tests, PASS, np.uint8)
    verdicts[list(failing)] = FAIL
    return Build(
        id=f"b{number}",
        time=DAY_SECONDS * number,
        tests=np.arange(tests, dtype=np.int32),
        verdicts=verdicts,
        seconds=np.arange(1, tests + 1, dtype=np.float32),
        files=files,
    )


def history_of(failing: Iterable[Collection[int]], *, tests: int, files: Sequence[tuple[str, ...]] = ()) -> History:
    """One build a day, with what failed in it and, where ``files`` has them, what it changed."""
    builds = tuple(
        build_of(number, tests=tests, failing=red, files=files[number] if files else ())
        for number, red in enumerate(failing)
    )
    return History(names=tuple(f"shop/area{test % 5}/test_{test}" for test in range(tests)), builds=builds)


def exchangeable(seed: int, *, builds: int, tests: int, red_share: float = 0.5) -> History:
    """Builds that are drawn alike and apart: a red one has one cause, which breaks one to three neighbouring tests.

    Causes are unequal, so that the past speaks of the future, and every test can fail.
    """
    random = np.random.default_rng(seed)
    weights = 1.0 / np.arange(1, tests + 1)
    causes = random.permutation(tests)

    def failing() -> tuple[int, ...]:
        if random.random() > red_share:
            return ()
        cause = int(causes[random.choice(tests, p=weights / weights.sum())])
        return tuple((cause + step) % tests for step in range(int(random.integers(1, 4))))

    return history_of([failing() for _ in range(builds)], tests=tests)


def shifting(seed: int, *, builds: int, tests: int, shift_at: int) -> History:
    """Two builds of three are red. Until ``shift_at`` by one of the first three tests, from then on by one of the
    others, which had never failed; the old ones stop.
    """
    random = np.random.default_rng(seed)

    def failing(number: int) -> tuple[int, ...]:
        if number % 3 == 0:
            return ()
        low, high = (0, 3) if number < shift_at else (3, tests)
        return (int(random.integers(low, high)),)

    return history_of([failing(number) for number in range(builds)], tests=tests)
