"""The figures of a period, computed from its rows. Pure: same rows, same figures."""

from collections.abc import Iterable
from datetime import datetime

from maestro.value import measures
from maestro.value.model import Figures
from maestro.value.rows import Rows
from maestro.value.spans import span_days_of, spans


def figures(
    rows: Rows,
    *,
    since: datetime,
    until: datetime,
    repo: str | None = None,
    tenants: Iterable[str] | None = None,
) -> Figures:
    """All figures of ``rows``, which were read for this period, repository and tenants."""
    days = span_days_of(since, until)
    return Figures(
        since=since,
        until=until,
        repo=repo,
        tenants=None if tenants is None else tuple(sorted(tenants)),
        conducted=measures.conducted(rows.heads),
        verdict=measures.time_to_verdict(rows.heads),
        tests=measures.test_time(rows.heads),
        risk=measures.risk_kept(rows.heads, rows.escapes),
        needed_person=measures.needed_person(rows.heads),
        actions=measures.actions(rows.actions),
        reviewer=measures.reviewer_time(rows.visits, rows.visit_actions, of=len(rows.actions)),
        failovers=measures.failovers(rows.failovers),
        span_days=days,
        spans=spans(rows, since=since, until=until, days=days),
        notes=rows.notes,
    )
