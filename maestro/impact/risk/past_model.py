"""The champion of a repository asked about its listed tests: which of them its past says to run for a pull request, and
of which it is unsure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maestro.impact.history.builds import History
from maestro.impact.risk.logistic import Posterior
from maestro.impact.risk.model import Cut, SelectionModel
from maestro.impact.risk.ranking import Failures, Flags, Floats, rankings
from maestro.impact.risk.track import Track, View

UNKNOWN: Final = 0.5
"""The standard deviation of a probability of which nothing is known: none is larger."""


@dataclass(frozen=True, eq=False)
class PastSelection:
    """``run`` and ``p`` go with the listed tests; those that are ``new`` to the past run. ``cut`` is what was followed,
    None where the past certifies nothing for this τ, and then all run.
    """

    run: Flags
    p: Floats
    new: Flags
    cut: Cut | None


@dataclass(frozen=True, eq=False)
class _Seen:
    """What is believed of the tests that the past knows: ``rows`` are their places in the listing."""

    rows: NDArray[np.int64]
    view: View
    p: Floats
    spread: Floats


def select_by_past(
    tests: Sequence[str], files: Sequence[str], *, history: History, model: SelectionModel, tau: float
) -> PastSelection:
    """What ``model`` says of ``tests`` for a pull request that changes ``files``, after the builds of ``history``."""
    run, new, p = np.ones(len(tests), np.bool_), np.ones(len(tests), np.bool_), np.ones(len(tests))
    cut = model.cut(tau)
    seen = _seen(tests, files, history, model)
    if seen is None:
        return PastSelection(run, p, new, cut)
    view = seen.view
    new[seen.rows] = False
    red = view.failed_last if model.failures is Failures.NEW else np.zeros(seen.rows.size, np.bool_)
    p[seen.rows] = np.where(red, 0.0, seen.p)
    if cut is not None and cut.limit is not None:
        recent = np.where(red, 0.0, view.recent)
        ranked = rankings(model=p[seen.rows], recent=recent, seconds=view.seconds, must=view.new, ways=(cut.way,))
        run[seen.rows] = False
        run[seen.rows[ranked[cut.way].running(cut.limit)]] = True
    return PastSelection(run, p, new, cut)


def uncertainty_by_past(tests: Sequence[str], *, history: History, model: SelectionModel) -> Floats:
    """The standard deviation of what is believed of each test's failing in a build of unknown changes."""
    spread = np.full(len(tests), UNKNOWN)
    seen = _seen(tests, (), history, model)
    if seen is not None:
        variance = seen.p * (1 - seen.p)
        # By the slope of the logistic function, and never more than a probability of this mean can vary.
        spread[seen.rows] = np.minimum(seen.spread * variance, np.sqrt(variance))
    return spread


def _seen(tests: Sequence[str], files: Sequence[str], history: History, model: SelectionModel) -> _Seen | None:
    dense = history.dense()
    place = {name: number for number, name in enumerate(dense.names)}
    rows = np.array([row for row, test in enumerate(tests) if test in place], np.int64)
    if not rows.size:
        return None
    track = Track(dense.names, dense.test_files)
    for build in dense.builds:
        track.learn(build)
    numbers = np.array([place[tests[row]] for row in rows.tolist()], np.int32)
    view = track.view(numbers, files)
    p, spread = Posterior(model.weights).predict(view.features)
    return _Seen(rows, view, p, spread)
