"""Rates with their intervals, and how far stated probabilities can be believed.

Pure functions of arrays: the same numbers in, the same figures out. Where there is nothing to score the answer is None,
never a flattering zero.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv, ndtri

from maestro.errors import BadInput

DEFAULT_BINS = 15
"""Bins of equal width for reliability and ECE: the usual number, so that figures compare with published ones."""


@dataclass(frozen=True)
class Bin:
    """The predictions in (``low``, ``high``] (the first bin has both ends): what was said and what happened.

    ``mean_p`` is the mean predicted probability, ``rate`` the share that came true, with its 95 % interval.
    """

    low: float
    high: float
    count: int
    mean_p: float
    rate: float
    rate_low: float
    rate_high: float


def interval(failures: int, trials: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """The Clopper-Pearson interval of a rate: covers the true one with at least ``confidence``, whatever that rate is.

    No trials say nothing: (0, 1). Raises BadInput for counts that cannot be.
    """
    _check_counts(failures, trials, confidence)
    tail = (1 - confidence) / 2
    low = float(betaincinv(failures, trials - failures + 1, tail)) if failures else 0.0
    high = float(betaincinv(failures + 1, trials - failures, 1 - tail)) if failures < trials else 1.0
    return low, high


def wilson(failures: int, trials: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """The Wilson interval of a rate: narrower than Clopper-Pearson, and right on average instead of always.

    For drawing; a promise is judged by ``interval``. No trials say nothing: (0, 1).
    """
    _check_counts(failures, trials, confidence)
    if not trials:
        return 0.0, 1.0
    z = float(ndtri((1 + confidence) / 2))
    rate = failures / trials
    scale = 1 + z * z / trials
    middle = (rate + z * z / (2 * trials)) / scale
    half = z / scale * math.sqrt(rate * (1 - rate) / trials + z * z / (4 * trials * trials))
    # At the ends the exact bound is the rate itself; rounding must not move it past.
    low = middle - half if failures else 0.0
    high = middle + half if failures < trials else 1.0
    return max(0.0, low), min(1.0, high)


def brier(p: ArrayLike, y: ArrayLike) -> float | None:
    """The mean squared distance between predicted probabilities and what happened (0 or 1): 0 is perfect."""
    predicted, happened = _samples(p, y)
    if not predicted.size:
        return None
    return float(np.mean(np.square(predicted - happened)))


def ece(p: ArrayLike, y: ArrayLike, bins: int = DEFAULT_BINS) -> float | None:
    """The expected calibration error: the mean gap between said and happened per bin, weighted by predictions."""
    counted = reliability(p, y, bins)
    total = sum(one.count for one in counted)
    if not total:
        return None
    return sum(one.count * abs(one.mean_p - one.rate) for one in counted) / total


def reliability(p: ArrayLike, y: ArrayLike, bins: int = DEFAULT_BINS) -> tuple[Bin, ...]:
    """The bins of equal width that have any prediction, lowest first."""
    if bins < 1:
        raise BadInput(f"{bins} bins cannot hold anything", field="bins", fix="use at least 1")
    predicted, happened = _samples(p, y)
    place = np.clip(np.ceil(predicted * bins).astype(np.int64) - 1, 0, bins - 1)
    counts = np.bincount(place, minlength=bins)
    said = np.bincount(place, weights=predicted, minlength=bins)
    came = np.bincount(place, weights=happened, minlength=bins)
    return tuple(
        _bin(index, bins=bins, count=int(counts[index]), said=float(said[index]), came=round(float(came[index])))
        for index in np.flatnonzero(counts).tolist()
    )


def _bin(index: int, *, bins: int, count: int, said: float, came: int) -> Bin:
    low, high = interval(came, count)
    return Bin(
        low=index / bins,
        high=(index + 1) / bins,
        count=count,
        mean_p=said / count,
        rate=came / count,
        rate_low=low,
        rate_high=high,
    )


def _samples(p: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    predicted = np.asarray(p, dtype=np.float64).ravel()
    happened = np.asarray(y, dtype=np.float64).ravel()
    if predicted.size != happened.size:
        raise BadInput(
            f"{predicted.size} predictions do not go with {happened.size} outcomes",
            field="y",
            fix="give one outcome for each prediction",
        )
    if not np.all((predicted >= 0) & (predicted <= 1)):
        raise BadInput("a prediction is not a probability", field="p", fix="give finite numbers from 0 to 1")
    if not np.all((happened == 0) | (happened == 1)):
        raise BadInput("an outcome is neither 0 nor 1", field="y", fix="give 1 where the event happened, else 0")
    return predicted, happened


def _check_counts(failures: int, trials: int, confidence: float) -> None:
    if not 0 <= failures <= trials:
        raise BadInput(f"{failures} of {trials} is no rate", field="failures", fix="give 0 <= failures <= trials")
    if not 0 < confidence < 1:
        raise BadInput(f"confidence {confidence} is not between 0 and 1", field="confidence", fix="use 0.95")
