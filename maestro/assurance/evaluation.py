"""Asks every control of the catalogue and answers with findings: pure, the same input gives the same findings.

An error, a missing input or missing evidence is never a pass: the finding is not evaluated, and says what is missing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from maestro.assurance.catalogue import Catalogue, Control, Query
from maestro.assurance.expression import ask, facts_used
from maestro.assurance.facts import Facts, FactValue, QueryKind, label
from maestro.model.artifact import ArtifactRef
from maestro.model.evidence import ControlFinding, FindingState

NAMES_SHOWN = 5
"""File names in a sentence; the artifact has them all."""

EvidenceByKind = Mapping[QueryKind, tuple[ArtifactRef, ...]]


@dataclass(frozen=True)
class _Answered:
    query: Query
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
    it is not zero.
    """
    return tuple(_finding(control, facts, evidence, age_hours or {}) for control in catalogue.controls)


def _finding(
    control: Control, facts: Facts, evidence: EvidenceByKind, age_hours: Mapping[QueryKind, float]
) -> ControlFinding:
    state, reason = _judge(control, facts, evidence, age_hours)
    refs = [ref for kind in control.kinds for ref in evidence.get(kind, ())]
    return ControlFinding(
        control=control.id,
        title=control.title,
        tier=control.tier,
        state=state,
        reason=reason,
        fix=control.fix if state is FindingState.FAIL else "",
        evidence=() if state is FindingState.NOT_APPLICABLE else tuple(dict.fromkeys(refs)),
    )


def _judge(
    control: Control, facts: Facts, evidence: EvidenceByKind, age_hours: Mapping[QueryKind, float]
) -> tuple[FindingState, str]:
    if control.applies is not None:
        applies = _answer(control.applies, facts)
        if applies.holds is None:
            return FindingState.NOT_EVALUATED, f"Whether this applies is not known: {applies.sentence}."
        if not applies.holds:
            return FindingState.NOT_APPLICABLE, _sentence([applies.sentence])
    answers = [_answer(query, facts) for query in control.query]
    failing = [answer.sentence for answer in answers if answer.holds is False]
    unknown = [answer.sentence for answer in answers if answer.holds is None]
    unknown += _unproven(control, evidence, age_hours)
    if failing:
        return FindingState.FAIL, _sentence(failing)
    if unknown:
        return FindingState.NOT_EVALUATED, _sentence(unknown)
    return FindingState.PASS, _sentence([answer.sentence for answer in answers])


def _sentence(clauses: list[str]) -> str:
    text = "; ".join(clauses)
    return f"{text[:1].upper()}{text[1:]}."


def _answer(query: Query, facts: Facts) -> _Answered:
    known = facts.known(query.kind)
    answer = ask(query.kind, query.where, known)
    if answer.holds is None:
        return _Answered(query, None, answer.unknown)
    shown = [f"{label(name)}: {_words(known[name])}" for name in facts_used(query.kind, query.where) if name in known]
    return _Answered(query, answer.holds, ", ".join(shown) or query.where)


def _unproven(control: Control, evidence: EvidenceByKind, age_hours: Mapping[QueryKind, float]) -> list[str]:
    missing = [f"no stored artifact shows the facts of kind {kind}" for kind in control.kinds if not evidence.get(kind)]
    limit = control.evidence_max_age_hours
    stale = [
        f"the evidence of kind {kind} is {age_hours[kind]:.0f} h old and counts for {limit:.0f} h"
        for kind in control.kinds
        if age_hours.get(kind, 0.0) > limit
    ]
    return missing + stale


def _words(value: FactValue) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        more = len(value) - NAMES_SHOWN
        names = ", ".join(value[:NAMES_SHOWN]) or "none"
        return f"{names} and {more} more" if more > 0 else names
    return str(value)
