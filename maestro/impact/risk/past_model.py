"""The champion of a repository asked about one pull request: which of the listed tests its past says to run."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from maestro.impact.history.builds import History
from maestro.impact.risk.logistic import Posterior
from maestro.impact.risk.model import Cut, SelectionModel
from maestro.impact.risk.ranking import Failures, Flags, Floats, rankings
from maestro.impact.risk.track import Track

UNKNOWN_SPREAD: Final = 0.5
"""The standard deviation of a probability of which nothing is known but that it is one: no other is larger."""


@dataclass(frozen=True, eq=False)
class PastSelection:
    """``run`` and ``p`` go with the listed tests; those that are ``new`` to the past run. ``spread`` is the standard
    deviation of what is believed of ``p``. ``cut`` is what was followed, None where the past certifies nothing for this
    τ, and then all run.
    """

    run: Flags
    p: Floats
    spread: Floats
    new: Flags
    cut: Cut | None


def select_by_past(
    tests: Sequence[str], files: Sequence[str], *, history: History, model: SelectionModel, tau: float
) -> PastSelection:
    """What ``model`` says of ``tests`` for a pull request that changes ``files``, after the builds of ``history``."""
    dense = history.dense()
    track = Track(dense.names, dense.test_files)
    for build in dense.builds:
        track.learn(build)
    place = {name: number for number, name in enumerate(dense.names)}
    known = np.array([row for row, test in enumerate(tests) if test in place], np.int64)
    numbers = np.array([place[tests[row]] for row in known.tolist()], np.int32)
    run, new, p = np.ones(len(tests), np.bool_), np.ones(len(tests), np.bool_), np.ones(len(tests))
    spread = np.full(len(tests), UNKNOWN_SPREAD)
    new[known] = False
    cut = model.cut(tau)
    if not known.size:
        return PastSelection(run, p, spread, new, cut)
    view = track.view(numbers, files)
    p_known, of_log_odds = Posterior(model.weights).predict(view.features)
    # By the slope of the logistic function at p: exact where the spread is small, and never above what p allows.
    spread[known] = np.minimum(of_log_odds, 1 / np.sqrt(p_known * (1 - p_known))) * p_known * (1 - p_known)
    red = view.failed_last if model.failures is Failures.NEW else np.zeros(numbers.size, np.bool_)
    p[known] = np.where(red, 0.0, p_known)
    if cut is not None and cut.limit is not None:
        recent = np.where(red, 0.0, view.recent)
        ranking = rankings(model=p[known], recent=recent, seconds=view.seconds, must=view.new, ways=(cut.way,))[cut.way]
        run[known] = False
        run[known[ranking.running(cut.limit)]] = True
    return PastSelection(run, p, spread, new, cut)
