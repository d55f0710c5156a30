"""How long work stands still when a region is lost or left: ``python -m benchmarks.failover [--rounds 6]``.

Two real clusters, a PostgreSQL ledger, pull requests and small workflows all the time. Each round freezes the whole
region that acts (server, worker, controller) and, after it has thawed and been quiet, sees the planned return home.
Forced: from the freeze to the first effect under the new epoch, detection included. Planned: the longest time without
an effect around the move. The floor beside both: the longest time without an effect while nothing moves.
"""

import argparse
import itertools
import tempfile
import time
from pathlib import Path

from maestro.ledger.failovers import FailoverKind
from workers.drill.faults import Fault, FaultKind
from workers.drill.figures import Failover, failovers, spread
from workers.drill.running import run_on
from workers.drill.seen import Reading
from workers.drill.sink import Way

FROZEN_SECONDS = 14.0
ROUND_SECONDS = 75.0
"""Frozen, judged healthy again, quiet for 20 s, handed over, and some seconds of rest."""

REST_SECONDS = 12.0
"""Of each round, the end in which nothing moves."""

AROUND_SECONDS = 12.0
"""After a planned move began, in which its stall is looked for."""


def schedule(rounds: int) -> tuple[Fault, ...]:
    """A freeze of the region at home in each round."""
    return tuple(
        Fault(
            number=number + 1,
            kind=FaultKind.FREEZE_REGION,
            target="eu-north",
            at_seconds=number * ROUND_SECONDS + REST_SECONDS,
            duration_seconds=FROZEN_SECONDS,
        )
        for number in range(rounds)
    )


def longest_gap(reading: Reading, begin: float, end: float) -> float:
    """Seconds of the longest time without an effect of Maestro's way that overlaps the interval."""
    moments = sorted(line.at for line in reading.applied if line.way is Way.MAESTRO)
    gaps = [(after - before) for before, after in itertools.pairwise(moments) if before < end and after > begin]
    return max(gaps, default=0.0)


def show(name: str, seconds: list[float]) -> None:
    found = spread(seconds)
    if found.count:
        print(
            f"{name}: {found.count} times, p50 {found.p50_seconds:.1f} s, p95 {found.p95_seconds:.1f} s, "
            f"max {found.max_seconds:.1f} s"
        )
    else:
        print(f"{name}: none")


def repeated(reading: Reading, moves: list[Failover]) -> int:
    """Effects of plain activities that were applied twice around a planned move: what a re-run would leave behind."""
    seen: dict[str, int] = {}
    for line in reading.applied:
        if line.way is Way.PLAIN and any(move.began_at - 5 < line.at < move.began_at + 30 for move in moves):
            seen[line.effect] = seen.get(line.effect, 0) + 1
    return sum(count > 1 for count in seen.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=6)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="maestro-failover-") as folder:
        reading = run_on(Path(folder), schedule(rounds), tell=lambda line: print(f"  {line}"))
    moves = failovers(reading)
    forced = [move for move in moves if move.kind == FailoverKind.FORCED.value]
    planned = [move for move in moves if move.kind == FailoverKind.PLANNED.value and move.outcome == "done"]
    rests = [longest_gap(reading, done.began_at - REST_SECONDS + 4, done.began_at - 1) for done in reading.faults[1:]]
    show("decided after a freeze", [move.decided_seconds for move in forced])
    show("first effect under the new epoch after a freeze", [m.work_seconds for m in forced if m.work_seconds])
    show(
        "planned: longest time without an effect",
        [longest_gap(reading, move.began_at, move.began_at + AROUND_SECONDS) for move in planned],
    )
    show("floor: longest time without an effect while nothing moves", rests)
    print(f"plain activities applied twice around planned moves: {repeated(reading, planned)}")
    print(f"measured at {time.strftime('%Y-%m-%d', time.gmtime())}")


if __name__ == "__main__":
    main()
