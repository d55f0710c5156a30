"""Probe results, states and situations of two clusters, north (home) and west, with a region each."""

from maestro.config.clusters import Failover
from maestro.regions.burn import Condition, RegionState
from maestro.regions.failover import FailoverKind, Replication, Ruling, Situation
from maestro.regions.probes import Probe, ProbeResult
from maestro.regions.windows import ProbeBurn, WindowBurn

LIMITS = Failover()
NOW = 1_800_000_000.0
LONG_AGO = NOW - 10_000.0


def result(
    at: float,
    *,
    good: bool = True,
    probe: Probe = Probe.FRONTEND,
    prober: str = "north",
    region: str = "north",
    detail: str = "connection refused",
) -> ProbeResult:
    return ProbeResult(region=region, probe=probe, prober=prober, good=good, detail="" if good else detail, at=at)


def burn(probe: Probe) -> ProbeBurn:
    window = WindowBurn(long_seconds=30, short_seconds=5, limit=14.4, long_rate=20, short_rate=100)
    return ProbeBurn(probe=probe, windows=(window,), probers=("third",), burning_for=("third",), seen_at=NOW)


def state(region: str, *burning: Probe, recovering: bool = False, since: float = LONG_AGO) -> RegionState:
    condition = Condition.BURNING if burning else Condition.RECOVERING if recovering else Condition.HEALTHY
    return RegionState(
        region=region,
        condition=condition,
        since=since,
        at=NOW,
        reasons=() if condition is Condition.HEALTHY else (f"{region} is not well",),
        burns=tuple(burn(probe) for probe in burning),
    )


def yes(*clusters: str) -> tuple[Ruling, ...]:
    return tuple(Ruling(to_cluster=one, kind=kind, allowed=True) for one in clusters for kind in FailoverKind)


def follows(cluster: str) -> Replication:
    return Replication(to_cluster=cluster, stuck=False, backlog_tasks=3, lag_seconds=0.5)


def situation(north: RegionState, west: RegionState, **changes: object) -> Situation:
    """North is active and at home, both answer and follow each other, policy allows everything."""
    plain = Situation(
        version=1,
        active="north",
        home="north",
        states={"north": (north,), "west": (west,)},
        reachable=("north", "west"),
        replication=(follows("north"), follows("west")),
        rulings=yes("north", "west"),
        now=NOW,
    )
    return plain.model_copy(update=changes)
