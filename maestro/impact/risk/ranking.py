"""In which order tests are taken, and how deep each stands: the ways to rank that a repository's past chooses from.

All rank by value per second. They differ in whose probability they trust and in what "deep" means, which decides how
far a threshold goes in a build that looks dangerous and in one that does not.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

LEAST: Final = 1e-9
"""Probabilities are kept this far from 0 and 1."""


class Failures(StrEnum):
    """Which failures count: all, or only those of tests that passed the time before."""

    ALL = "all"
    NEW = "new"


class Scorer(StrEnum):
    """Whose probability: the decayed failure rate, the model's, or the geometric mean of both."""

    RECENT = "recent"
    MODEL = "model"
    BLEND = "blend"


class Depth(StrEnum):
    """What is compared between builds: the share of the suite's seconds, the probability per share of the seconds, or
    the probability of being the first to fail per share of the seconds, with those before it having passed.
    """

    SHARE = "share"
    VALUE = "value"
    MARGINAL = "marginal"


class Way(NamedTuple):
    """One way to rank."""

    scorer: Scorer
    depth: Depth


WAYS: Final = (
    Way(Scorer.MODEL, Depth.SHARE),
    Way(Scorer.MODEL, Depth.VALUE),
    Way(Scorer.MODEL, Depth.MARGINAL),
    Way(Scorer.BLEND, Depth.SHARE),
    Way(Scorer.BLEND, Depth.VALUE),
    Way(Scorer.BLEND, Depth.MARGINAL),
    Way(Scorer.RECENT, Depth.SHARE),
)


@dataclass(frozen=True, eq=False)
class Ranking:
    """``order`` has the places of the tests, first to run first; ``depth`` the depth of each in that order, never
    falling. A test that must run has a depth of minus infinity.
    """

    order: NDArray[np.intp]
    depth: Floats

    def running(self, threshold: float) -> NDArray[np.intp]:
        """The places of the tests that are not deeper than ``threshold``."""
        return self.order[: int(np.searchsorted(self.depth, threshold, side="right"))]

    def first(self, failing: Flags) -> float:
        """The depth at which the first of the ``failing`` tests stands; a build without any has none: NaN."""
        found = np.flatnonzero(failing[self.order])
        return float(self.depth[found[0]]) if found.size else float("nan")


def rankings(
    *, model: Floats, recent: Floats, seconds: Floats, must: Flags, ways: tuple[Way, ...] = WAYS
) -> Mapping[Way, Ranking]:
    """Rank the tests of one build in each way. ``must`` are tests that run in any case."""
    p_of = {
        Scorer.MODEL: model,
        Scorer.RECENT: recent,
        Scorer.BLEND: np.sqrt(model * np.maximum(recent, LEAST)),
    }
    found: dict[Way, Ranking] = {}
    for scorer in dict.fromkeys(way.scorer for way in ways):
        depths = [way.depth for way in ways if way.scorer is scorer]
        for depth, ranking in _ranked(p_of[scorer], seconds=seconds, must=must, depths=depths):
            found[Way(scorer, depth)] = ranking
    return found


def ranked_by(p: Floats, *, seconds: Floats, must: Flags, depth: Depth) -> Ranking:
    """Rank by one probability and one kind of depth."""
    return next(_ranked(p, seconds=seconds, must=must, depths=(depth,)))[1]


def _ranked(p: Floats, *, seconds: Floats, must: Flags, depths: Sequence[Depth]) -> Iterator[tuple[Depth, Ranking]]:
    share = seconds / seconds.sum() if seconds.size else seconds
    p = np.clip(p, LEAST, 1 - LEAST)
    order = _falling(np.where(must, np.inf, p / share))
    p, share, first = p[order], share[order], int(np.count_nonzero(must))
    for kind in depths:
        depth = _depth(kind, p=p, share=share)
        depth[:first] = -np.inf
        yield kind, Ranking(order, depth)


def _falling(value: Floats) -> NDArray[np.intp]:
    """The places by falling value, equal ones in their own order.

    A sort whose ties are mended afterwards takes half of a stable one, and is the same on every machine.
    """
    order = np.argsort(-value)
    ranked = value[order]
    tied = ranked[1:] == ranked[:-1]
    if tied.any():
        group = np.concatenate(((0,), np.cumsum(~tied))) * value.size
        order = np.sort(group + order) - group
    return order


def _depth(kind: Depth, *, p: Floats, share: Floats) -> Floats:
    if kind is Depth.SHARE:
        deep = np.cumsum(share)
    elif kind is Depth.VALUE:
        deep = np.log(share / p)
    else:
        passed = np.cumsum(np.log1p(-p)) - np.log1p(-p)
        deep = np.log(share / p) - passed
    rising: Floats = np.maximum.accumulate(deep) if deep.size else deep
    return rising
