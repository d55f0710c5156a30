"""Regions, how healthy they were measured to be, and where a pull request was placed and why."""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import Field

from maestro.model.base import Model


def region_task_queue(region: str) -> str:
    """The queue of a region's test work, which takes a slot; only the workers of the region poll it."""
    return f"maestro.region.{region}"


def region_io_queue(region: str) -> str:
    """The queue of a region's short work, which must not wait behind tests."""
    return f"{region_task_queue(region)}.io"


class Region(Model):
    """A place where tests can run. ``carbon_g_per_kwh`` is location-based grid intensity; ``carbon_source`` says
    where the figure is from. ``power_kw`` is the draw of one worker slot under load.
    """

    id: str
    title: str = ""
    price_usd_per_hour: Decimal
    carbon_g_per_kwh: float = Field(ge=0)
    carbon_source: str = ""
    power_kw: float = Field(ge=0)
    slots: int = Field(ge=1)

    @property
    def task_queue(self) -> str:
        return region_task_queue(self.id)


class RegionHealth(Model):
    """What was measured of a region, at ``measured_at``. ``reasons`` says why it is not healthy (empty if it is).

    ``heartbeat_age_seconds`` is the age of the newest sign of life of any worker, None if there is none.
    ``start_latency_p95_seconds`` is the schedule-to-start latency of recent work, None without samples.
    """

    region: str
    healthy: bool
    reasons: tuple[str, ...] = ()
    workers: int = 0
    heartbeat_age_seconds: float | None = None
    backlog: int = 0
    start_latency_p95_seconds: float | None = None
    measured_at: datetime


class CostTerm(Model):
    """One term of a region's score, in dollars, with the arithmetic in words."""

    name: Literal["compute", "carbon", "waiting"]
    amount_usd: Decimal
    how: str


class RegionAssessment(Model):
    """A region as the router saw it. ``reasons`` are sentences on why it was refused (empty if it may be chosen)."""

    region: str
    healthy: bool
    allowed: bool
    reasons: tuple[str, ...] = ()
    terms: tuple[CostTerm, ...] = ()
    total_usd: Decimal = Decimal(0)
    carbon_g: float = 0.0


class Placement(Model):
    """The region that was chosen (None: no healthy and allowed one, so wait) and why.

    ``ordinal`` counts the placements of one pull request, from 0; ``expected_seconds`` is the compute time assumed.
    ``slots`` is how much test work the chosen region takes at a time.
    """

    region: str | None
    reason: str
    slots: int = 1
    residency: str = ""
    assessments: tuple[RegionAssessment, ...] = ()
    expected_seconds: float = 0.0
    policy_digest: str = ""
    ordinal: int = 0
    decided_at: datetime


class Standing(Model):
    """On whose behalf a process acts: its region, and the epoch of the namespace under which it was given work.

    ``epoch`` is None where there is one server and no epoch; then nothing is checked.
    """

    region: str = ""
    epoch: int | None = None
    namespace: str = ""


class Epoch(Model):
    """Which cluster may act for a namespace: the one that gave work under ``version``, the failover version.

    ``leaving`` is the version of the cluster ``leaving_cluster`` while a planned handover from it is under way: what
    it gave may still be done. None otherwise.
    """

    namespace: str
    version: int
    cluster: str
    leaving: int | None = None
    leaving_cluster: str = ""
    reason: str = ""
    raised_at: datetime

    def admits(self, version: int) -> bool:
        """Whether work that was given under this version may still be done."""
        return version in {self.version, self.leaving}
