"""The period cut into days, or into weeks where it is long, so that a figure can be seen over time. Pure."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from maestro.model.tracing import Escape
from maestro.value.measures import risk_kept, test_time, time_to_verdict
from maestro.value.model import Span
from maestro.value.rows import Head, Rows

DAILY_UP_TO_DAYS = 45
"""More days than these cannot be told apart on a small screen."""


def span_days_of(since: datetime, until: datetime) -> int:
    """How many days a span has."""
    return 1 if (until - since) <= timedelta(days=DAILY_UP_TO_DAYS) else 7


def spans(rows: Rows, *, since: datetime, until: datetime, days: int) -> tuple[Span, ...]:
    """Every span from the day of ``since`` to the day of ``until``, also those in which nothing happened."""
    first, last = _day(since), _day(until)
    heads: defaultdict[int, list[Head]] = defaultdict(list)
    for head in rows.heads:
        heads[_place(head.verdict_at, first, days)].append(head)
    acted = Counter(_place(action.at, first, days) for action in rows.actions)
    return tuple(
        _span(first + timedelta(days=place * days), heads[place], rows.escapes, actions=acted[place])
        for place in range((last - first).days // days + 1)
    )


def _span(day: date, heads: Sequence[Head], escapes: Sequence[Escape], *, actions: int) -> Span:
    tests, verdict, risk = test_time(heads), time_to_verdict(heads), risk_kept(heads, escapes)
    return Span(
        day=day,
        by_outcome=dict(sorted(Counter(head.outcome for head in heads).items())),
        selected_seconds=tests.selected_seconds,
        left_out_seconds=tests.left_out_seconds,
        promised_escapes=risk.promised_escapes,
        escaped_bounded=risk.escaped_bounded,
        actions=actions,
        verdict_p50_seconds=verdict.p50_seconds,
        verdict_p95_seconds=verdict.p95_seconds,
    )


def _day(at: datetime) -> date:
    return at.astimezone(UTC).date()


def _place(at: datetime, first: date, days: int) -> int:
    return max(0, (_day(at) - first).days // days)
