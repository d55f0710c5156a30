"""The table of an evaluation: what was promised, what happened, and what simpler ways would have reached."""

from collections.abc import Mapping, Sequence

import numpy as np

from maestro.impact.evaluation.curves import Curves
from maestro.impact.evaluation.metrics import brier, ece, interval
from maestro.impact.evaluation.walk import Walk, walk
from maestro.impact.history.builds import History
from maestro.impact.risk.conformal import certifiable
from maestro.impact.risk.logistic import Gaussian
from maestro.impact.risk.portfolio import REMEMBERED_RED_BUILDS
from maestro.impact.risk.ranking import Failures
from maestro.model.base import Model

CAUGHT = (0.90, 0.95, 0.99)


class Rate(Model):
    """Events among trials with the 95 % Clopper-Pearson interval of their rate."""

    count: int
    of: int
    rate: float
    low: float
    high: float


class BaselineAt(Model):
    """One baseline at one τ. ``saved_at_same_rate`` is with hindsight: at the limit that catches as many red builds as
    Maestro did; ``escapes`` and ``saved`` are with the limit set by conformal control, as an honest user would.
    """

    saved_at_same_rate: float | None
    escapes: int
    saved: float


class AtTau(Model):
    """One τ. ``false_green`` are red builds of which no failing test ran, ``any_missed`` those of which one did not;
    ``per_build`` is the rate of false greens over all builds. ``saved`` is the share of test seconds not run,
    ``saved_when_certified`` over the builds that did not run whole for want of a certificate.
    """

    tau: float
    false_green: Rate
    any_missed: Rate
    per_build: Rate
    kept: bool
    certifiable: bool
    saved: float
    saved_when_certified: float | None
    builds_run_whole: int
    baselines: dict[str, BaselineAt]


class Baseline(Model):
    """With hindsight: the share of seconds saved when so many red builds are caught; None without red builds."""

    saved_at_caught: dict[str, float | None]


class Evaluation(Model):
    """A history walked forward for one kind of failure. Probabilities are of single tests."""

    failures: Failures
    builds: int
    red_builds: int
    outcomes: int
    brier: float | None
    ece: float | None
    taus: tuple[AtTau, ...]
    baselines: dict[str, Baseline]


def evaluate(
    history: History, *, taus: Sequence[float], failures: Failures, prior: Gaussian | None = None
) -> Evaluation:
    """Walk through ``history`` and put what happened into figures."""
    found = walk(history, taus=tuple(sorted(taus)), failures=failures, prior=prior)
    walked = found.walked
    return Evaluation(
        failures=failures,
        builds=len(walked.builds),
        red_builds=int(np.count_nonzero(walked.red)),
        outcomes=history.outcomes,
        brier=brier(walked.predicted, walked.happened),
        ece=ece(walked.predicted, walked.happened),
        taus=tuple(_at(found, column) for column in range(len(walked.taus))),
        baselines={"all": _everything()} | {name: _hindsight(curves) for name, curves in found.baselines.items()},
    )


def rate(count: int, of: int) -> Rate:
    """A rate with its interval."""
    low, high = interval(count, of)
    return Rate(count=count, of=of, rate=count / of if of else 0.0, low=low, high=high)


def _at(found: Walk, column: int) -> AtTau:
    walked, tau = found.walked, found.walked.taus[column]
    red = int(np.count_nonzero(walked.red))
    escapes = int(np.count_nonzero(walked.escaped[:, column]))
    false_green = rate(escapes, red)
    certified = ~found.everything[:, column]
    return AtTau(
        tau=tau,
        false_green=false_green,
        any_missed=rate(int(np.count_nonzero(found.missed[:, column])), red),
        per_build=rate(escapes, len(walked.builds)),
        kept=false_green.low <= tau,
        certifiable=certifiable(red, tau),
        saved=_saved(found, column, np.ones(certified.size, np.bool_)) or 0.0,
        saved_when_certified=_saved(found, column, certified),
        builds_run_whole=int(np.count_nonzero(~certified)),
        baselines=_baselines(found.baselines, tau=tau, caught=1 - false_green.rate),
    )


def _saved(found: Walk, column: int, builds: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float | None:
    seconds = float(found.walked.seconds[builds].sum())
    return 1 - float(found.walked.seconds_run[builds, column].sum()) / seconds if seconds else None


def _baselines(curves: Mapping[str, Curves], *, tau: float, caught: float) -> dict[str, BaselineAt]:
    found = {"all": BaselineAt(saved_at_same_rate=0.0, escapes=0, saved=0.0)}
    for name, of in curves.items():
        escapes, saved = of.controlled(tau, window=REMEMBERED_RED_BUILDS)
        found[name] = BaselineAt(saved_at_same_rate=of.saved_catching(caught), escapes=escapes, saved=saved)
    return found


def _hindsight(curves: Curves) -> Baseline:
    return Baseline(saved_at_caught={f"{share:g}": curves.saved_catching(share) for share in CAUGHT})


def _everything() -> Baseline:
    return Baseline(saved_at_caught={f"{share:g}": 0.0 for share in CAUGHT})
