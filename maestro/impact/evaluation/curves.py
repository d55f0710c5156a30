"""What a fixed way of ranking would have saved and missed, with hindsight and without: the baselines of every table."""

import numpy as np

from maestro.impact.risk.conformal import threshold
from maestro.impact.risk.ranking import Flags, Floats, Ranking

SHARES = np.concatenate(([0.0], np.geomspace(1e-4, 0.05, 60), np.linspace(0.06, 1, 95)))
"""Shares of a build's seconds at which its depth is kept: fine where little runs, where a percent is much."""


class Curves:
    """For each build the depth at each share of its seconds, and at the first failing test of a red one."""

    def __init__(self) -> None:
        self._depths: list[Floats] = []
        self._seconds: list[float] = []
        self._first: list[float] = []

    def add(self, ranking: Ranking, *, seconds: Floats, failing: Flags) -> None:
        """Take in one build."""
        spent = np.cumsum(seconds[ranking.order])
        total = float(spent[-1]) if spent.size else 0.0
        places = np.minimum(np.searchsorted(spent, SHARES * total, side="left"), max(spent.size - 1, 0))
        self._depths.append(ranking.depth[places] if spent.size else np.zeros(SHARES.size))
        self._seconds.append(total)
        self._first.append(ranking.first(failing))

    @property
    def first(self) -> Floats:
        """The depth of the first failing test of each red build."""
        depths = np.array(self._first)
        first: Floats = depths[~np.isnan(depths)]
        return first

    def saved(self, limit: float) -> float:
        """The share of all seconds that is not run when each build goes as deep as ``limit``."""
        return 1 - self._run(np.full(len(self._seconds), limit))

    def saved_catching(self, share: float) -> float | None:
        """The share saved at the one limit, known only afterwards, that catches ``share`` of the red builds."""
        first = np.sort(self.first)
        if not first.size:
            return None
        return self.saved(float(first[min(first.size, max(1, int(np.ceil(share * first.size - 1e-9)))) - 1]))

    def controlled(self, tau: float, *, window: int) -> tuple[int, float]:
        """Escapes and share saved with the limit set by conformal control on the ``window`` red builds before."""
        limits, escapes = [], 0
        past: list[float] = []
        for first in self._first:
            limit = threshold(past[-window:], tau)
            limits.append(limit)
            if not np.isnan(first):
                escapes += first > limit
                past.append(first)
        return escapes, 1 - self._run(np.array(limits))

    def _run(self, limits: Floats) -> float:
        total = sum(self._seconds)
        if not total:
            return 1.0
        reached = np.array(
            [np.searchsorted(depth, limit, side="right") for depth, limit in zip(self._depths, limits, strict=True)]
        )
        # The seconds lie between the last share reached and the next one.
        low, high = SHARES[np.maximum(reached - 1, 0)], SHARES[np.minimum(reached, SHARES.size - 1)]
        share = np.where(reached >= SHARES.size, 1.0, (low + high) / 2)
        return float((share * np.array(self._seconds)).sum() / total)
