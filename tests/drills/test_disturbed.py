"""The ledger locked by somebody else, and a disk without room: nothing is lost, and it goes on by itself."""

import asyncio
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
from temporalio.api.workflow.v1 import PendingActivityInfo

from maestro.model.decision import DecisionState
from tests.drills.stand import Handle, Stand, until
from tests.execution.repositories import Files

LOCKED_SECONDS = 8.0
"""Longer than a lease lasts here, so that the holder of one loses it while it cannot renew it."""

SLOW = """
import time
import pytest

@pytest.mark.parametrize("number", range(10))
def test_slow(number):
    time.sleep(0.5)
"""

LOCK = """
import sys
from pysqlite3 import dbapi2
connection = dbapi2.connect(sys.argv[1], isolation_level=None, timeout=30)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
connection.execute("ROLLBACK")
connection.close()
"""


def slow(name: str) -> Files:
    return {f"test_{name}.py": SLOW}


@contextmanager
def locked_ledger(stand: Stand) -> Iterator[None]:
    """Another process is inside a write transaction for as long as the block runs."""
    command = [sys.executable, "-c", LOCK, str(stand.stack.home / "ledger.sqlite")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"locked\n"
        try:
            yield
        finally:
            assert holder.stdin is not None
            holder.stdin.close()


@contextmanager
def full_disk(workers: list[psutil.Process]) -> Iterator[None]:
    """No file of the workers can grow any more: what a full disk is to whoever writes."""
    before = [(worker.pid, resource.prlimit(worker.pid, resource.RLIMIT_FSIZE)) for worker in workers]
    for pid, (_, hard) in before:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        for pid, limits in before:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


async def pending(handle: Handle) -> list[PendingActivityInfo]:
    return list((await handle.describe()).raw_description.pending_activities)


async def test_a_ledger_locked_for_seconds_delays_the_run_and_loses_no_verdict(stand: Stand) -> None:
    head = stand.propose("locked", slow("locked"))
    handle = await stand.start(head)
    pull_request = await stand.pull_request(handle)
    before = await stand.rows_beyond(pull_request, 1)
    with locked_ledger(stand):
        # The length of the disturbance itself, not a wait for its effect.
        await asyncio.sleep(LOCKED_SECONDS)
    outcome = await stand.ended(handle)
    assert outcome.decision.state is DecisionState.GREEN
    rows = stand.rows(pull_request)
    assert [row.test for row in rows] == sorted(f"test_locked.py::test_slow[{number}]" for number in range(10))
    assert {row.test for row in before} <= {row.test for row in rows if row.fence == before[0].fence}
    assert stand.ledger.records.verify() == ()


async def test_a_full_disk_is_named_and_the_run_goes_on_when_there_is_room(stand: Stand) -> None:
    head = stand.propose("full", slow("full"))
    handle = await stand.start(head)
    pull_request = await stand.pull_request(handle)
    before = await stand.rows_beyond(pull_request, 1)
    workers = [process for name, process in stand.stack.processes().items() if name.startswith("worker")]
    with full_disk(workers):

        async def failure() -> str:
            return " ".join(info.last_failure.message for info in await pending(handle))

        said = await until(failure, what="the failure is seen on the activity")
    assert "disk" in said
    outcome = await stand.ended(handle)
    assert outcome.decision.state is DecisionState.GREEN
    rows = stand.rows(pull_request)
    assert len(rows) == len({row.test for row in rows}) == 10
    assert {row.test for row in before} <= {row.test for row in rows}
    assert stand.ledger.records.verify() == ()
