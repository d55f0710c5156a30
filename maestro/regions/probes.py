"""What is probed of a region, and when a measurement counts as good."""

from collections.abc import Iterator
from enum import StrEnum
from typing import assert_never

from pydantic import Field

from maestro.config.clusters import Failover
from maestro.config.topology import HealthLimits
from maestro.model.base import Model
from maestro.words import count, duration


class Probe(StrEnum):
    """What is asked of a region; the names are those of the settings of ``Cadence``."""

    FRONTEND = "frontend"
    """Whether the cluster's frontend says that it serves, and how fast."""
    WORKERS = "workers"
    """How old the newest sign of life of a worker of the region is."""
    START_LATENCY = "start_latency"
    """How long recent tasks waited for a worker (p95), and how many wait."""
    CANARY = "canary"
    """How long a workflow that does next to nothing took from start to end."""
    REPLICATION = "replication"
    """How far the region's cluster lags behind the others."""
    LEDGER = "ledger"
    """How long the ledger took to answer a read from the region."""


class ProbeResult(Model):
    """A judged measurement of ``region`` by ``prober``: a region's id, or the name of a third place.

    ``value`` is in seconds, None where there was none. ``at`` is in seconds since the epoch, by the ledger's clock.
    """

    region: str
    probe: Probe
    prober: str
    good: bool
    value: float | None = None
    detail: str = ""
    at: float


class Measurement(Model):
    """What a prober measured. ``seconds`` is what the probe's own sentence says (a latency, an age, a lag), ``tasks``
    what waits (start latency, replication). ``problem`` says why there is no measurement, or what is wrong at once.
    """

    region: str
    probe: Probe
    prober: str
    seconds: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    tasks: int | None = Field(default=None, ge=0)
    problem: str = ""
    at: float


def classify(measured: Measurement, *, health: HealthLimits, failover: Failover) -> ProbeResult:
    """The result: good where nothing is against it. A measurement without a figure is bad, but for start latency:
    where nothing was started lately, nothing has waited.
    """
    against = tuple(_against(measured, health, failover))
    return ProbeResult(
        region=measured.region,
        probe=measured.probe,
        prober=measured.prober,
        good=not against,
        value=measured.seconds,
        detail="; ".join(against),
        at=measured.at,
    )


def _against(measured: Measurement, health: HealthLimits, failover: Failover) -> Iterator[str]:
    if measured.problem:
        yield measured.problem
        return
    what, limit_seconds, limit_tasks = _limits(measured.probe, health, failover)
    if measured.seconds is None and measured.probe is not Probe.START_LATENCY:
        yield f"{what} is not known"
    elif measured.seconds is not None and measured.seconds > limit_seconds:
        yield f"{what} is {duration(measured.seconds)} (limit {duration(limit_seconds)})"
    if limit_tasks is not None and measured.tasks is not None and measured.tasks > limit_tasks:
        yield f"{count(measured.tasks, 'task')} wait (limit {limit_tasks:,})"


def _limits(probe: Probe, health: HealthLimits, failover: Failover) -> tuple[str, float, int | None]:
    """What is measured in words, its limit in seconds, and the limit of tasks that wait."""
    match probe:
        case Probe.FRONTEND:
            return "the frontend's answer time", failover.probe_timeout_seconds, None
        case Probe.WORKERS:
            return "the age of the newest worker's sign of life", health.heartbeat_age_limit_seconds, None
        case Probe.START_LATENCY:
            return "the wait of recent tasks (p95)", health.start_latency_p95_limit_seconds, health.backlog_limit
        case Probe.CANARY:
            return "the canary's time", failover.canary_seconds, None
        case Probe.REPLICATION:
            return (
                "the replication lag",
                failover.replication_lag_limit_seconds,
                failover.replication_backlog_limit,
            )
        case Probe.LEDGER:
            return "the ledger's answer time", failover.ledger_latency_limit_seconds, None
    assert_never(probe)
