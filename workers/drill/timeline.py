"""The geometry of a drill's picture: lanes of faults, of who acts and of effects, in strips of some minutes each.

Coordinates are SVG user units with y downwards, rounded, so that the same drill draws the same bytes.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from maestro.render.untrusted import Shown, line
from workers.drill.acting import Done
from workers.drill.faults import LEDGER, LINK, FaultKind
from workers.drill.figures import stalls
from workers.drill.ground import REGIONS
from workers.drill.seen import Reading
from workers.drill.sink import Way

STRIP_SECONDS = 300.0
LEFT, WIDTH, RIGHT = 120, 940, 20
LANE_HEIGHT = 26
BAR_HEIGHT = 18
SHORTEST = 2.5
"""Units; a kill lasts no time and has to be seen."""

TICK_SECONDS = 30

ACTS = "acts"
EFFECTS = "effects"

_KINDS = {
    "kill": {FaultKind.KILL_WORKER, FaultKind.KILL_SERVER, FaultKind.KILL_CONTROLLER, FaultKind.KILL_IN_HANDOVER},
    "freeze": {FaultKind.FREEZE_WORKER, FaultKind.FREEZE_SERVER, FaultKind.FREEZE_CONTROLLER, FaultKind.FREEZE_REGION},
    "apart": {FaultKind.PART_CLUSTERS, FaultKind.PART_LEDGER, FaultKind.SPLIT_BRAIN},
    "slow": {FaultKind.SLOW_LEDGER, FaultKind.CLOCK_STEP},
    "moved": {FaultKind.HANDOVER},
}


@dataclass(frozen=True)
class Lane:
    """A line of the picture with its name."""

    name: Shown
    y: float


@dataclass(frozen=True)
class Bar:
    """Something that lasted. ``look`` is the class that colours it; ``told`` is shown when it is pointed at."""

    x: float
    y: float
    width: float
    height: float
    look: str
    told: Shown


@dataclass(frozen=True)
class Mark:
    """A moment on the time axis."""

    x: float
    label: Shown


@dataclass(frozen=True)
class Strip:
    """Some minutes of the drill."""

    told: Shown
    width: int
    height: int
    axis: float
    lanes: tuple[Lane, ...]
    bars: tuple[Bar, ...]
    marks: tuple[Mark, ...]


def strips(reading: Reading) -> tuple[Strip, ...]:
    """The picture from the drill's beginning to its end."""
    found = []
    began = reading.began_at
    while began < reading.ended_at:
        found.append(_strip(reading, began, min(STRIP_SECONDS, reading.ended_at - began)))
        began += STRIP_SECONDS
    return tuple(found)


def _strip(reading: Reading, began: float, seconds: float) -> Strip:
    names = (*REGIONS, LINK, LEDGER, ACTS, EFFECTS)
    lanes = {name: LANE_HEIGHT * (number + 0.5) for number, name in enumerate(names)}
    axis = LANE_HEIGHT * len(names) + 6.0
    offset = began - reading.began_at
    everything = (*_faults(reading, lanes), *_acting(reading, lanes), *_effects(reading, lanes))
    return Strip(
        told=line(f"from {_clock(offset)} to {_clock(offset + seconds)} of the drill"),
        width=LEFT + WIDTH + RIGHT,
        height=round(axis) + 24,
        axis=axis,
        lanes=tuple(Lane(name=line(name), y=y) for name, y in lanes.items()),
        bars=tuple(bar for span in everything if (bar := _drawn(span, began, seconds)) is not None),
        marks=tuple(
            Mark(x=_x(moment, seconds), label=line(_clock(offset + moment)))
            for moment in range(0, int(seconds) + 1, TICK_SECONDS)
        ),
    )


@dataclass(frozen=True)
class _Span:
    began_at: float
    ended_at: float
    y: float
    look: str
    told: str
    height: float = BAR_HEIGHT


def _faults(reading: Reading, lanes: dict[str, float]) -> Iterator[_Span]:
    for done in reading.faults:
        look = next(look for look, kinds in _KINDS.items() if done.fault.kind in kinds)
        lasted = done.ended_at - done.began_at
        detail = f" ({done.detail})" if done.detail else ""
        told = f"{done.fault.number}: {done.fault.kind.value}, {done.target}, {lasted:.1f} s{detail}"
        yield _Span(done.began_at, done.ended_at, lanes[_lane(done)], look, told)


def _lane(done: Done) -> str:
    stands_in = {cluster: region for region, cluster in REGIONS.items()}
    return stands_in.get(done.target, done.target)


def _acting(reading: Reading, lanes: dict[str, float]) -> Iterator[_Span]:
    """Which cluster acts by the ledger, and how long each failover took."""
    y = lanes[ACTS]
    for number, epoch in enumerate(reading.epochs):
        until = reading.epochs[number + 1].at if number + 1 < len(reading.epochs) else reading.ended_at
        home = epoch.cluster == next(iter(REGIONS.values()))
        look = "home" if home else "away"
        yield _Span(epoch.at, until, y, look, f"{epoch.cluster} acts, epoch {epoch.version}")
    for move in reading.moves:
        told = f"{move.kind} failover to {move.to_cluster}: {move.outcome or 'not ended'}"
        yield _Span(move.started_at, move.ended_at or reading.ended_at, y, "move", told, height=BAR_HEIGHT / 3)


def _effects(reading: Reading, lanes: dict[str, float]) -> Iterator[_Span]:
    y = lanes[EFFECTS]
    for applied in reading.applied:
        if applied.way is Way.MAESTRO:
            yield _Span(applied.at, applied.at, y, "effect", f"{applied.effect} in {applied.region}")
    for stall in stalls(reading):
        told = f"no effect for {stall.seconds:.1f} s"
        yield _Span(stall.began_at, stall.began_at + stall.seconds, y, "stall", told, height=BAR_HEIGHT / 3)


def _drawn(span: _Span, began: float, seconds: float) -> Bar | None:
    """The part of a span inside the strip, or None."""
    start, stop = max(span.began_at - began, 0.0), min(span.ended_at - began, seconds)
    if stop < start or start >= seconds or stop < 0:
        return None
    width = max(_x(stop, seconds) - _x(start, seconds), SHORTEST if span.look != "effect" else 1.0)
    return Bar(
        x=_x(start, seconds),
        y=round(span.y - span.height / 2, 1),
        width=round(width, 1),
        height=round(span.height, 1),
        look=span.look,
        told=line(span.told),
    )


def _x(moment: float, seconds: float) -> float:
    return round(LEFT + WIDTH * moment / max(seconds, 1.0), 1)


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
