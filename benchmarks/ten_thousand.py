"""A pull request with 10,000 tests on a real stack: ``python -m benchmarks.ten_thousand [--tests 10000]``.

What it leaves in Temporal (history, largest payload), and the time that is not spent in tests. The floor, in the same
run, is the project's own pytest in one process: all of its time is what the tests cost without a conductor.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from maestro.model.conduct import Outcome
from maestro.model.decision import DecisionState
from tests.drills.measure import Measured, measured
from tests.drills.stand import Stand, standing
from tests.execution.repositories import Files

FILES = 100

REGIONS = ("eu-north", "europe-north1"), ("eu-west", "europe-west4")

TOPOLOGY = """
regions:
""" + "".join(
    f"  - {{id: {region}, grid: {grid}, price_usd_per_hour: 0.04, power_kw: 0.015, slots: 2}}\n"
    for region, grid in REGIONS
)
"""The shipped defaults, without fixed ports for metrics."""

TESTS = """
import pytest

@pytest.mark.parametrize("number", range({count}))
def test_number(number):
    assert number >= 0
"""


def project(tests: int) -> Files:
    return {f"test_{number:03}.py": TESTS.format(count=tests // FILES) for number in range(FILES)}


def floor_seconds(stand: Stand, head: str, folder: Path) -> float:
    """pytest alone, in this interpreter, on the same files."""
    stand.repository.git("worktree", "add", "--quiet", "--detach", str(folder), head)
    started = time.perf_counter()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder)]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - started


def phases(outcome: Outcome, ended_at: float) -> list[tuple[str, float]]:
    """Seconds from each entry of the timeline to the next one, and to the end."""
    entries = outcome.card.timeline
    moments = [*(entry.at.timestamp() for entry in entries), ended_at]
    spans = zip(entries, moments, moments[1:], strict=False)
    return [(f"{entry.event}, then", after - before) for entry, before, after in spans]


def told(outcome: Outcome, left: Measured, *, conducted: float, floor: float, spans: list[tuple[str, float]]) -> str:
    report = outcome.card.report
    inside = report.test_seconds if report else 0.0
    lines = [
        f"decided {outcome.decision.state.value}: {', '.join(outcome.decision.reasons)}",
        f"history        {left.history_bytes:>10,} bytes, {left.events} events, {left.shards} shards",
        f"largest        {left.largest_payload_bytes:>10,} bytes in one payload",
        f"conducted      {conducted:>10.1f} s from the start to the decision",
        f"pytest alone   {floor:>10.1f} s in one process, without a sandbox (ratio {conducted / floor:.2f})",
        f"in the tests   {inside:>10.1f} s, as the tests themselves were timed",
        "where the time went:",
        *(f"  {name:<24} {seconds:>8.1f} s" for name, seconds in spans),
    ]
    return "\n".join(lines)


async def main(tests: int) -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        topology = folder / "topology.yaml"
        topology.write_text(TOPOLOGY, encoding="utf-8")
        async with standing(folder / "stack", topology) as stand:
            head = stand.propose("many", project(tests))
            handle = await stand.start(head)
            outcome = await handle.result()
            description = await handle.describe()
            assert description.close_time is not None, "it has ended"
            ended_at = description.close_time.timestamp()
            print(
                told(
                    outcome,
                    await measured(handle),
                    conducted=ended_at - description.start_time.timestamp(),
                    floor=await asyncio.to_thread(floor_seconds, stand, head, folder / "alone"),
                    spans=phases(outcome, ended_at),
                )
            )
    return 0 if outcome.decision.state is DecisionState.GREEN else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tests", type=int, default=10_000, help=f"a multiple of {FILES}")
    sys.exit(asyncio.run(main(parser.parse_args().tests)))
