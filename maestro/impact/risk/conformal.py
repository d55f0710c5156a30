"""How deep a selection must go so that at most a share τ of red builds escapes: conformal risk control.

Angelopoulos, Bates, Fisch, Lei and Schuster, "Conformal Risk Control" (2022): with a loss that falls as more is run
and n exchangeable red builds, the smallest threshold with (escapes + 1) / (n + 1) <= τ keeps the expected loss within
τ. The loss here is 0 or 1 (a false green), so that the threshold is an order statistic of the depths at which the first
failing test of each past red build stood.
"""

import math
from collections.abc import Collection

import numpy as np

from maestro.errors import BadInput

EVERYTHING = math.inf
"""The threshold below which nothing lies: every test runs."""


def threshold(depths: Collection[float], tau: float) -> float:
    """The depth to go to. ``EVERYTHING`` where the red builds are fewer than 1/τ - 1, which can certify nothing.

    Raises BadInput for a τ that is no probability.
    """
    place = _place(len(depths), tau)
    if place > len(depths):
        return EVERYTHING
    known = np.fromiter(depths, np.float64, count=len(depths))
    return float(np.partition(known, place - 1)[place - 1])


def certifiable(red_builds: int, tau: float) -> bool:
    """Whether so many red builds can certify τ."""
    return _place(red_builds, tau) <= red_builds


def _place(red_builds: int, tau: float) -> int:
    if not 0 < tau < 1:
        raise BadInput(f"{tau} is not between 0 and 1", field="tau", fix="use a probability such as 0.05")
    # Rounded, because (1 - 0.05) * 20 is a little more than 19 in floating point and would ask for one build more.
    return max(1, math.ceil(round((1 - tau) * (red_builds + 1), 9)))
