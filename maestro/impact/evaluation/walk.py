"""A walk forward through a history: every build is decided on earlier ones, then told to the learner.

What each baseline would have reached is kept beside it, so that a table compares them on the same builds.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maestro.impact.calibration.walked import Walked
from maestro.impact.evaluation.curves import Curves
from maestro.impact.history.builds import Build, History
from maestro.impact.risk.learner import Learner, Proposal, seconds_of
from maestro.impact.risk.logistic import Gaussian
from maestro.impact.risk.model import SelectionModel
from maestro.impact.risk.portfolio import Portfolio
from maestro.impact.risk.prior import prior_for
from maestro.impact.risk.ranking import Depth, Failures, Flags, Floats, Ranking, Scorer, Way

BASELINES: Final[Mapping[str, Way | None]] = {
    "random": None,
    "recent failures per second": Way(Scorer.RECENT, Depth.SHARE),
    "logistic regression per second": Way(Scorer.MODEL, Depth.SHARE),
}
"""Each runs a share of the suite's seconds, the same in every build; ``random`` in an order drawn anew each time."""


@dataclass(frozen=True, eq=False)
class Row:
    """One build, decided. ``run`` has per τ which tests would have run; ``everything`` whether that was for want of a
    certificate.
    """

    build: Build
    failing: Flags
    seconds: Floats
    proposal: Proposal
    run: tuple[Flags, ...]
    everything: tuple[bool, ...]


@dataclass(frozen=True, eq=False)
class Walk:
    """``walked`` has the columns; ``missed`` the red builds of which any failing test was left out, and ``everything``
    the builds that ran whole for want of a certificate, per τ; ``baselines`` the curves of each baseline.
    """

    walked: Walked
    missed: NDArray[np.bool_]
    everything: NDArray[np.bool_]
    baselines: Mapping[str, Curves]


def rows(
    history: History,
    *,
    taus: Sequence[float],
    failures: Failures = Failures.NEW,
    model: SelectionModel | None = None,
    prior: Gaussian | None = None,
) -> Iterator[Row]:
    """Every build in time order, decided on earlier ones; with ``model`` by its weights and cuts as they stand."""
    dense = history.dense()
    learner = Learner(
        dense.names,
        failures=model.failures if model else failures,
        prior=prior or prior_for(model.failures if model else failures),
        test_files=dense.test_files,
        weights=model.weights if model else None,
        taus=() if model else taus,
    )
    for build in dense.builds:
        proposal = learner.propose(build.tests, build.files)
        failing = learner.failing(build)
        limits = [_limit(tau, learner.portfolio, model) for tau in taus]
        run = tuple(_running(proposal.ranked[way], limit) for way, limit in limits)
        everything = tuple(limit == np.inf for _, limit in limits)
        yield Row(build, failing, seconds_of(build), proposal, run, everything)
        learner.learn(build, proposal)


def walk(
    history: History,
    *,
    taus: Sequence[float],
    failures: Failures = Failures.NEW,
    model: SelectionModel | None = None,
    prior: Gaussian | None = None,
) -> Walk:
    """Walk through all of ``history``; ``taus`` rise."""
    counted = model.failures if model else failures
    curves = {name: Curves() for name in BASELINES}
    columns: list[tuple[str, float, bool, float]] = []
    escaped, missed, seconds_run, everything = [], [], [], []
    predicted: list[Floats] = []
    happened: list[Flags] = []
    random = np.random.default_rng(0)
    for row in rows(history, taus=taus, failures=failures, model=model, prior=prior):
        build, failing, seconds = row.build, row.failing, row.seconds
        red = bool(failing.any())
        columns.append((build.id, build.time, red, float(seconds.sum())))
        escaped.append([red and not (failing & run).any() for run in row.run])
        missed.append([bool((failing & ~run).any()) for run in row.run])
        seconds_run.append([float(seconds[run].sum()) for run in row.run])
        everything.append(row.everything)
        judged = ~row.proposal.failed_last if counted is Failures.NEW else np.ones(failing.size, bool)
        predicted.append(row.proposal.p[judged].astype(np.float32))
        happened.append(failing[judged])
        for name, way in BASELINES.items():
            ranking = row.proposal.ranked[way] if way else _at_random(seconds, random)
            curves[name].add(ranking, seconds=seconds, failing=failing)
    ids, times, red_builds, seconds_all = zip(*columns, strict=True) if columns else ((), (), (), ())
    shape = (len(columns), len(taus))
    return Walk(
        walked=Walked(
            taus=tuple(taus),
            builds=tuple(ids),
            times=np.array(times, np.float64),
            red=np.array(red_builds, np.bool_),
            escaped=np.array(escaped, np.bool_).reshape(shape),
            seconds=np.array(seconds_all, np.float64),
            seconds_run=np.array(seconds_run, np.float64).reshape(shape),
            predicted=np.concatenate(predicted) if predicted else np.empty(0),
            happened=np.concatenate(happened) if happened else np.empty(0, np.bool_),
            predicted_in=np.repeat(np.arange(len(columns)), [part.size for part in predicted]),
        ),
        missed=np.array(missed, np.bool_).reshape(shape),
        everything=np.array(everything, np.bool_).reshape(shape),
        baselines=curves,
    )


def _limit(tau: float, portfolio: Portfolio, model: SelectionModel | None) -> tuple[Way, float]:
    if model is None:
        choice = portfolio.choose(tau)
        return choice.way, choice.threshold
    cut = model.cut(tau)
    if cut is None or cut.limit is None:
        return Way(Scorer.MODEL, Depth.SHARE), np.inf
    return cut.way, cut.limit


def _running(ranking: Ranking, limit: float) -> Flags:
    run = np.zeros(ranking.order.size, np.bool_)
    run[ranking.running(limit)] = True
    return run


def _at_random(seconds: Floats, random: np.random.Generator) -> Ranking:
    order = random.permutation(seconds.size)
    return Ranking(order, np.cumsum(seconds[order]) / seconds.sum())
