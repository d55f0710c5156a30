"""The geometry of the report's charts: data in, coordinates of a fixed drawing area out, nothing decided.

Coordinates are SVG user units with y downwards, rounded, so that the same data draws the same bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from maestro.render.untrusted import Shown, line

WIDTH, HEIGHT = 640, 320
LEFT, RIGHT, TOP, BOTTOM = 64, 96, 16, 44
"""Margins: room for the numbers at the left, the names of lines at the right, the axis titles below."""

TICKS = 5


@dataclass(frozen=True)
class Tick:
    """A mark on an axis and its number."""

    at: float
    label: Shown


@dataclass(frozen=True)
class Mark:
    """A value with its interval. ``series`` numbers whose it is, ``told`` is read out and shown when pointed at."""

    x: float
    y: float
    low: float
    high: float
    size: float
    series: int
    told: Shown


@dataclass(frozen=True)
class Path:
    """A line through points (``points`` as SVG writes them), named at its end."""

    points: str
    series: int
    name: Shown
    name_y: float


@dataclass(frozen=True)
class Band:
    """A stretch of the horizontal axis that is shaded."""

    x: float
    width: float
    told: Shown


@dataclass(frozen=True)
class Chart:
    """A chart with its axes; ``told`` says in a sentence what it shows."""

    told: Shown
    x_title: Shown
    y_title: Shown
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    marks: tuple[Mark, ...] = ()
    paths: tuple[Path, ...] = ()
    bands: tuple[Band, ...] = ()
    reference: str = ""


@dataclass(frozen=True)
class Axis:
    """From values to places: ``low`` lies at ``start``, ``high`` at ``stop``."""

    low: float
    high: float
    start: float
    stop: float

    def at(self, value: float) -> float:
        span = self.high - self.low
        share = (value - self.low) / span if span else 0.5
        return round(self.start + share * (self.stop - self.start), 2)

    def shares(self) -> tuple[Tick, ...]:
        """Ticks in per cent, with as many digits as tell them apart."""
        step = (self.high - self.low) / TICKS
        digits = 0 if step >= 0.01 else 1 if step >= 0.001 else 2
        values = [self.low + step * number for number in range(TICKS + 1)]
        return tuple(Tick(self.at(value), line(f"{value:.{digits}%}")) for value in values)

    def days(self) -> tuple[Tick, ...]:
        """Ticks as dates, for an axis of seconds since the epoch; one where all is on one day."""
        values = [self.low + (self.high - self.low) * number / TICKS for number in range(TICKS + 1)]
        ticks = [Tick(self.at(value), line(f"{datetime.fromtimestamp(value, tz=UTC):%Y-%m-%d}")) for value in values]
        return tuple(tick for place, tick in enumerate(ticks) if not place or ticks[place - 1].label != tick.label)


def horizontal(low: float, high: float) -> Axis:
    return Axis(low, high, LEFT, WIDTH - RIGHT)


def vertical(low: float, high: float) -> Axis:
    return Axis(low, high, HEIGHT - BOTTOM, TOP)


def round_up(value: float) -> float:
    """The end of an axis that holds ``value``: 1, 2 or 5 times a power of ten in per cent, at most 100 %."""
    for end in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5):
        if value <= end:
            return end
    return 1.0


def named_paths(lines: Sequence[tuple[str, Sequence[tuple[float, float]]]], *, x: Axis, y: Axis) -> tuple[Path, ...]:
    """Lines with their names at their ends, moved apart where the ends are too close to be read."""
    ends = {place: y.at(points[-1][1]) for place, (_, points) in enumerate(lines) if points}
    apart = _apart(ends)
    return tuple(
        Path(
            points=" ".join(f"{x.at(across)},{y.at(up)}" for across, up in points),
            series=place,
            name=line(name),
            name_y=apart[place],
        )
        for place, (name, points) in enumerate(lines)
        if points
    )


def _apart(ends: dict[int, float], *, least: float = 15.0) -> dict[int, float]:
    """The same places in the same order, each at least ``least`` below the one above it, all within the drawing."""
    placed: dict[int, float] = {}
    previous = TOP - least
    for key, place in sorted(ends.items(), key=lambda item: (item[1], item[0])):
        previous = placed[key] = max(place, previous + least)
    over = max(0.0, previous - (HEIGHT - BOTTOM))
    return {key: round(place - over, 2) for key, place in placed.items()}
