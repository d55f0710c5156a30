"""Asks every control of the catalogue and answers with findings: pure, the same input gives the same findings.

An error, a missing input or missing evidence is never a pass: the finding is not evaluated, and says what is missing.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from maestro.assurance.catalogue import Catalogue, Control, Query
from maestro.assurance.expression import ask, facts_used
from maestro.assurance.facts import Facts, FactValue, QueryKind, label
from maestro.model.artifact import ArtifactRef
from maestro.model.evidence import ControlFinding, FindingState

NAMES_SHOWN: Final = 5
"""File names in a sentence; the artifact has them all."""

CLOCK_TOLERANCE_HOURS: Final = 5 / 60
"""By how much the clocks of two machines may differ. Evidence from a later future has a date that nobody can trust."""

EvidenceByKind = Mapping[QueryKind, tuple[ArtifactRef, ...]]


@dataclass(frozen=True)
class _Ground:
    """What the answers rest on: all facts by their full names, and the evidence with its age."""

    known: Mapping[str, FactValue]
    evidence: EvidenceByKind
    age_hours: Mapping[QueryKind, float]


@dataclass(frozen=True)
class _Answered:
    holds: bool | None
    sentence: str


def evaluate(
    catalogue: Catalogue,
    facts: Facts,
    evidence: EvidenceByKind,
    *,
    age_hours: Mapping[QueryKind, float] | None = None,
) -> tuple[ControlFinding, ...]:
    """One finding per control, in catalogue order.

    ``evidence`` holds the stored artifacts from which the facts of a kind were taken; ``age_hours`` their age, where
    it is not zero: negative for evidence from the future, infinite where nobody knows it.
    """
    known = {name: value for kind in QueryKind for name, value in facts.known(kind).items()}
    ground = _Ground(known, evidence, age_hours or {})
    return tuple(_finding(control, ground) for control in catalogue.controls)


def _finding(control: Control, ground: _Ground) -> ControlFinding:
    state, reason = _judge(control, ground)
    refs = [ref for kind in control.kinds for ref in ground.evidence.get(kind, ())]
    return ControlFinding(
        control=control.id,
        title=control.title,
        tier=control.tier,
        state=state,
        reason=reason,
        fix=control.fix if state is FindingState.FAIL else "",
        evidence=() if state is FindingState.NOT_APPLICABLE else tuple(dict.fromkeys(refs)),
    )


def _judge(control: Control, ground: _Ground) -> tuple[FindingState, str]:
    if control.applies is not None:
        applies = _answer(control.applies, ground)
        if applies.holds is None:
            return FindingState.NOT_EVALUATED, f"Whether this applies is not known: {applies.sentence}."
        if not applies.holds:
            return FindingState.NOT_APPLICABLE, _sentence([applies.sentence])
    answers = [_answer(query, ground) for query in control.query]
    failing = [answer.sentence for answer in answers if answer.holds is False]
    unknown = [answer.sentence for answer in answers if answer.holds is None]
    unknown += _unproven(control, ground)
    if failing:
        return FindingState.FAIL, _sentence(failing)
    if unknown or not answers:
        return FindingState.NOT_EVALUATED, _sentence(unknown or ["the control has no query"])
    return FindingState.PASS, _sentence([answer.sentence for answer in answers])


def _sentence(clauses: list[str]) -> str:
    text = "; ".join(dict.fromkeys(clauses))
    return f"{text[:1].upper()}{text[1:]}."


def _answer(query: Query, ground: _Ground) -> _Answered:
    answer = ask(query.kind, query.where, ground.known)
    if answer.holds is None:
        return _Answered(None, answer.unknown)
    used = [name for name in facts_used(query.kind, query.where) if name in ground.known]
    return _Answered(answer.holds, ", ".join(f"{label(name)}: {_words(ground.known[name])}" for name in used))


def _unproven(control: Control, ground: _Ground) -> list[str]:
    kinds, limit = control.kinds, control.evidence_max_age_hours
    missing = [f"no stored artifact shows the facts of kind {kind}" for kind in kinds if not ground.evidence.get(kind)]
    return missing + [clause for kind in kinds if (clause := _wrong_age(kind, ground.age_hours.get(kind, 0.0), limit))]


def _wrong_age(kind: QueryKind, hours: float, limit: float) -> str:
    if not math.isfinite(hours):
        return f"nobody knows how old the evidence of kind {kind} is"
    if hours > limit:
        return f"the evidence of kind {kind} is {math.ceil(hours * 10) / 10:g} h old and counts for {limit:g} h"
    if hours < -CLOCK_TOLERANCE_HOURS:
        return (
            f"the evidence of kind {kind} is dated {_minutes(-hours)} in the future, so a clock is wrong "
            f"(at most {_minutes(CLOCK_TOLERANCE_HOURS)} are tolerated)"
        )
    return ""


def _minutes(hours: float) -> str:
    return f"{math.ceil(round(hours * 60, 6))} min"


def _words(value: FactValue) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, tuple):
        more = len(value) - NAMES_SHOWN
        names = ", ".join(value[:NAMES_SHOWN]) or "none"
        return f"{names} and {more} more" if more > 0 else names
    return str(value)
