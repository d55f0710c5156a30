"""What the models say of one pull request: the tests to run, each with its reason, and what may be promised for it.

Three sources, in the order of their right to leave tests out. The champion that was calibrated on this repository's own
red builds certifies τ here. The change model certifies it for faults like those of the public projects that it was
fitted on. Without either the import graph decides. A source that may not leave out may still add.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from maestro.impact.evaluation.metrics import interval
from maestro.impact.knowledge.evidence import Evidence
from maestro.impact.risk.appetite import RiskAppetite
from maestro.impact.risk.change import ChangeModel, select_change
from maestro.impact.risk.past_model import PastSelection
from maestro.impact.risk.ranking import Flags, Floats
from maestro.impact.risk.statement import needed_red_builds, statement_without_model
from maestro.model.tests import ReasonKind, RiskStatement, SelectionRule
from maestro.words import count

Reason = tuple[ReasonKind, str]

OWN: Final = "conformal control on this repository's own red builds"
PUBLIC: Final = "conformal control on faults of public projects"


@dataclass(frozen=True, eq=False)
class Champion:
    """What the calibrated model says: its selection, its file's digest and the share of red builds that it saw."""

    selection: PastSelection
    digest: str
    red_rate: float


@dataclass(frozen=True, eq=False)
class Judgement:
    """``taken`` are the tests that a model runs, ``p`` their probabilities. ``alone`` says that what no model takes is
    left out although the import graph may reach it. ``everything`` is the sentence on why all tests run, empty where
    not; ``notes`` are what was missing.
    """

    taken: Mapping[str, Reason] = field(default_factory=dict)
    p: Mapping[str, float] = field(default_factory=dict)
    alone: bool = False
    everything: str = ""
    notes: tuple[str, ...] = ()
    certificate: RiskStatement | None = None

    def statement(
        self, appetite: RiskAppetite, *, left_out: int, narrowed: bool = False, red_builds: int = 0
    ) -> RiskStatement:
        """What may be promised for a plan that leaves so many tests out, and what was missing to promise more."""
        if left_out and not narrowed and self.certificate is not None:
            statement = self.certificate
        else:
            statement = statement_without_model(appetite, left_out=left_out, narrowed=narrowed, red_builds=red_builds)
        missing = [f"{note[:1].upper()}{note[1:]}." for note in self.notes] if left_out else []
        return statement.model_copy(update={"promise": " ".join((statement.promise, *missing))})


def judge(
    tests: Sequence[str],
    appetite: RiskAppetite,
    *,
    evidence: Evidence | None = None,
    model: ChangeModel | None = None,
    champion: Champion | None = None,
) -> Judgement:
    """Ask the models. ``evidence`` is of ``tests`` in their order and goes with the change ``model``; it may rest on a
    recording or, without one, on names and imports, and then it only adds.
    """
    if appetite.mode is SelectionRule.OFF:
        return Judgement()
    taken: dict[str, Reason] = {}
    p: dict[str, float] = {}
    own = champion is not None and champion.selection.cut is not None and champion.selection.cut.limit is not None
    if champion is not None and own:
        _take(taken, p, tests, champion)
    public = evidence is not None and model is not None
    if evidence is not None and model is not None:
        chosen = select_change(evidence, tau=appetite.tau, model=model)
        if chosen.everything and evidence.unjudged:
            return Judgement(everything=chosen.everything, notes=evidence.notes)
        public = chosen.certified and evidence.recorded
        _add(taken, p, evidence, chosen.run if chosen.certified else np.zeros(len(tests), np.bool_), chosen.p)
    alone = own or (public and appetite.mode is SelectionRule.PUBLIC)
    certificate = None
    if champion is not None and own:
        certificate = _own(appetite, champion)
    elif public and model is not None:
        certificate = _public(appetite, model, alone=alone)
    return Judgement(taken=taken, p=p, alone=alone, notes=evidence.notes if evidence else (), certificate=certificate)


def _take(taken: dict[str, Reason], p: dict[str, float], tests: Sequence[str], champion: Champion) -> None:
    found = champion.selection
    columns = zip(tests, found.run.tolist(), found.p.tolist(), found.new.tolist(), strict=True)
    for test, runs, likely, new in columns:
        p[test] = likely
        if new:
            taken[test] = (ReasonKind.NEW, "no build is known in which it ran")
        elif runs:
            taken[test] = (ReasonKind.LIKELY, f"by its past and the change it fails with a chance of {likely:.2g}")


def _add(taken: dict[str, Reason], p: dict[str, float], evidence: Evidence, run: Flags, likely: Floats) -> None:
    """What is known of the change is told before what the past says: a reader can check it."""
    for place, test in enumerate(evidence.tests):
        p[test] = max(p.get(test, 0.0), float(likely[place]))
        if run[place]:
            taken[test] = evidence.reason(place)


def _own(appetite: RiskAppetite, champion: Champion) -> RiskStatement:
    cut = champion.selection.cut
    if cut is None:
        raise AssertionError("a champion without a cut certifies nothing")
    residual = (cut.deeper + 1) / (cut.red_builds + 1)
    low, high = interval(cut.deeper, cut.red_builds)
    return RiskStatement(
        tau=appetite.tau,
        tau_terms=appetite.terms,
        residual_risk=min(1.0, residual),
        low=min(low, residual),
        high=max(high, min(1.0, residual)),
        unconditional_risk=min(1.0, residual) * champion.red_rate,
        method=OWN,
        certified=True,
        red_builds=cut.red_builds,
        promise=(
            f"Of the last {count(cut.red_builds, 'red build')} of this repository, a selection this deep would have "
            f"let {cut.deeper} pass as green; by that, at most {cut.tau:.2g} of those to come."
        ),
        model=champion.digest,
    )


def _public(appetite: RiskAppetite, model: ChangeModel, *, alone: bool) -> RiskStatement | None:
    cut = model.cut(appetite.tau)
    if cut is None:
        return None
    residual = (cut.deeper + 1) / (model.cases + 1)
    low, high = interval(cut.deeper, model.cases)
    beside = "" if alone else " The import graph's tests run as well."
    return RiskStatement(
        tau=appetite.tau,
        tau_terms=appetite.terms,
        residual_risk=residual,
        low=min(low, residual),
        high=max(high, residual),
        unconditional_risk=residual,
        method=PUBLIC,
        certified=False,
        red_builds=0,
        promise=(
            f"Of {model.cases} known faults in {model.projects} public projects, a selection this deep lets "
            f"{cut.deeper} pass as green. That is no bound for this repository: its own would take "
            f"{needed_red_builds(appetite.tau)} red builds.{beside}"
        ),
    )
