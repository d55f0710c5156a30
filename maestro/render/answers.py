"""The controls' part of a narrative: failures first, then what could not be asked, then what passed, compactly."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from maestro.model.evidence import ControlFinding, FindingState
from maestro.render import people
from maestro.render.measure import WHOLE, Limits
from maestro.render.sources import Source, Sources
from maestro.render.untrusted import Shown, line, name
from maestro.render.view import Tone

NAMES_SHOWN: Final = 20
NAME_LIMIT: Final = 40

STATES: Final[dict[FindingState, tuple[str, Tone, str, str]]] = {
    FindingState.FAIL: ("fail", "red", "fails", "fail"),
    FindingState.NOT_EVALUATED: ("not evaluated", "amber", "could not be evaluated", "could not be evaluated"),
    FindingState.PASS: ("pass", "green", "passes", "pass"),
    FindingState.NOT_APPLICABLE: ("not applicable", "grey", "does not apply", "do not apply"),
}
"""Each state's word, tone, and verb for one and for many, in the order in which an auditor asks for them."""


@dataclass(frozen=True)
class Told:
    """A sentence and what shows it."""

    text: Shown
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class Answer:
    """A control's row. ``reason`` is empty where the annex tells it."""

    control: Shown
    title: Shown
    tier: int
    state: Shown
    tone: Tone
    reason: Shown
    fix: Shown
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class Group:
    """Controls of one state and tier that have no row of their own."""

    state: Shown
    tone: Tone
    text: Shown
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class Answers:
    """All controls. ``shortened`` where a row or a reason of any stands in the annex only."""

    summary: Told | None
    rows: tuple[Answer, ...]
    groups: tuple[Group, ...]
    shortened: bool


def answers(findings: Sequence[ControlFinding], *, limits: Limits, sources: Sources) -> Answers:
    """The answers within ``limits``: each control has a row or is counted in a group."""
    ordered = _ordered(findings)
    wanted = [finding for finding in ordered if _wants_a_row(finding, limits)]
    with_row = {id(finding) for finding in wanted[: limits.controls]}
    rest = [finding for finding in ordered if id(finding) not in with_row]
    rows = tuple(_answer(finding, sources, limits) for finding in ordered if id(finding) in with_row)
    return Answers(
        summary=_summary(findings, sources),
        rows=rows,
        groups=tuple(
            _group(state, tier, list(members), sources, limits)
            for (state, tier), members in groupby(rest, key=lambda finding: (finding.state, finding.tier))
        ),
        shortened=bool(rest) or rows != every_answer(ordered, sources=sources),
    )


def every_answer(findings: Sequence[ControlFinding], *, sources: Sources) -> tuple[Answer, ...]:
    """A full row for each control, for the annex."""
    return tuple(_answer(finding, sources, WHOLE) for finding in _ordered(findings)[: WHOLE.controls])


def _ordered(findings: Sequence[ControlFinding]) -> list[ControlFinding]:
    rank = {state: number for number, state in enumerate(STATES)}
    return sorted(findings, key=lambda finding: (rank[finding.state], finding.tier))


def _wants_a_row(finding: ControlFinding, limits: Limits) -> bool:
    if finding.state in {FindingState.FAIL, FindingState.NOT_EVALUATED}:
        return True
    return finding.tier <= limits.tiers and (finding.state is FindingState.PASS or limits.reasons_of_passes)


def _answer(finding: ControlFinding, sources: Sources, limits: Limits) -> Answer:
    word, tone, *_ = STATES[finding.state]
    quiet = finding.state is FindingState.PASS and not limits.reasons_of_passes
    return Answer(
        control=name(finding.control, limit=min(NAME_LIMIT, limits.characters)),
        title=line(finding.title, limit=limits.characters),
        tier=finding.tier,
        state=Shown(word),
        tone=tone,
        reason=Shown("") if quiet else line(finding.reason, limit=limits.characters) or Shown("No reason was given."),
        fix=line(finding.fix, limit=limits.characters),
        sources=sources.artifacts(finding.evidence) or sources.facts(),
    )


def _group(state: FindingState, tier: int, members: list[ControlFinding], sources: Sources, limits: Limits) -> Group:
    word, tone, one, many = STATES[state]
    text = f"{people.count(len(members), 'control')} of tier {tier} {one if len(members) == 1 else many}"
    if limits.names:
        more = len(members) - NAMES_SHOWN
        names = ", ".join(name(member.control, limit=NAME_LIMIT) for member in members[:NAMES_SHOWN])
        text += f": {names}{f' and {more:,} more' if more > 0 else ''}"
    return Group(Shown(word), tone, Shown(f"{text}."), (*sources.card(), *sources.facts()))


def _summary(findings: Sequence[ControlFinding], sources: Sources) -> Told | None:
    if not findings:
        return None
    states = [finding.state for finding in findings]
    counted = [_counted(state, states.count(state)) for state in STATES if state in states]
    text = f"Of {people.count(len(findings), 'control')}, {', '.join(counted)}."
    return Told(Shown(text), (*sources.card(), *sources.facts()))


def _counted(state: FindingState, number: int) -> str:
    *_, one, many = STATES[state]
    return f"{number:,} {one if number == 1 else many}"
