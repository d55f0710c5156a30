"""A walk forward through a history, by columns: what would have been run in each build, and what would have escaped.

Every row was decided on earlier builds only; whoever walks promises that.
"""

import itertools
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from maestro.impact.evaluation.metrics import brier, ece, interval
from maestro.model.calibration import TauFigures, WalkFigures


@dataclass(frozen=True, eq=False)
class Walked:
    """One row per build in time order; ``escaped`` and ``seconds_run`` have a column per τ, τ rising.

    ``times`` are seconds since the epoch. ``predicted`` and ``happened`` are the predictions of single events (a test
    fails, a build is red) with their outcomes, and ``predicted_in`` the row that each belongs to.
    """

    taus: tuple[float, ...]
    builds: tuple[str, ...]
    times: NDArray[np.float64]
    red: NDArray[np.bool_]
    escaped: NDArray[np.bool_]
    seconds: NDArray[np.float64]
    seconds_run: NDArray[np.float64]
    predicted: NDArray[np.float64]
    happened: NDArray[np.float64]
    predicted_in: NDArray[np.int64]

    def after(self, time: float) -> "Walked":
        """The rows of builds later than ``time``."""
        return self.part(int(np.searchsorted(self.times, time, side="right")), len(self.builds))

    def newest(self, *, red_builds: int) -> "Walked":
        """The newest rows that hold so many red builds, or all rows where there are fewer."""
        red = np.flatnonzero(self.red)
        start = int(red[-red_builds]) if red.size >= red_builds else 0
        return self.part(start, len(self.builds))

    def windows(self, *, red_builds: int) -> Iterator["Walked"]:
        """All rows, cut into consecutive windows of at least so many red builds; a shorter rest joins the last."""
        red = np.flatnonzero(self.red)
        last = max(1, red.size // red_builds)
        cuts = [0, *(int(red[number * red_builds]) for number in range(1, last)), len(self.builds)]
        for start, stop in itertools.pairwise(cuts):
            if stop > start:
                yield self.part(start, stop)

    def part(self, start: int, stop: int) -> "Walked":
        """The rows from ``start`` up to ``stop``."""
        return self._rows(np.arange(start, max(start, stop)))

    def only(self, builds: Collection[str]) -> "Walked":
        """The rows of these builds."""
        return self._rows(np.flatnonzero([build in builds for build in self.builds]))

    def _rows(self, rows: NDArray[np.int64]) -> "Walked":
        kept = np.full(len(self.builds), -1, np.int64)
        kept[rows] = np.arange(rows.size)
        chosen = kept[self.predicted_in] >= 0
        return Walked(
            taus=self.taus,
            builds=tuple(self.builds[row] for row in rows.tolist()),
            times=self.times[rows],
            red=self.red[rows],
            escaped=self.escaped[rows],
            seconds=self.seconds[rows],
            seconds_run=self.seconds_run[rows],
            predicted=self.predicted[chosen],
            happened=self.happened[chosen],
            predicted_in=kept[self.predicted_in[chosen]],
        )

    def figures(self) -> WalkFigures:
        """The rows in figures."""
        red = int(np.count_nonzero(self.red))
        return WalkFigures(
            builds=len(self.builds),
            red_builds=red,
            first_at=_moment(self.times[0]) if self.builds else None,
            last_at=_moment(self.times[-1]) if self.builds else None,
            brier=brier(self.predicted, self.happened),
            ece=ece(self.predicted, self.happened),
            taus=tuple(self._at(column, tau, red) for column, tau in enumerate(self.taus)),
        )

    def _at(self, column: int, tau: float, red: int) -> TauFigures:
        escapes = int(np.count_nonzero(self.escaped[:, column] & self.red))
        low, high = interval(escapes, red)
        seconds = float(np.sum(self.seconds))
        run = min(float(np.sum(self.seconds_run[:, column])), seconds)
        return TauFigures(
            tau=tau,
            red_builds=red,
            escapes=escapes,
            rate=escapes / red if red else 0.0,
            low=low,
            high=high,
            seconds=seconds,
            seconds_run=run,
            saved=1 - run / seconds if seconds else 0.0,
        )


def _moment(time: float) -> datetime:
    return datetime.fromtimestamp(float(time), tz=UTC)
