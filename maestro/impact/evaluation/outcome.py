"""What each way of selecting would have run of one case, and whether that would have caught it."""

from collections.abc import Callable, Collection, Sequence
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from maestro.impact.evaluation.judging import Judged, marked
from maestro.impact.evaluation.rules import RULES, random_starts
from maestro.impact.knowledge.evidence import Evidence
from maestro.model.base import Model

Flags = NDArray[np.bool_]

NAMED_TESTS: Final = 3


class Chosen(Protocol):
    """A selection: the tests that ``run``, how deep each stands in the order, and why everything runs if it does."""

    @property
    def run(self) -> Flags: ...
    @property
    def depth(self) -> NDArray[np.float64]: ...
    @property
    def everything(self) -> str: ...
    @property
    def certified(self) -> bool: ...


Select = Callable[[Evidence, float], Chosen]
"""Selects for one change under τ."""


class Pick(Model):
    """What one way runs of a case. Shares are of the suite's tests and of its seconds.

    ``caught`` is whether any failing test runs, ``caught_all`` whether all do.
    """

    selected: int
    test_share: float
    time_share: float
    caught: bool
    caught_all: bool


class PickAtTau(Pick):
    """Maestro's. ``everything`` is why all tests run, empty where not. ``random_caught`` is how likely a random
    selection of the same share of the time catches the case.
    """

    tau: float
    everything: str
    certified: bool
    random_caught: float


class CaseOutcome(Model):
    """One case. ``rank`` is the place of the first failing test in Maestro's order, from 1, and ``rank_share`` the
    share of the seconds until it has ended. ``failing`` are those that count, ``red_before`` fail on the base as well,
    ``unknown`` are not listed. ``reasons`` says for some failing tests why they were selected, or would have been.
    """

    line: int
    base: str
    tests: int
    seconds: float
    failing: tuple[str, ...]
    red_before: tuple[str, ...]
    unknown: tuple[str, ...]
    forced: int
    rank: int
    rank_share: float
    reasons: tuple[str, ...]
    taus: tuple[PickAtTau, ...]
    rules: dict[str, Pick]
    testmon: Pick | None = None


def outcome_of(
    judged: Judged, *, base: str, taus: Sequence[float], select: Select, testmon: Collection[str] | None = None
) -> CaseOutcome:
    """Hold the case against every way; ``testmon`` are the tests that pytest-testmon selects, None where not asked."""
    evidence, failing = judged.evidence, judged.failing
    chosen = {tau: select(evidence, tau) for tau in taus}
    order = np.argsort(next(iter(chosen.values())).depth, kind="stable")
    rank = int(np.argmax(failing[order]))
    starts = random_starts(evidence.seconds, failing, seed=judged.case.line)
    rules = {name: _pick(judged, rule(evidence)) for name, rule in RULES.items()}
    return CaseOutcome(
        line=judged.case.line,
        base=base,
        tests=len(evidence.tests),
        seconds=round(float(evidence.seconds.sum()), 3),
        failing=tuple(test for test, fails in zip(evidence.tests, failing.tolist(), strict=True) if fails),
        red_before=judged.red_before,
        unknown=judged.unknown,
        forced=len(evidence.forced),
        rank=rank + 1,
        rank_share=_time_share(evidence, order[: rank + 1]),
        reasons=_reasons(evidence, order[failing[order]][:NAMED_TESTS].tolist()),
        taus=tuple(_at_tau(judged, tau, each, starts) for tau, each in chosen.items()),
        rules=rules,
        testmon=None if testmon is None else _pick(judged, marked(evidence.tests, frozenset(testmon))),
    )


def _pick(judged: Judged, run: Flags) -> Pick:
    return Pick(
        selected=int(np.count_nonzero(run)),
        test_share=float(run.mean()),
        time_share=_time_share(judged.evidence, run),
        caught=bool((judged.failing & run).any()),
        caught_all=not bool((judged.failing & ~run).any()),
    )


def _at_tau(judged: Judged, tau: float, chosen: Chosen, starts: NDArray[np.float64]) -> PickAtTau:
    pick = _pick(judged, chosen.run)
    return PickAtTau(
        **pick.model_dump(),
        tau=tau,
        everything=chosen.everything,
        certified=chosen.certified,
        # A sum of shares is not exactly 1 where everything runs.
        random_caught=float(np.mean(starts <= pick.time_share + 1e-9)),
    )


def _time_share(evidence: Evidence, tests: NDArray[np.bool_] | NDArray[np.intp]) -> float:
    seconds = evidence.seconds.astype(np.float64)
    total = float(seconds.sum())
    return min(1.0, float(seconds[tests].sum()) / total) if total else 0.0


def _reasons(evidence: Evidence, tests: Sequence[int]) -> tuple[str, ...]:
    return tuple(f"{evidence.tests[test]}: {evidence.reason(test)[1]}" for test in tests)
