"""Charts as numbers for an inline drawing: bars and lines over time, bars by kind; each with its table. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

WIDTH, HEIGHT = 480.0, 220.0
LEFT, RIGHT, TOP, BOTTOM = 58.0, 470.0, 12.0, 190.0
"""The drawing and its inner part, in the units of the view box."""

MOST_LABELS = 6
GAP = 0.28
"""The share of a bar's place that is left free."""

SMALLEST = 1e-9
"""An axis that would end below this ends at 1."""

NEARLY = 1 + 1e-9
"""What a floating-point number may lack to be the step that it looks like."""

WIDEST = 48.0
"""A single bar is no wall."""

Unit = Literal["count", "seconds", "small"]

_DURATIONS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200, 86_400)
"""Steps of an axis of time that people can read."""


@dataclass(frozen=True)
class Series:
    """Values by place, None where nothing is known. ``style`` is the name of its colour in the style sheet."""

    name: str
    style: str
    values: tuple[float | None, ...]
    told: tuple[str, ...]


@dataclass(frozen=True)
class Tick:
    at: float
    label: str


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    style: str
    told: str


@dataclass(frozen=True)
class Mark:
    x: float
    y: float
    style: str
    told: str


@dataclass(frozen=True)
class Line:
    points: str
    style: str


@dataclass(frozen=True)
class Table:
    titles: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Chart:
    """A drawing. ``told`` says in a sentence what is to be seen; ``table`` has every number of it."""

    key: str
    title: str
    told: str
    legend: tuple[tuple[str, str], ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    table: Table
    bars: tuple[Bar, ...] = ()
    lines: tuple[Line, ...] = ()
    marks: tuple[Mark, ...] = ()

    @property
    def empty(self) -> bool:
        return not (self.bars or self.marks)


@dataclass(frozen=True)
class Plot:
    """What a chart is drawn from. ``labels`` name the places along the x axis, ``place_title`` the table's column."""

    key: str
    title: str
    told: str
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    unit: Unit = "count"
    place_title: str = "Day (UTC)"


def stacked(plot: Plot) -> Chart:
    """A bar per place, with the series on top of each other."""
    totals = [sum(one.values[place] or 0.0 for one in plot.series) for place in range(len(plot.labels))]
    ticks, top = _axis(max(totals, default=0.0), plot.unit)
    bars: list[Bar] = []
    step = (RIGHT - LEFT) / max(len(plot.labels), 1)
    width = min(step * (1 - GAP), WIDEST)
    for place in range(len(plot.labels)):
        below = 0.0
        for one in plot.series:
            value = one.values[place]
            if not value:
                continue
            upper, lower = _y(below + value, top), _y(below, top)
            x = LEFT + step * (place + 0.5) - width / 2
            bars.append(
                Bar(
                    x=_round(x),
                    y=_round(upper),
                    width=_round(width),
                    height=_round(lower - upper),
                    style=one.style,
                    told=f"{plot.labels[place]}: {one.told[place]} {one.name}",
                )
            )
            below += value
    return _chart(plot, ticks, bars=tuple(bars))


def lines(plot: Plot) -> Chart:
    """A line per series, broken where nothing is known."""
    known = [value for one in plot.series for value in one.values if value is not None]
    ticks, top = _axis(max(known, default=0.0), plot.unit)
    paths: list[Line] = []
    marks: list[Mark] = []
    for one in plot.series:
        run: list[str] = []
        for place, value in enumerate((*one.values, None)):
            if value is None:
                paths += [Line(points=" ".join(run), style=one.style)] if len(run) > 1 else []
                run = []
                continue
            x, y = _round(_x(place, len(plot.labels))), _round(_y(value, top))
            run.append(f"{x},{y}")
            told = f"{plot.labels[place]}: {one.name} {one.told[place]}"
            marks.append(Mark(x=x, y=y, style=one.style, told=told))
    return _chart(plot, ticks, lines=tuple(paths), marks=tuple(marks))


def _chart(
    plot: Plot,
    ticks: tuple[Tick, ...],
    *,
    bars: tuple[Bar, ...] = (),
    lines: tuple[Line, ...] = (),
    marks: tuple[Mark, ...] = (),
) -> Chart:
    rows = tuple(
        (label, *(one.told[place] for one in plot.series))
        for place, label in enumerate(plot.labels)
        if any(one.values[place] is not None for one in plot.series)
    )
    return Chart(
        key=plot.key,
        title=plot.title,
        told=plot.told,
        legend=tuple((one.name, one.style) for one in plot.series),
        x_ticks=_places(plot.labels),
        y_ticks=ticks,
        table=Table(titles=(plot.place_title, *(one.name.capitalize() for one in plot.series)), rows=rows),
        bars=bars,
        lines=lines,
        marks=marks,
    )


def _places(labels: Sequence[str]) -> tuple[Tick, ...]:
    """Some of the labels, evenly, the last one among them."""
    every = max(1, math.ceil(len(labels) / MOST_LABELS))
    shown = [place for place in range(len(labels)) if (len(labels) - 1 - place) % every == 0]
    return tuple(Tick(at=_round(_x(place, len(labels))), label=labels[place]) for place in shown)


def _axis(highest: float, unit: Unit) -> tuple[tuple[Tick, ...], float]:
    """The ticks from 0 upward, and the value at the top of the drawing."""
    step = _step(highest, unit)
    number = max(1, math.ceil(highest / step - 1e-9))
    top = step * number
    return tuple(Tick(at=_round(_y(step * i, top)), label=_label(step * i, unit)) for i in range(number + 1)), top


def _step(highest: float, unit: Unit) -> float:
    wanted = highest / 4
    if unit == "seconds" and wanted <= _DURATIONS[-1]:
        return float(next((one for one in _DURATIONS if one >= wanted), _DURATIONS[-1]))
    scale = 86_400.0 if unit == "seconds" else 1.0
    power = 10.0 ** math.floor(math.log10(wanted / scale)) if wanted > SMALLEST else 1.0
    step = next((power * one for one in (1, 2, 5) if power * one * NEARLY >= wanted / scale), power * 10)
    return max(step, 1.0) * scale if unit != "small" else step


def _label(value: float, unit: Unit) -> str:
    if unit != "seconds":
        return f"{value:,.4g}" if value < 10_000 else f"{value:,.0f}"
    for size, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if value >= size:
            return f"{value / size:,.4g} {name}"
    return f"{value:.4g} s"


def _x(place: int, places: int) -> float:
    return LEFT + (RIGHT - LEFT) * (place + 0.5) / max(places, 1)


def _y(value: float, top: float) -> float:
    return BOTTOM - (BOTTOM - TOP) * value / top


def _round(value: float) -> float:
    return round(value, 1)
