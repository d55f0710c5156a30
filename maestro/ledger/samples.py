"""Measured samples by region, such as start latencies, kept for a day: enough to judge a region's health."""

import math

import sqlalchemy as sa

from maestro.errors import BadInput
from maestro.ledger.engine import Database
from maestro.ledger.schema import now_seconds, samples

KEEP_SECONDS = 86_400.0
"""Samples older than this are removed with the next one of their kind."""


class Samples:
    """Add samples, and ask for their 95th percentile."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, region: str, kind: str, value: float) -> None:
        """One sample, now by the ledger's clock. Raises BadInput for a value that is not finite."""
        if not math.isfinite(value):
            raise BadInput(f"a sample cannot be {value}", field=kind, fix="leave out what was not measured")
        sample = {"region": region, "kind": kind, "value": value, "at": now_seconds()}
        too_old = samples.c.at < now_seconds() - KEEP_SECONDS
        with self._database.write() as connection:
            connection.execute(sa.delete(samples).where(*_of(region, kind), too_old))
            connection.execute(sa.insert(samples).values(sample))

    def p95(self, region: str, kind: str, *, window_seconds: float) -> float | None:
        """The smallest sample that at least 95 % of those within the window do not exceed; None without samples."""
        query = (
            sa.select(samples.c.value)
            .where(*_of(region, kind), samples.c.at > now_seconds() - window_seconds)
            .order_by(samples.c.value)
        )
        with self._database.read() as connection:
            values = connection.execute(query).scalars().all()
        # In whole numbers: 0.95 * 20 is a little more than 19 in binary, which would take the 20th of 20.
        return values[-(-95 * len(values) // 100) - 1] if values else None


def _of(region: str, kind: str) -> tuple[sa.ColumnElement[bool], ...]:
    return samples.c.region == region, samples.c.kind == kind
