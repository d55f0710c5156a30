"""The page of figures: each with its source, and charts over time that are drawn on the server."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from gateway.api.figures import FigureDeskDep
from gateway.api.pull_requests import visible
from gateway.pages.answers import PageRoute
from gateway.pages.charts import Chart, Plot, Series, lines, stacked
from gateway.pages.shell import page
from gateway.web.callers import CallerDep
from gateway.web.site import SiteDep
from maestro.access.principals import Permission
from maestro.errors import BadInput
from maestro.value.model import Figures, Span
from maestro.value.period import days_of
from maestro.value.telling import told, words
from maestro.words import duration

PERIODS = (("24h", "24 hours"), ("7d", "7 days"), ("30d", "30 days"), ("90d", "90 days"), ("365d", "a year"))

OUTCOMES = (
    ("green", "green"),
    ("needs_person", "amber"),
    ("blocked", "red"),
    ("cancelled", "grey"),
    ("pending", "blue"),
)
"""How a head can stand, from the bottom of a bar to its top, with the colour of each."""

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Asked = Annotated[str, Query(max_length=300)]


@router.get("/figures")
async def show(
    request: Request,
    site: SiteDep,
    principal: CallerDep,
    desk: FigureDeskDep,
    *,
    since: Asked = "30d",
    repo: Asked = "",
    tenant: Asked = "",
) -> Response:
    """What was conducted, saved, kept, asked and taken."""
    tenants = visible(principal.tenants(Permission.READ), tenant)
    found, problem = None, None
    try:
        found = await desk.figures(days=days_of(since), repo=repo or None, tenants=tenants)
    except BadInput as error:
        problem = error
    return page(
        request,
        "figures.html",
        status=422 if problem else 200,
        reader=principal,
        place="/figures",
        figures=found,
        problem=problem,
        told=told(found, counted=site.config.usage) if found else (),
        charts=charts(found) if found else (),
        counted=site.config.usage,
        periods=PERIODS,
        asked={"since": since, "repo": repo, "tenant": tenant},
    )


def charts(figures: Figures) -> tuple[Chart, ...]:
    """The charts of the page, in their order."""
    spans = figures.spans
    return (
        _outcomes(figures),
        lines(_times(figures)),
        stacked(_test_time(figures)),
        lines(_risk(spans, figures.span_days)),
        _actions(figures),
        *_kinds(figures),
    )


def _outcomes(figures: Figures) -> Chart:
    spans, by_outcome = figures.spans, figures.conducted.by_outcome
    series = tuple(
        _series(words(outcome), style, [float(span.by_outcome.get(outcome, 0)) for span in spans], _whole)
        for outcome, style in OUTCOMES
        if outcome in by_outcome
    )
    told = f"Heads by {_every(figures.span_days)} of their first verdict, by how they stand now."
    return stacked(Plot("outcomes", "Verdicts", told, _labels(spans), series, place_title=_place(figures.span_days)))


def _times(figures: Figures) -> Plot:
    spans = figures.spans
    half = _series("median", "blue", [span.verdict_p50_seconds for span in spans], duration)
    most = _series("95 of 100 within", "waiting", [span.verdict_p95_seconds for span in spans], duration)
    told = f"From the start of a head to its first verdict, by {_every(figures.span_days)}."
    return Plot(
        "times", "Time to verdict", told, _labels(spans), (half, most), "seconds", place_title=_place(figures.span_days)
    )


def _test_time(figures: Figures) -> Plot:
    spans = figures.spans
    ran = _series("selected", "blue", [span.selected_seconds for span in spans], duration)
    saved = _series("left out", "carbon", [span.left_out_seconds for span in spans], duration)
    told = f"Expected test time before the verdict, selected and left out, by {_every(figures.span_days)}."
    return Plot(
        "tests", "Test time", told, _labels(spans), (ran, saved), "seconds", place_title=_place(figures.span_days)
    )


def _risk(spans: Sequence[Span], days: int) -> Plot:
    promised = _summed([span.promised_escapes for span in spans])
    escaped = _summed([float(span.escaped_bounded) for span in spans]) if any(promised) else [None] * len(spans)
    told = "Escapes that selections promised not to exceed, added up, and heads of which one is known."
    return Plot(
        "risk",
        "Risk promised and kept",
        told,
        _labels(spans),
        (
            _series("promised at most", "blue", promised, lambda value: f"{value:.3g}"),
            _series("escaped", "red", escaped, _whole),
        ),
        "small",
        place_title=_place(days),
    )


def _summed(values: Sequence[float | None]) -> list[float | None]:
    """The sum up to each place; None until something is known."""
    total: float | None = None
    found: list[float | None] = []
    for value in values:
        if value is not None:
            total = (total or 0.0) + value
        found.append(total)
    return found


def _actions(figures: Figures) -> Chart:
    spans = figures.spans
    series = _series("actions", "blue", [float(span.actions) for span in spans], _whole)
    told = f"Actions of reviewers by {_every(figures.span_days)}."
    return stacked(Plot("actions", "Actions", told, _labels(spans), (series,), place_title=_place(figures.span_days)))


def _kinds(figures: Figures) -> tuple[Chart, ...]:
    """What was done, by kind: actions, and failovers where there were any."""
    found = (
        ("kinds", "Actions by kind", "How often reviewers took each action.", figures.actions.by_kind),
        ("failovers", "Failovers by kind", "How often the namespace moved.", figures.failovers.by_kind),
    )
    return tuple(
        stacked(
            Plot(
                key,
                title,
                told,
                tuple(words(name) for name in numbers),
                (_series("times", "blue", [float(number) for number in numbers.values()], _whole),),
                place_title="Kind",
            )
        )
        for key, title, told, numbers in found
        if numbers
    )


def _series(name: str, style: str, values: Sequence[float | None], say: Callable[[float], str]) -> Series:
    told = tuple("not known" if value is None else say(value) for value in values)
    return Series(name=name, style=style, values=tuple(values), told=told)


def _whole(value: float) -> str:
    return f"{value:,.0f}"


def _labels(spans: Sequence[Span]) -> tuple[str, ...]:
    return tuple(_day(span.day) for span in spans)


def _day(day: date) -> str:
    return f"{day:%b} {day.day}"


def _every(days: int) -> str:
    return "day" if days == 1 else "week"


def _place(days: int) -> str:
    return "Day (UTC)" if days == 1 else "Week from (UTC)"
