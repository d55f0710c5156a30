"""The figures of a drill: how long failovers took and how long work stood still. Seconds."""

import itertools
import math
from collections.abc import Sequence

from maestro.model.base import Model
from workers.drill.acting import OPERATOR
from workers.drill.faults import FaultKind
from workers.drill.ground import REGIONS
from workers.drill.seen import MoveRow, Reading
from workers.drill.sink import Way

STALL_SECONDS = 5.0
"""A time without any effect that is longer counts as a stall."""

CAUSE_SECONDS = 40.0
"""A forced failover follows from a fault of its cluster that began at most so long before it."""

TAKES_OUT = frozenset(
    {
        FaultKind.KILL_SERVER,
        FaultKind.FREEZE_SERVER,
        FaultKind.FREEZE_REGION,
        FaultKind.PART_LEDGER,
        FaultKind.SPLIT_BRAIN,
        FaultKind.KILL_IN_HANDOVER,
    }
)


class Failover(Model):
    """A failover as it was felt. ``work_seconds`` is from the fault (a planned one: from its beginning) to the first
    effect under the new epoch, None where there was none before the next one.
    """

    kind: str
    to_cluster: str
    version: int
    began_at: float
    decided_seconds: float
    work_seconds: float | None
    by_operator: bool
    outcome: str


class Spread(Model):
    """The spread of some times; without any, all None."""

    count: int
    p50_seconds: float | None = None
    p95_seconds: float | None = None
    max_seconds: float | None = None


class Stall(Model):
    """A time in which no effect of Maestro's way happened."""

    began_at: float
    seconds: float


def failovers(reading: Reading) -> tuple[Failover, ...]:
    """Each failover of the ledger that moved the namespace, in order."""
    found = []
    for move, following in itertools.zip_longest(reading.moves, reading.moves[1:]):
        if move is None or move.outcome.startswith("failed"):
            continue
        began_at = _cause(reading, move) if move.kind == "forced" else move.started_at
        until = following.started_at if following else math.inf
        first = min(
            (
                line.at
                for line in reading.applied
                if line.way is Way.MAESTRO and line.epoch == move.version and move.started_at <= line.at < until
            ),
            default=None,
        )
        found.append(
            Failover(
                kind=move.kind,
                to_cluster=move.to_cluster,
                version=move.version,
                began_at=began_at,
                decided_seconds=move.started_at - began_at,
                work_seconds=None if first is None else first - began_at,
                by_operator=move.actor == OPERATOR,
                outcome=move.outcome,
            )
        )
    return tuple(found)


def spread(seconds: Sequence[float]) -> Spread:
    """Nearest-rank percentiles.

    >>> spread([3.0, 1.0, 2.0]).p50_seconds
    2.0
    """
    ordered = sorted(seconds)
    if not ordered:
        return Spread(count=0)
    return Spread(
        count=len(ordered), p50_seconds=_rank(ordered, 0.5), p95_seconds=_rank(ordered, 0.95), max_seconds=ordered[-1]
    )


def stalls(reading: Reading) -> tuple[Stall, ...]:
    """The times longer than ``STALL_SECONDS`` in which nothing happened."""
    moments = sorted(line.at for line in reading.applied if line.way is Way.MAESTRO)
    return tuple(
        Stall(began_at=before, seconds=after - before)
        for before, after in itertools.pairwise(moments)
        if after - before > STALL_SECONDS
    )


def _cause(reading: Reading, move: MoveRow) -> float:
    """When the last fault began that took out the region which is left; the failover's own beginning without one."""
    region = next(region for region, cluster in REGIONS.items() if cluster == move.from_cluster)
    began = (
        done.began_at
        for done in reading.faults
        if done.fault.kind in TAKES_OUT
        and done.target in {region, move.from_cluster}
        and 0 <= move.started_at - done.began_at <= CAUSE_SECONDS
    )
    return max(began, default=move.started_at)


def _rank(ordered: Sequence[float], share: float) -> float:
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
