"""Known faults of a repository, each held against what Maestro, fixed rules and pytest-testmon would have run.

The suite runs on the bases only: recorded, and for pytest-testmon plain and under it. Of the faults nothing runs.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from maestro.errors import BadInput
from maestro.impact.evaluation.casefile import Case, CaseFile
from maestro.impact.evaluation.figures import Rate, rate
from maestro.impact.evaluation.judging import Judge
from maestro.impact.evaluation.opening import Ground, by_commit, open_base
from maestro.impact.evaluation.outcome import CaseOutcome, Pick, PickAtTau, Select, outcome_of
from maestro.impact.evaluation.rules import RULES
from maestro.impact.evaluation.testmon import Testmon, TestmonCost, testmon_on
from maestro.impact.history.assembly import Remarks
from maestro.model.base import Model

Say = Callable[[str], None]


class Figures(Model):
    """One way of selecting over ``cases``. ``escaped`` are those of which no failing test ran, with the interval.

    Shares of the suite's seconds and tests are of single cases: mean, median and 90th percentile.
    """

    cases: int
    caught: int
    caught_all: int
    escaped: Rate
    time_mean: float
    time_median: float
    time_p90: float
    tests_mean: float


class FiguresAtTau(Figures):
    """Maestro at one τ. ``everything`` counts the cases in which all tests ran, by reason; ``random_caught`` is how
    many cases a random selection of the same share of the time would have caught, on average.
    """

    tau: float
    everything: dict[str, int]
    random_caught: float


class BaseFigures(Model):
    """One base. ``recorded_seconds`` is the whole suite while recording, ``testmon`` what the peer's database cost."""

    sha: str
    tests: int
    red: tuple[str, ...]
    silent: tuple[str, ...]
    recorded_seconds: float
    reused: bool
    testmon: TestmonCost | None = None


class CasesEvaluation(Model):
    """The figures, and all they rest on. ``left_out`` says which of the ``lines`` gave no case and why, ``remarks``
    what else was odd about them.
    """

    lines: int
    cases: int
    left_out: tuple[str, ...]
    remarks: tuple[str, ...]
    bases: tuple[BaseFigures, ...]
    taus: tuple[FiguresAtTau, ...]
    rules: dict[str, Figures]
    testmon: Figures | None
    outcomes: tuple[CaseOutcome, ...]


async def evaluate_cases(
    ground: Ground, file: CaseFile, *, taus: Sequence[float], select: Select, testmon: bool, say: Say
) -> CasesEvaluation:
    """Evaluate all cases of a file; ``say`` is told how far it is. ``BadInput`` when not one can be evaluated."""
    evaluation = _Evaluation(ground, taus=taus, select=select, testmon=testmon, say=say)
    commits, lost = by_commit(ground.repository, file.cases)
    for case in lost:
        evaluation.leave_out(case, "base: the repository has no such commit", case.base)
    for sha, cases in commits.items():
        await evaluation.take(sha, cases)
    return evaluation.result(file)


class _Evaluation:
    """Collects outcomes base by base."""

    def __init__(self, ground: Ground, *, taus: Sequence[float], select: Select, testmon: bool, say: Say) -> None:
        self._ground = ground
        self._taus = tuple(taus)
        self._select = select
        self._testmon = testmon
        self._say = say
        self._left_out = Remarks()
        self._remarks = Remarks()
        self._bases: list[BaseFigures] = []
        self._outcomes: list[CaseOutcome] = []

    def leave_out(self, case: Case, what: str, why: str) -> None:
        self._left_out.add(what, f"line {case.line}: {why}")
        self._say(f"line {case.line} is left out: {what}: {why}")

    async def take(self, sha: str, cases: Sequence[Case]) -> None:
        """All cases of one base; where the base cannot be used, they are left out."""
        self._say(f"{sha[:12]}: {len(cases)} cases; listing and recording its suite, if that is not kept from before")
        try:
            async with open_base(self._ground, sha) as judge:
                peer = await self._peer(judge) if self._testmon else None
                self._note_base(judge, peer)
                for case in cases:
                    await self._take_case(judge, peer, case)
        except BadInput as error:
            for case in cases:
                self.leave_out(case, "base: its suite cannot be used", f"{error.field}: {error.message}")

    async def _peer(self, judge: Judge) -> Testmon | None:
        self._say(f"{judge.base.sha[:12]}: pytest-testmon builds its database, if that is not kept from before")
        try:
            return await testmon_on(judge.tree, judge.base, home=self._ground.home, workdir=judge.workdir / "testmon")
        except BadInput as error:
            self._remarks.add("pytest-testmon cannot be compared on a base", f"{judge.base.sha[:12]}: {error.message}")
            return None

    def _note_base(self, judge: Judge, peer: Testmon | None) -> None:
        base = judge.base
        self._bases.append(
            BaseFigures(
                sha=base.sha,
                tests=len(base.run.tests),
                red=base.run.red,
                silent=base.run.silent,
                recorded_seconds=base.run.seconds,
                reused=base.reused,
                testmon=peer.cost if peer else None,
            )
        )
        if base.run.red:
            what = "tests fail on their base already, and count in no case"
            self._remarks.add(what, base.run.red[0], count=len(base.run.red))

    async def _take_case(self, judge: Judge, peer: Testmon | None, case: Case) -> None:
        try:
            judged = await judge.judged(case)
        except BadInput as error:
            self.leave_out(case, f"{error.field}: the case cannot be judged", error.message)
            return
        for what, tests in (("fail on the base as well", judged.red_before), ("are not listed", judged.unknown)):
            if tests:
                self._remarks.add(f"failing: tests that {what}", f"line {case.line}: {tests[0]}", count=len(tests))
        chosen: tuple[str, ...] | None = None
        if peer is not None:
            try:
                chosen = await peer.selected(
                    judged.texts, overlay=judge.overlay, workdir=judge.workdir / f"testmon-{case.line}"
                )
            except BadInput as error:
                self._remarks.add("pytest-testmon gives no selection", f"line {case.line}: {error.message}")
        outcome = outcome_of(judged, base=judge.base.sha, taus=self._taus, select=self._select, testmon=chosen)
        self._outcomes.append(outcome)
        self._say(f"line {case.line}: {_told(outcome)}")

    def result(self, file: CaseFile) -> CasesEvaluation:
        left_out = (*file.left_out, *self._left_out)
        if not self._outcomes:
            raise BadInput(
                f"not one case could be evaluated: {'; '.join(map(str, left_out))}",
                field="--cases",
                fix="mend what is named, beginning with the first",
            )
        peer = [outcome.testmon for outcome in self._outcomes if outcome.testmon is not None]
        return CasesEvaluation(
            lines=file.lines,
            cases=len(self._outcomes),
            left_out=tuple(map(str, left_out)),
            remarks=tuple(map(str, self._remarks)),
            bases=tuple(self._bases),
            taus=tuple(
                _at_tau([outcome.taus[place] for outcome in self._outcomes]) for place in range(len(self._taus))
            ),
            rules={name: figures_of(outcome.rules[name] for outcome in self._outcomes) for name in RULES},
            testmon=figures_of(peer) if peer else None,
            outcomes=tuple(self._outcomes),
        )


def figures_of(picks: Iterable[Pick]) -> Figures:
    """The figures of one way, of at least one case."""
    all_picks = list(picks)
    caught = sum(pick.caught for pick in all_picks)
    times = np.array([pick.time_share for pick in all_picks])
    return Figures(
        cases=len(all_picks),
        caught=caught,
        caught_all=sum(pick.caught_all for pick in all_picks),
        escaped=rate(len(all_picks) - caught, len(all_picks)),
        time_mean=float(times.mean()),
        time_median=float(np.median(times)),
        time_p90=float(np.quantile(times, 0.9)),
        tests_mean=float(np.mean([pick.test_share for pick in all_picks])),
    )


def _at_tau(picks: Sequence[PickAtTau]) -> FiguresAtTau:
    return FiguresAtTau(
        **figures_of(picks).model_dump(),
        tau=picks[0].tau,
        everything=dict(Counter(pick.everything for pick in picks if pick.everything)),
        random_caught=sum(pick.random_caught for pick in picks),
    )


def _told(outcome: CaseOutcome) -> str:
    middle = outcome.taus[len(outcome.taus) // 2]
    peer = outcome.testmon
    said = (
        f"{'caught' if middle.caught else 'ESCAPED'} with {middle.time_share:.1%} of the time at τ {middle.tau:g}, "
        f"first failing test at place {outcome.rank} of {outcome.tests}"
    )
    return said + (
        f"; pytest-testmon {'caught' if peer.caught else 'ESCAPED'} with {peer.time_share:.1%}" if peer else ""
    )
