"""A method that is honest and simple: run every test that failed in one of the last builds, and leave the rest out."""

from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel

from maestro.impact.calibration.modelfile import Threshold
from maestro.impact.calibration.walked import Walked
from maestro.impact.history.builds import Build, History


class Memory(BaseModel):
    """How many builds back a failure is remembered; 0 remembers all, so that everything runs which ever failed."""

    builds: int


class Remembering:
    """``fit`` answers with the memory that it was made with; a walk without a model uses that memory as well."""

    name = "remembering-1"
    model = Memory

    def __init__(self, builds: int) -> None:
        self.builds = builds

    def fit(self, history: History) -> Memory:
        return Memory(builds=self.builds)

    def thresholds(self, model: Memory, *, taus: Sequence[float]) -> tuple[Threshold, ...]:
        return tuple(Threshold(tau=tau, value=float(model.builds)) for tau in taus)

    def walk(self, history: History, *, taus: Sequence[float], model: Memory | None = None) -> Walked:
        memory = (model or self.fit(history)).builds
        failed = [frozenset(build.failed.tolist()) for build in history.builds]
        rows = [
            _row(build, failed[at], known=frozenset().union(*failed[max(0, at - memory) if memory else 0 : at]))
            for at, build in enumerate(history.builds)
        ]
        count = len(rows)
        return Walked(
            taus=tuple(taus),
            builds=tuple(build.id for build in history.builds),
            times=np.array([build.time for build in history.builds]),
            red=np.array([red for red, _, _, _ in rows], np.bool_),
            escaped=np.array([[escaped] * len(taus) for _, escaped, _, _ in rows], np.bool_).reshape(count, len(taus)),
            seconds=np.array([seconds for _, _, seconds, _ in rows]),
            seconds_run=np.array([[run] * len(taus) for _, _, _, run in rows]).reshape(count, len(taus)),
            predicted=np.full(count, 0.5),
            happened=np.array([float(red) for red, _, _, _ in rows]),
            predicted_in=np.arange(count),
        )


def _row(build: Build, failed: frozenset[int], *, known: frozenset[int]) -> tuple[bool, bool, float, float]:
    """Whether a build is red, whether it escapes, its seconds, and the seconds that are run."""
    run = float(build.seconds[np.isin(build.tests, list(known))].sum())
    return bool(failed), bool(failed) and not failed & known, float(build.seconds.sum()), run


def repeating(builds: int, *, period: int, tests: int = 10, shift_at: int | None = None) -> History:
    """Every second build is red by one of ``period`` tests in turn; from build ``shift_at`` by tests never red before.

    Times are days, durations a second for each test.
    """
    made = []
    for number in range(builds):
        verdicts = np.zeros(tests, np.uint8)
        if number % 2:
            shifted = shift_at is not None and number >= shift_at
            verdicts[(number // 2) % (tests - period) + period if shifted else (number // 2) % period] = 1
        made.append(
            Build(
                id=f"b{number}",
                time=86_400.0 * number,
                tests=np.arange(tests, dtype=np.int32),
                verdicts=verdicts,
                seconds=np.ones(tests, np.float32),
            )
        )
    return History(names=tuple(f"t{number}" for number in range(tests)), builds=tuple(made))
