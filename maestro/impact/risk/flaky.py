"""How probable it is that a test is flaky, from how it behaved where nothing changed that could explain it.

Pure. Each kind of evidence is a count of times that something happened out of the times that it could have; two
beta-binomial accounts of these counts, of a sound test and of a flaky one, are weighed against each other.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

PRIOR = 0.02
"""Share of tests that are flaky before anything is known of one; large companies report one to two percent."""

Beta = tuple[float, float]


@dataclass(frozen=True)
class _Kind:
    """How often something happens to a sound and to a flaky test, each as a beta distribution of that rate."""

    sound: Beta
    flaky: Beta


_RERUN = _Kind(sound=(1, 499), flaky=(1, 1))
"""A failure that passes at the same revision: a sound test does that only where a machine failed, a flaky one often."""

_UNEXPLAINED = _Kind(sound=(1, 19), flaky=(2, 2))
"""A recovery with no change to any file of the test: in a sound test, not all of its files are known."""

_ONSET = _Kind(sound=(1, 99), flaky=(1, 9))
"""A pass that is followed by a failure: sound tests break from time to time, flaky ones more often."""


@dataclass(frozen=True, order=True)
class Seen:
    """One run of a test, in the order of time. ``concerned`` says whether any file that it depends on had changed since
    the run before; None where that is not known.
    """

    revision: str
    failed: bool
    concerned: bool | None = None


@dataclass(frozen=True)
class Behaviour:
    """What a test did. Pairs of counts: how often it happened, out of how many times.

    ``reruns``: it passed when it ran again at the revision at which it had failed. ``unexplained``: it recovered though
    none of its files had changed. ``onsets``: it failed after it had passed.
    """

    reruns: tuple[int, int] = (0, 0)
    unexplained: tuple[int, int] = (0, 0)
    onsets: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Flakiness:
    """``probability`` is that of being flaky; ``evidence`` are sentences, the most telling first, empty without any."""

    probability: float
    evidence: tuple[str, ...]


def behaviour_of(seen: Sequence[Seen]) -> Behaviour:
    """Count what one test did in its runs, oldest first."""
    reruns, unexplained, onsets = [0, 0], [0, 0], [0, 0]
    for before, now in pairwise(seen):
        if not before.failed:
            # The failure after a pass at the same revision is a flip as well, and is counted when it passes again.
            _count(onsets, happened=now.failed)
        elif before.revision == now.revision:
            _count(reruns, happened=not now.failed)
        elif now.concerned is False:
            _count(unexplained, happened=not now.failed)
    return Behaviour(
        reruns=(reruns[0], reruns[1]), unexplained=(unexplained[0], unexplained[1]), onsets=(onsets[0], onsets[1])
    )


def _count(pair: list[int], *, happened: bool) -> None:
    pair[0] += happened
    pair[1] += 1


def flakiness_of(behaviour: Behaviour) -> Flakiness:
    """Weigh the two accounts of what a test did."""
    weights = (
        (_RERUN, behaviour.reruns),
        (_UNEXPLAINED, behaviour.unexplained),
        (_ONSET, behaviour.onsets),
    )
    log_odds = math.log(PRIOR / (1 - PRIOR))
    for kind, (happened, times) in weights:
        log_odds += _log_likelihood(happened, times, kind.flaky) - _log_likelihood(happened, times, kind.sound)
    return Flakiness(probability=_logistic(log_odds), evidence=_sentences(behaviour))


def _logistic(log_odds: float) -> float:
    # The half that cannot overflow, on either side of even odds.
    return 1 / (1 + math.exp(-log_odds)) if log_odds > 0 else math.exp(log_odds) / (1 + math.exp(log_odds))


def _log_likelihood(happened: int, times: int, beta: Beta) -> float:
    """The beta-binomial, without the number of orders, which is the same in both accounts."""
    a, b = beta
    return _log_beta(a + happened, b + times - happened) - _log_beta(a, b)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _sentences(behaviour: Behaviour) -> tuple[str, ...]:
    told = (
        (behaviour.reruns, "passed {} of {} times when it ran again at the revision at which it had failed"),
        (behaviour.unexplained, "recovered {} of {} times though no file that it depends on had changed"),
        (behaviour.onsets, "failed {} of {} times after it had passed"),
    )
    return tuple(words.format(*counts) for counts, words in told if counts[0])
