"""Walks made up for one test: so many builds, so many of them red, so many of those escaped."""

from collections.abc import Mapping, Sequence

import numpy as np

from maestro.impact.calibration.walked import Walked
from maestro.impact.evaluation.metrics import interval
from maestro.model.calibration import TauFigures, WalkFigures

DAY_SECONDS = 86_400.0


def walk_of(
    *, red: Sequence[bool], escaped: Mapping[float, Sequence[bool]], saved: float = 0.5, first_at: float = 0.0
) -> Walked:
    """One build a day of 100 test seconds each, with one prediction that is right about every build."""
    count = len(red)
    taus = tuple(sorted(escaped))
    return Walked(
        taus=taus,
        builds=tuple(f"b{number}" for number in range(count)),
        times=first_at + DAY_SECONDS * np.arange(count, dtype=np.float64),
        red=np.asarray(red, dtype=np.bool_),
        escaped=np.asarray([escaped[tau] for tau in taus], dtype=np.bool_).reshape(len(taus), count).T,
        seconds=np.full(count, 100.0),
        seconds_run=np.full((count, len(taus)), 100.0 * (1 - saved)),
        predicted=np.asarray(red, dtype=np.float64),
        happened=np.asarray(red, dtype=np.float64),
        predicted_in=np.arange(count, dtype=np.int64),
    )


def figures_of(*, red_builds: int, escapes: Mapping[float, int], saved: float = 0.5) -> WalkFigures:
    """Figures of ten builds for each red one, of 100 test seconds each."""
    seconds = 1_000.0 * max(red_builds, 1)
    rows = []
    for tau, escaped in sorted(escapes.items()):
        low, high = interval(escaped, red_builds)
        rows.append(
            TauFigures(
                tau=tau,
                red_builds=red_builds,
                escapes=escaped,
                rate=escaped / red_builds if red_builds else 0.0,
                low=low,
                high=high,
                seconds=seconds,
                seconds_run=seconds * (1 - saved),
                saved=saved,
            )
        )
    return WalkFigures(builds=10 * red_builds, red_builds=red_builds, taus=tuple(rows))
