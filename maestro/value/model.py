"""The figures as they are answered. ``rows`` is from how many a figure comes, ``of`` how many could have told.

None stands for what is not known; times are seconds, money dollars, carbon grams.
"""

from datetime import date, datetime
from decimal import Decimal

from pydantic import Field

from maestro.model.base import Model


class Conducted(Model):
    """Heads whose first verdict fell into the period, by how they stand now and by who wrote them.

    ``merged`` counts those that Maestro merged itself, by their ``sealed`` cards; None where there is none.
    """

    heads: int = 0
    pull_requests: int = 0
    by_outcome: dict[str, int] = Field(default_factory=dict)
    by_author: dict[str, int] = Field(default_factory=dict)
    merged: int | None = None
    sealed: int = 0


class Spread(Model):
    """A time as it was for many: the median, and what 95 of 100 stayed within."""

    p50_seconds: float | None = None
    p95_seconds: float | None = None
    rows: int = 0
    of: int = 0


class TestTime(Model):
    """Expected seconds of the tests that were selected, and of those left out before the verdict."""

    __test__ = False

    selected_seconds: float | None = None
    left_out_seconds: float | None = None
    share: float | None = None
    rows: int = 0
    of: int = 0
    cost_usd: Decimal | None = None
    carbon_g: float | None = None
    priced_rows: int = 0


class RiskKept(Model):
    """What selections promised, against what the ledger knows to have escaped of the same heads.

    ``promised_escapes`` is the sum of the bounds of heads whose selection had one. ``unbounded`` heads left tests out
    without a certified bound; ``complete`` ones left nothing out.
    """

    promised_escapes: float | None = None
    bounded: int = 0
    escaped_bounded: int = 0
    unbounded: int = 0
    escaped_unbounded: int = 0
    complete: int = 0
    escaped_tests: int = 0
    rows: int = 0
    of: int = 0


class FailoverFigures(Model):
    """Failovers that began in the period, by kind, and how long those took that ended."""

    by_kind: dict[str, int] = Field(default_factory=dict)
    took: Spread = Spread()
    rows: int = 0


class ActionFigures(Model):
    """Actions of reviewers, by kind."""

    by_kind: dict[str, int] = Field(default_factory=dict)
    rows: int = 0


class ReviewerTime(Model):
    """How long a card was visible before an action, and in all visits together.

    ``before_action`` comes from the actions with a visit, out of all actions. ``open_seconds`` is the time in which at
    least one card was visible to a person, summed over people.
    """

    before_action: Spread = Spread()
    open_seconds: float | None = None
    visits: int = 0
    people: int = 0
    pull_requests: int = 0


class NeededPerson(Model):
    """Heads for which a person was asked at least once."""

    share: float | None = None
    needed: int = 0
    rows: int = 0


class Span(Model):
    """The part of the period that begins on ``day`` (UTC): a day, or a week where the period is long."""

    day: date
    by_outcome: dict[str, int] = Field(default_factory=dict)
    selected_seconds: float | None = None
    left_out_seconds: float | None = None
    promised_escapes: float | None = None
    escaped_bounded: int = 0
    actions: int = 0
    verdict_p50_seconds: float | None = None
    verdict_p95_seconds: float | None = None


class Figures(Model):
    """All of them, over ``since`` (included) to ``until``. ``notes`` are remarks on what is missing from them.

    ``tenants`` are those whose pull requests were counted, None for every one.
    """

    since: datetime
    until: datetime
    repo: str | None = None
    tenants: tuple[str, ...] | None = None
    conducted: Conducted
    verdict: Spread
    tests: TestTime
    risk: RiskKept
    needed_person: NeededPerson
    actions: ActionFigures
    reviewer: ReviewerTime
    failovers: FailoverFigures
    span_days: int = 1
    spans: tuple[Span, ...] = ()
    notes: tuple[str, ...] = ()
