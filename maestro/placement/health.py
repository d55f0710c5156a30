"""Judges whether a region may receive work, from what was measured of it."""

from collections.abc import Iterator
from datetime import datetime

from pydantic import Field

from maestro.config.topology import HealthLimits
from maestro.model.base import Model
from maestro.model.region import Region, RegionHealth
from maestro.words import count, duration


class HealthSample(Model):
    """What was measured. ``heartbeat_at`` is the newest sign of life of any worker; None where there was none.

    ``start_latency_p95_seconds`` is None without recent work. ``problem`` says why nothing could be measured.
    """

    workers: int = Field(default=0, ge=0)
    heartbeat_at: datetime | None = None
    backlog: int = Field(default=0, ge=0)
    start_latency_p95_seconds: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    problem: str = ""


def judge(region: Region, sample: HealthSample, *, limits: HealthLimits, now: datetime) -> RegionHealth:
    """The region's health at ``now``; healthy means that no limit is passed and that a worker is alive."""
    age = None if sample.heartbeat_at is None else (now - sample.heartbeat_at).total_seconds()
    reasons = tuple(_reasons(sample, age, limits))
    return RegionHealth(
        region=region.id,
        healthy=not reasons,
        reasons=reasons,
        workers=sample.workers,
        heartbeat_age_seconds=None if age is None else max(0.0, age),
        backlog=sample.backlog,
        start_latency_p95_seconds=sample.start_latency_p95_seconds,
        measured_at=now,
    )


def _reasons(sample: HealthSample, age: float | None, limits: HealthLimits) -> Iterator[str]:
    if sample.problem:
        yield f"its health could not be measured: {sample.problem}"
        return
    limit = limits.heartbeat_age_limit_seconds
    if age is None or sample.workers == 0:
        yield "no worker of it is known to be alive"
    elif age > limit:
        yield f"its newest worker was last heard of {duration(age)} ago (limit {duration(limit)})"
    elif age < -limit:
        # A worker whose clock is ahead would look alive long after its death.
        yield f"its newest worker's clock is {duration(-age)} ahead, so its sign of life says nothing"
    if sample.backlog > limits.backlog_limit:
        yield f"{count(sample.backlog, 'task')} wait in its queue (limit {limits.backlog_limit:,})"
    p95 = sample.start_latency_p95_seconds
    if p95 is not None and p95 > limits.start_latency_p95_limit_seconds:
        allowed = duration(limits.start_latency_p95_limit_seconds)
        yield f"its recent tasks waited up to {duration(p95)} for a worker (p95; limit {allowed})"
