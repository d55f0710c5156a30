"""Which way to rank, and how deep to go: for each τ the way that would have saved most on the past, at its threshold.

A repository where failures repeat and one where only new ones count are ranked best in different ways, and nobody
knows beforehand which it is. Each way keeps the depths of its own red builds, so that each keeps its own promise; which
one is followed is looked at again now and then, and changes only for a clear gain, because following whichever was best
by chance would spend the promise.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import betainc

from maestro.errors import BadInput
from maestro.impact.risk.conformal import EVERYTHING, threshold
from maestro.impact.risk.ranking import WAYS, Flags, Floats, Ranking, Way

REMEMBERED_RED_BUILDS: Final = 400
"""Depths that a threshold rests on: enough for τ = 0.01 four times over, few enough to follow a repository."""

REMEMBERED_BUILDS: Final = 200
"""Builds on which the savings of the ways are compared."""

LOOK_AGAIN: Final = 10
"""Builds between two comparisons."""

CLEAR_GAIN: Final = 0.02
"""Share of the seconds that another way must save more to be followed: what is best by chance breaks its promise."""

GRID: Final = 64
"""Points that a build's curve of seconds over depth is remembered by."""

WITHDRAWAL_WINDOW: Final = 60
"""Red builds in which escapes are counted to notice that the past no longer speaks for the present."""

WITHDRAW_BELOW: Final = 0.01
"""Chance, under the promise, of as many escapes as there were: rarer than this is drift, not bad luck."""


@dataclass(frozen=True)
class Choice:
    """The way to follow for one τ and how deep; ``deeper`` of the ``red_builds`` would have escaped. ``withdrawn`` says
    what broke the promise of the longer past, so that only the newest red builds are relied on; else it is empty.
    """

    way: Way
    threshold: float
    red_builds: int
    deeper: int = 0
    withdrawn: str = ""

    @property
    def certified(self) -> bool:
        return self.threshold < EVERYTHING


class _Past:
    """What one way did: the depths of the newest red builds, and the curves of the newest builds, a row each."""

    def __init__(self) -> None:
        self.depths: deque[float] = deque(maxlen=REMEMBERED_RED_BUILDS)
        self._curves = np.empty((REMEMBERED_BUILDS, GRID))
        self._builds = 0

    def remember(self, curve: Floats) -> None:
        self._curves[self._builds % REMEMBERED_BUILDS] = curve
        self._builds += 1

    def saved(self, limit: float) -> float:
        """The mean share of the seconds that ``limit`` would have saved on the remembered builds."""
        known = self._curves[: min(self._builds, REMEMBERED_BUILDS)]
        return float(1 - np.count_nonzero(known <= limit) / known.size) if known.size else 0.0


class Portfolio:
    """The past of every way, and what follows from it for each τ of ``taus``."""

    def __init__(self, taus: Iterable[float]) -> None:
        self._ways = {way: _Past() for way in WAYS}
        self._followed = dict.fromkeys(sorted(taus), WAYS[0])
        self._escaped: dict[float, deque[bool]] = {tau: deque(maxlen=WITHDRAWAL_WINDOW) for tau in self._followed}
        self._builds = 0

    @property
    def taus(self) -> tuple[float, ...]:
        """Every τ that is watched, rising."""
        return tuple(self._followed)

    def choose(self, tau: float) -> Choice:
        """The way to follow now. Below what the red builds can certify everything runs; after a broken promise only
        the newest red builds count, and everything runs where those are too few.

        Raises BadInput for a τ that is not watched: whether its promise was broken is not known.
        """
        way = self._followed.get(tau)
        if way is None:
            raise BadInput(f"{tau:g} is none of {self.taus}", field="tau", fix="name every τ when the walk begins")
        past = self._ways[way].depths
        limit, withdrawn = threshold(past, tau), self._broken(tau)
        if withdrawn:
            newest = list(past)[-WITHDRAWAL_WINDOW:]
            limit = max(limit, threshold(newest, tau))
        return Choice(way, limit, len(past), sum(depth > limit for depth in past), withdrawn)

    def learn(self, ranked: Mapping[Way, Ranking], *, seconds: Floats, failing: Flags) -> None:
        """Take in a build that ran whole: what its tests took and which of them failed."""
        if failing.any():
            self._count_escapes(ranked, failing)
        for way, ranking in ranked.items():
            if failing.any():
                self._ways[way].depths.append(ranking.first(failing))
            self._ways[way].remember(_curve(ranking, seconds))
        self._builds += 1
        if self._builds % LOOK_AGAIN == 0:
            self._followed = {tau: self._best(tau, followed=way) for tau, way in self._followed.items()}

    def _count_escapes(self, ranked: Mapping[Way, Ranking], failing: Flags) -> None:
        """What the thresholds that stood before this build let escape, whether they were followed or withdrawn."""
        for tau, way in self._followed.items():
            missed = ranked[way].first(failing) > threshold(self._ways[way].depths, tau)
            self._escaped[tau].append(missed)

    def _best(self, tau: float, *, followed: Way) -> Way:
        saved = {way: past.saved(threshold(past.depths, tau)) for way, past in self._ways.items()}
        best = max(WAYS, key=lambda way: saved[way])
        return best if saved[best] > saved[followed] + CLEAR_GAIN else followed

    def _broken(self, tau: float) -> str:
        """Why the promise does not hold at present: more escapes than chance allows, had they a rate of τ."""
        escaped = self._escaped[tau]
        count = sum(escaped)
        # The chance of at least so many escapes by a rate of τ, as the regularised incomplete beta function.
        if count < 2 or betainc(count, len(escaped) - count + 1, tau) > WITHDRAW_BELOW:
            return ""
        return f"{count} of the last {len(escaped)} red builds would have escaped at τ = {tau:g}"


def _curve(ranking: Ranking, seconds: Floats) -> Floats:
    """The depth at which each further 1/GRID of the seconds is begun."""
    spent = np.cumsum(seconds[ranking.order])
    if not spent.size or spent[-1] <= 0:
        return np.zeros(GRID)
    places = np.searchsorted(spent, spent[-1] * (np.arange(GRID) + 0.5) / GRID)
    depths: Floats = ranking.depth[np.minimum(places, spent.size - 1)]
    return depths
