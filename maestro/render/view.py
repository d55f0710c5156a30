"""What a card shows, in the order in which it is read: one view that the page, Markdown and terminal lay out.

Every text in it is ``Shown``: neutralised, cut and formatted for people. Nothing here decides anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from maestro.model.decision import DecisionState
from maestro.render.untrusted import Shown

Tone = Literal["green", "amber", "red", "blue", "grey"]


@dataclass(frozen=True)
class Pair:
    """A label and its value."""

    label: Shown
    value: Shown


@dataclass(frozen=True)
class Figure:
    """A number at a glance, and what stands behind it."""

    label: Shown
    value: Shown
    detail: Shown
    tone: Tone = "grey"


@dataclass(frozen=True)
class Step:
    """The smallest safe next step."""

    description: Shown
    facts: tuple[Pair, ...]


@dataclass(frozen=True)
class Bar:
    """A part of a region's cost, with where it starts and how wide it is in per cent of the dearest region."""

    term: str
    start: float
    width: float


@dataclass(frozen=True)
class RegionRow:
    region: Shown
    state: Shown
    tone: Tone
    reasons: tuple[Shown, ...]
    costs: tuple[Pair, ...]
    how: tuple[Pair, ...]
    total: Shown
    carbon: Shown
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class PlaceView:
    """Where it ran and why. ``chosen`` is None while no region can be chosen."""

    chosen: Shown | None
    reason: Shown
    residency: Shown
    assumed: Shown
    rows: tuple[RegionRow, ...]


@dataclass(frozen=True)
class FailedTest:
    test: Shown
    verdict: Shown
    message: Shown


@dataclass(frozen=True)
class ChosenTest:
    test: Shown
    reason: Shown
    expected: Shown


@dataclass(frozen=True)
class TestsView:
    """What was tested. ``more_failed`` and ``more_selected`` count what only the stored lists name."""

    __test__ = False

    reason: Shown
    outcome: Shown
    left_out: Shown
    facts: tuple[Pair, ...]
    problems: tuple[Pair, ...]
    failed: tuple[FailedTest, ...]
    more_failed: int
    selected: tuple[ChosenTest, ...]
    more_selected: int


@dataclass(frozen=True)
class RiskView:
    """What a plan promises: figures in words, and the terms that made τ what it is."""

    tau: Shown
    facts: tuple[Pair, ...]
    terms: tuple[Pair, ...]


@dataclass(frozen=True)
class ControlRow:
    control: Shown
    title: Shown
    tier: int
    state: Shown
    tone: Tone
    reason: Shown
    fix: Shown
    evidence: tuple[Pair, ...]


@dataclass(frozen=True)
class Moment:
    """An entry of the timeline, in UTC. ``day`` is empty where the entry before it was on the same day."""

    day: Shown
    clock: Shown
    event: Shown
    actor: Shown
    detail: Shown


@dataclass(frozen=True)
class ActionRow:
    label: Shown
    effect: Shown
    command: Shown


@dataclass(frozen=True)
class CardView:
    """A Decision Card for people. ``temporal_ui`` is a web address or empty."""

    tone: Tone
    state: Shown
    verdict: Shown
    heading: Shown
    title: Shown
    subject: tuple[Pair, ...]
    notes: tuple[Shown, ...]
    why: Shown
    reasons: tuple[Shown, ...]
    next_step: Step | None
    risk: Shown
    promise: RiskView | None
    figures: tuple[Figure, ...]
    place: PlaceView | None
    tests: TestsView | None
    saved: tuple[Pair, ...]
    controls: tuple[ControlRow, ...]
    controls_summary: Shown
    earlier_moments: int
    timeline: tuple[Moment, ...]
    actions: tuple[ActionRow, ...]
    temporal_ui: Shown
    provenance: tuple[Pair, ...]


TONES: Mapping[DecisionState, Tone] = {
    DecisionState.PENDING: "blue",
    DecisionState.GREEN: "green",
    DecisionState.NEEDS_PERSON: "amber",
    DecisionState.BLOCKED: "red",
    DecisionState.CANCELLED: "grey",
}
