"""Probes of regions, kept for a few days, and what was made of them: the state of each region."""

import json
import math
from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from pydantic import JsonValue

from maestro.canonical import canonical_json
from maestro.errors import BadInput
from maestro.ledger.clock import moment
from maestro.ledger.engine import Database
from maestro.ledger.region_tables import probes, region_states
from maestro.ledger.schema import now_seconds
from maestro.model.base import Model

KEEP_SECONDS = 4 * 86_400.0
"""The longest window of the burn-rate alerts is three days; older probes are removed with the next of their region."""


class ProbeFinding(Model):
    """What one probe of a region found. ``value`` is its measure (seconds, counts), None where there is none."""

    region: str
    probe: str
    prober: str = ""
    good: bool
    value: float | None = None
    detail: str = ""


class ProbeRow(ProbeFinding):
    """A probe as it was recorded, at ``at`` by the ledger's clock."""

    at: datetime


class Probes:
    """Add what probes found, and read it back by window."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, *results: ProbeFinding) -> None:
        """All of them in one transaction, now by the ledger's clock. Raises BadInput for a value that is not finite."""
        if not results:
            return
        for result in results:
            if result.value is not None and not math.isfinite(result.value):
                raise BadInput(
                    f"a probe cannot measure {result.value}", field=result.probe, fix="leave out what was not measured"
                )
        regions = sorted({result.region for result in results})
        too_old = sa.and_(probes.c.region.in_(regions), probes.c.at < now_seconds() - KEEP_SECONDS)
        with self._database.write() as connection:
            at = connection.execute(sa.select(now_seconds())).scalar_one()
            connection.execute(sa.delete(probes).where(too_old))
            connection.execute(sa.insert(probes), [{**result.model_dump(), "at": at} for result in results])

    def since(self, region: str, seconds: float) -> tuple[ProbeRow, ...]:
        """Every probe of the region within the last seconds, oldest first."""
        query = (
            sa.select(probes)
            .where(probes.c.region == region, probes.c.at > now_seconds() - seconds)
            .order_by(probes.c.at, probes.c.id)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return tuple(
            ProbeRow(
                region=row.region,
                probe=row.probe,
                prober=row.prober,
                good=row.good,
                value=row.value,
                detail=row.detail,
                at=moment(row.at),
            )
            for row in rows
        )


class RegionState(Model):
    """What was last said of a region, at ``at`` by the ledger's clock."""

    region: str
    body: dict[str, JsonValue]
    at: datetime


class RegionStates:
    """The last state of each region. Whoever writes it says what is in it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, region: str, body: Mapping[str, JsonValue]) -> None:
        """Replace what was said of the region before."""
        said = {"body": canonical_json(dict(body)), "at": now_seconds()}
        statement = self._database.insert(region_states).values(region=region, **said)
        with self._database.write() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=[region_states.c.region], set_=said))

    def all(self) -> tuple[RegionState, ...]:
        """The state of each region that has one, by its name."""
        with self._database.read() as connection:
            rows = connection.execute(sa.select(region_states).order_by(region_states.c.region)).all()
        return tuple(RegionState(region=row.region, body=json.loads(row.body), at=moment(row.at)) for row in rows)
