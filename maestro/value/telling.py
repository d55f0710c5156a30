"""The figures in words, for the page and the terminal: value, from how many rows, and what it means. Pure."""

from dataclasses import dataclass

from maestro.render import people
from maestro.value.model import Figures, Spread
from maestro.words import count, duration

NOT_KNOWN = "not known"
NOT_COUNTED = "not counted here"
NONE = "none recorded"


@dataclass(frozen=True)
class Told:
    """A figure. ``key`` is its place in ``Figures``; ``source`` says from what it comes, ``detail`` more of it."""

    key: str
    name: str
    value: str
    source: str
    detail: str = ""

    @property
    def known(self) -> bool:
        return self.value not in {NOT_KNOWN, NOT_COUNTED, NONE}


def told(figures: Figures, *, counted: bool) -> tuple[Told, ...]:
    """Every figure in the order in which it is shown. ``counted`` says whether openings of cards are counted."""
    return (
        _conducted(figures),
        _merged(figures),
        _verdict(figures),
        *_tests(figures),
        _risk(figures),
        _needed_person(figures),
        _actions(figures),
        *_reviewer(figures, counted=counted),
        _failovers(figures),
    )


def by(numbers: dict[str, int]) -> str:
    """``3 green, 1 blocked``."""
    return ", ".join(f"{number:,} {words(name)}" for name, number in numbers.items())


def words(name: str) -> str:
    """The name of a state, an action or a kind, as it is read."""
    return name.replace("_", " ")


def _conducted(figures: Figures) -> Told:
    found = figures.conducted
    return Told(
        key="conducted",
        name="Pull requests",
        value=_number(found.pull_requests),
        source=f"{count(found.heads, 'head')} with a first verdict",
        detail=". ".join(part for part in (by(found.by_outcome), _authors(found.by_author)) if part),
    )


def _merged(figures: Figures) -> Told:
    found = figures.conducted
    return Told(
        key="merged",
        name="Merged by Maestro",
        value=NOT_KNOWN if found.merged is None else f"{found.merged:,}",
        source=f"{found.sealed:,} of {found.heads:,} heads with a sealed card",
    )


def _authors(by_author: dict[str, int]) -> str:
    return f"Authors: {by(by_author)}" if by_author else ""


def _verdict(figures: Figures) -> Told:
    found = figures.verdict
    return Told(
        key="verdict",
        name="Time to verdict",
        value=_median(found),
        source=_rows(found, "heads"),
        detail=f"95 of 100 within {_seconds(found.p95_seconds)}" if found.rows else "",
    )


def _tests(figures: Figures) -> tuple[Told, ...]:
    found = figures.tests
    source = f"{found.rows:,} of {found.of:,} heads with a sealed plan"
    saved = Told(
        key="tests",
        name="Test time left out",
        value=_seconds(found.left_out_seconds),
        source=source,
        detail=(
            f"{people.share(found.share)} of {_seconds((found.selected_seconds or 0) + (found.left_out_seconds or 0))}"
            if found.share is not None
            else ""
        ),
    )
    priced = f"{found.priced_rows:,} of {found.rows:,} of these plans were priced"
    cost = NOT_KNOWN if found.cost_usd is None else str(people.money(found.cost_usd))
    carbon = NOT_KNOWN if found.carbon_g is None else f"{people.carbon(found.carbon_g)} CO2e"
    return (
        saved,
        Told(key="cost", name="Cost left out", value=cost, source=priced),
        Told(key="carbon", name="Carbon left out", value=carbon, source=priced),
    )


def _risk(figures: Figures) -> Told:
    found = figures.risk
    if found.promised_escapes is None:
        value = NOT_KNOWN
    else:
        value = f"{found.escaped_bounded:,} escaped, {found.promised_escapes:.3g} promised"
    without = f"{count(found.unbounded, 'head')} left tests out without a certified bound"
    unbounded = f"{without}, {found.escaped_unbounded:,} escaped" if found.unbounded else ""
    return Told(
        key="risk",
        name="Risk kept",
        value=value,
        source=f"{found.bounded:,} of {found.of:,} heads with a certified bound",
        detail=unbounded,
    )


def _needed_person(figures: Figures) -> Told:
    found = figures.needed_person
    return Told(
        key="needed_person",
        name="Needed a person",
        value=NOT_KNOWN if found.share is None else str(people.share(found.share)),
        source=f"{found.needed:,} of {found.rows:,} heads",
    )


def _actions(figures: Figures) -> Told:
    found = figures.actions
    return Told(
        key="actions",
        name="Actions",
        value=_number(found.rows),
        source=count(found.rows, "record"),
        detail=by(found.by_kind),
    )


def _reviewer(figures: Figures, *, counted: bool) -> tuple[Told, ...]:
    found = figures.reviewer
    before = found.before_action
    unknown = NOT_KNOWN if counted or found.visits else NOT_COUNTED
    return (
        Told(
            key="reviewer",
            name="Card open before an action",
            value=_median(before) if before.rows else unknown,
            source=f"{before.rows:,} of {before.of:,} actions came with a visit",
            detail=f"95 of 100 within {_seconds(before.p95_seconds)}" if before.rows else "",
        ),
        Told(
            key="open",
            name="Cards open in all",
            value=unknown if found.open_seconds is None else _seconds(found.open_seconds),
            source=f"{count(found.visits, 'visit')} by {found.people:,} {'person' if found.people == 1 else 'people'}",
            detail=f"{count(found.pull_requests, 'head')} looked at" if found.visits else "",
        ),
    )


def _failovers(figures: Figures) -> Told:
    found = figures.failovers
    took = f"Median {_median(found.took)}" if found.took.rows else ""
    return Told(
        key="failovers",
        name="Failovers",
        value=_number(found.rows),
        source=f"{found.took.rows:,} of {found.rows:,} have ended",
        detail=". ".join(part for part in (by(found.by_kind), took) if part),
    )


def _number(number: int) -> str:
    return f"{number:,}" if number else NONE


def _median(spread: Spread) -> str:
    return _seconds(spread.p50_seconds)


def _seconds(amount: float | None) -> str:
    return NOT_KNOWN if amount is None else duration(amount)


def _rows(spread: Spread, things: str) -> str:
    return f"{spread.rows:,} of {spread.of:,} {things}"
