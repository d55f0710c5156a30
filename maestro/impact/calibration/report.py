"""The calibration report: one page that says in its first line whether the promise is kept, and shows every figure.

Each chart stands beside a table with the same numbers. No script, no request: the page can be kept as evidence.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from maestro.impact.calibration import charts
from maestro.impact.calibration.calibrate import Calibration, judged
from maestro.impact.calibration.charts import Band, Chart, Mark
from maestro.impact.calibration.promotion import JUDGED_RED_BUILDS, broken_at
from maestro.impact.calibration.walked import Walked
from maestro.impact.evaluation.metrics import Bin, reliability
from maestro.model.calibration import ModelStatus, TauFigures, WalkFigures
from maestro.render import templates
from maestro.render.untrusted import Shown, line, name
from maestro.render.view import Pair, Tone

PERIOD_RED_BUILDS = 30
"""Red builds in one period of the time axis: enough to show that 10 % is broken, few enough to show when."""

NOTHING = "none"
"""Stands in a table where there is no figure."""

CHAMPION, CHALLENGER = "champion", "challenger"


@dataclass(frozen=True)
class Table:
    """A table with its caption; the first cell of each row is its heading."""

    caption: Shown
    titles: tuple[Shown, ...]
    rows: tuple[tuple[Shown, ...], ...]


@dataclass(frozen=True)
class Section:
    """A question, its chart (None where there is nothing to draw) and its table."""

    id: Shown
    title: Shown
    lead: Shown
    chart: Chart | None
    table: Table


@dataclass(frozen=True)
class ReportView:
    """A calibration for people, verdict first."""

    tone: Tone
    verdict: Shown
    title: Shown
    subject: tuple[Pair, ...]
    heading: Shown
    why: Shown
    reasons: tuple[Shown, ...]
    notes: tuple[Shown, ...]
    next_step: None
    sections: tuple[Section, ...]
    provenance: tuple[Pair, ...]


@dataclass(frozen=True)
class Period:
    """A stretch of builds, and where the promise was broken in it (empty: nowhere)."""

    walk: Walked
    figures: WalkFigures
    broken: str


def calibration_report(calibration: Calibration) -> str:
    """The page. The same calibration gives the same bytes."""
    return templates.html(
        "calibration-report.html.j2", report_view(calibration), sheets=(templates.STYLE_SHEET, "charts.css")
    )


def report_view(calibration: Calibration) -> ReportView:
    """What the page shows."""
    model, promise, verdict = calibration.model, calibration.promise, calibration.verdict
    walks = [(CHALLENGER, judged(calibration.challenged))]
    if calibration.held is not None:
        walks.insert(0, (CHAMPION, judged(calibration.held)))
    periods = _periods(calibration.standing)
    return ReportView(
        tone="green" if promise.kept else "red",
        verdict=line("Promise kept" if promise.kept else "Promise withdrawn"),
        title=name(model.repo),
        subject=_pairs(
            ("Tenant", model.tenant),
            ("Calibrated", f"{model.created_at:%Y-%m-%d %H:%M} UTC"),
            ("Builds judged", f"{judged(calibration.standing).builds}"),
        ),
        heading=line("Why"),
        why=line(promise.reason),
        reasons=tuple(line(f"{_DECIDED[verdict.becomes]}: {reason}.") for reason in verdict.reasons),
        notes=tuple(line(doubt) for doubt in calibration.doubts),
        next_step=None,
        sections=(
            _escapes(walks),
            _savings(periods, calibration.taus),
            _reliability(calibration.standing.newest(red_builds=JUDGED_RED_BUILDS)),
            _scores(walks),
        ),
        provenance=_pairs(
            ("Data", f"{model.window.builds} builds, {model.window.red_builds} red, {model.window.outcomes} verdicts"),
            ("First build", model.window.first_build),
            ("Last build", model.window.last_build),
            ("Digest of the data", model.window.digest),
            ("Method", model.method),
            ("Champion before", model.replaced or "none"),
        ),
    )


_DECIDED = {
    ModelStatus.CHAMPION: "The challenger was promoted",
    ModelStatus.REJECTED: "The challenger was refused",
    ModelStatus.CHALLENGER: "Nothing was changed",
}


def _escapes(walks: Sequence[tuple[str, WalkFigures]]) -> Section:
    rows = [(who, place, row) for place, (who, figures) in enumerate(walks) for row in figures.taus]
    top = charts.round_up(max((row.high for _, _, row in rows), default=1.0))
    x = charts.horizontal(0.0, max((row.tau for _, _, row in rows), default=0.1) * 1.15)
    y = charts.vertical(0.0, top)
    end = min(x.high, top)
    chart = Chart(
        told=line(
            "Realised escape rate for each τ with its 95 % interval; below the dashed line the promise is kept. "
            + " ".join(f"{shape}: {who}." for shape, (who, _) in zip(("Circle", "Square"), walks, strict=False))
        ),
        x_title=line("τ, what was promised"),
        y_title=line("escapes per red build"),
        x_ticks=tuple(charts.Tick(x.at(row.tau), line(f"{row.tau:g}")) for row in walks[0][1].taus),
        y_ticks=y.shares(),
        marks=tuple(_rate_mark(row, who, place, across=x.at(row.tau) + 9 * place, y=y) for who, place, row in rows),
        reference=f"{x.at(0)},{y.at(0)} {x.at(end)},{y.at(end)}",
    )
    return Section(
        id=line("escapes"),
        title=line("Does what escapes stay within what was promised?"),
        lead=line("An escape is a red build whose selected tests were all green. Rates are per red build."),
        chart=chart if rows and rows[0][2].red_builds else None,
        table=Table(
            line("Escapes and savings by τ"),
            _lines("τ", "Model", "Red builds", "Escapes", "Rate", "95 % interval", "Seconds saved", "Promise"),
            tuple(_tau_row(who, row) for who, _, row in sorted(rows, key=lambda entry: (entry[2].tau, entry[1]))),
        ),
    )


def _rate_mark(row: TauFigures, who: str, series: int, *, across: float, y: charts.Axis) -> Mark:
    told = (
        f"{who}, τ = {row.tau:g}: {row.escapes} of {row.red_builds}, {row.rate:.1%} ({row.low:.1%} to {row.high:.1%})"
    )
    return Mark(across, y.at(row.rate), y.at(row.low), y.at(row.high), 5, series, line(told))


def _tau_row(who: str, row: TauFigures) -> tuple[Shown, ...]:
    kept = "broken" if row.broken else "kept" if row.certifiable else "too few red builds to show it"
    interval = f"{row.low:.1%} to {row.high:.1%}"
    rate = f"{row.rate:.1%}" if row.red_builds else NOTHING
    return _lines(f"{row.tau:g}", who, f"{row.red_builds}", f"{row.escapes}", rate, interval, f"{row.saved:.1%}", kept)


def _savings(periods: Sequence[Period], taus: Sequence[float]) -> Section:
    drifted = [period for period in periods if period.broken]
    return Section(
        id=line("savings"),
        title=line("What was saved, and when the pattern of failures changed"),
        lead=line(
            f"{len(drifted)} of {len(periods)} periods broke the promise; they are shaded, and named in the table."
            if drifted
            else f"None of {len(periods)} periods broke the promise."
        ),
        chart=_savings_chart(periods, drifted, taus) if len(periods) > 1 else None,
        table=Table(
            line(f"Periods of at least {PERIOD_RED_BUILDS} red builds"),
            _lines("From", "To", "Builds", "Red", *(f"Saved, τ = {tau:g}" for tau in taus), "Promise"),
            tuple(_period_row(period) for period in periods),
        ),
    )


def _savings_chart(periods: Sequence[Period], drifted: Sequence[Period], taus: Sequence[float]) -> Chart:
    x = charts.horizontal(float(periods[0].walk.times[0]), float(periods[-1].walk.times[-1]))
    y = charts.vertical(0.0, 1.0)
    lines = [
        (f"τ = {tau:g}", [(_middle(period), period.figures.taus[column].saved) for period in periods])
        for column, tau in enumerate(taus)
    ]
    return Chart(
        told=line("Share of test seconds saved in each period, one line for each τ; periods of drift are shaded."),
        x_title=line("time"),
        y_title=line("seconds saved"),
        x_ticks=x.days(),
        y_ticks=y.shares(),
        paths=charts.named_paths(lines, x=x, y=y),
        bands=tuple(_band(period, x) for period in drifted),
    )


def _band(period: Period, x: charts.Axis) -> Band:
    start, stop = x.at(float(period.walk.times[0])), x.at(float(period.walk.times[-1]))
    return Band(start, round(max(stop - start, 1.0), 2), line(f"broken {period.broken}"))


def _period_row(period: Period) -> tuple[Shown, ...]:
    figures = period.figures
    return _lines(
        f"{figures.first_at:%Y-%m-%d}" if figures.first_at else NOTHING,
        f"{figures.last_at:%Y-%m-%d}" if figures.last_at else NOTHING,
        f"{figures.builds}",
        f"{figures.red_builds}",
        *(f"{row.saved:.1%}" for row in figures.taus),
        f"broken {period.broken}" if period.broken else "kept",
    )


def _periods(walk: Walked) -> tuple[Period, ...]:
    if not walk.builds:
        return ()
    found = []
    for window in walk.windows(red_builds=PERIOD_RED_BUILDS):
        figures = window.figures()
        found.append(Period(window, figures, broken_at(figures)))
    return tuple(found)


def _middle(period: Period) -> float:
    return float(period.walk.times[0] + period.walk.times[-1]) / 2


def _reliability(walk: Walked) -> Section:
    bins = reliability(walk.predicted, walk.happened)
    x, y = charts.horizontal(0.0, 1.0), charts.vertical(0.0, 1.0)
    most = max((one.count for one in bins), default=1)
    chart = Chart(
        told=line("Predicted probability against how often it came true; on the dashed line both are equal."),
        x_title=line("predicted"),
        y_title=line("came true"),
        x_ticks=x.shares(),
        y_ticks=y.shares(),
        marks=tuple(_bin_mark(one, x=x, y=y, most=most) for one in bins),
        reference=f"{x.at(0)},{y.at(0)} {x.at(1)},{y.at(1)}",
    )
    return Section(
        id=line("reliability"),
        title=line("Can the predicted probabilities be believed?"),
        lead=line("Each point is a range of predictions; the larger, the more predictions. Bars are 95 % intervals."),
        chart=chart if bins else None,
        table=Table(
            line("Predictions by range"),
            _lines("Range", "Predictions", "Mean prediction", "Came true", "95 % interval"),
            tuple(_bin_row(one) for one in bins),
        ),
    )


def _bin_mark(one: Bin, *, x: charts.Axis, y: charts.Axis, most: int) -> Mark:
    told = f"{one.count} predictions of {one.mean_p:.1%} on average: {one.rate:.1%} came true"
    size = round(3 + 5 * (one.count / most) ** 0.5, 2)
    return Mark(x.at(one.mean_p), y.at(one.rate), y.at(one.rate_low), y.at(one.rate_high), size, 0, line(told))


def _bin_row(one: Bin) -> tuple[Shown, ...]:
    return _lines(
        f"{one.low:.1%} to {one.high:.1%}",
        f"{one.count}",
        f"{one.mean_p:.2%}",
        f"{one.rate:.2%}",
        f"{one.rate_low:.2%} to {one.rate_high:.2%}",
    )


def _scores(walks: Sequence[tuple[str, WalkFigures]]) -> Section:
    return Section(
        id=line("scores"),
        title=line("Scores"),
        lead=line("Brier score: mean squared error of the predictions. ECE: mean gap between predicted and real."),
        chart=None,
        table=Table(
            line("Scores on builds that neither model was fitted on"),
            _lines("Model", "Builds", "Red", "Brier score", "ECE"),
            tuple(
                _lines(who, f"{figures.builds}", f"{figures.red_builds}", _score(figures.brier), _score(figures.ece))
                for who, figures in walks
            ),
        ),
    )


def _score(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.4f}"


def _lines(*texts: str) -> tuple[Shown, ...]:
    return tuple(line(text) for text in texts)


def _pairs(*pairs: tuple[str, str]) -> tuple[Pair, ...]:
    return tuple(Pair(line(label), name(value)) for label, value in pairs)
