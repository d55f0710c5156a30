"""Real processes on one ledger: contention, and death in the middle of a transaction."""

import multiprocessing
import signal
import time

import sqlalchemy as sa

from maestro.errors import LeaseHeld
from maestro.ledger import Lease, Ledger
from maestro.ledger.schema import effects
from tests.ledger.contenders import RESOURCE, contend, die_inside_a_transaction

PROCESSES = 6
KEYS = 40


def test_six_processes_with_very_short_leases_make_no_duplicate_and_no_fence_goes_back(url: str) -> None:
    Ledger.open(url).close()
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as processes:
        waiting = [
            processes.apply_async(contend, (url, f"holder-{number}"), {"ttl_seconds": 0.02, "keys": KEYS})
            for number in range(PROCESSES)
        ]
        seen = [one.get(timeout=120) for one in waiting]
    firsts = [(key, fence) for one in seen for fence, key, first in one if first]
    assert sorted(key for key, _ in firsts) == sorted(f"effect/{number}" for number in range(KEYS))
    assert all(fences == sorted(fences) for fences in ([fence for fence, _, _ in one] for one in seen))
    fence_holders = [{(fence, number) for fence, _, _ in one} for number, one in enumerate(seen)]
    every_fence = [fence for one in fence_holders for fence, _ in one]
    assert len(every_fence) == len(set(every_fence)), "a fence had two holders"
    with Ledger.open(url) as ledger, ledger._database.read() as connection:
        in_order = sa.select(effects.c.fence).order_by(effects.c.recorded_at, effects.c.fence)
        recorded = list(connection.execute(in_order).scalars())
    assert recorded == sorted(recorded), "an older fence wrote after a newer one"
    assert len(set(recorded)) > 1, "the lease never changed hands, so nothing was shown"


def test_a_process_killed_inside_a_transaction_leaves_nothing_and_blocks_nobody(url: str) -> None:
    Ledger.open(url).close()
    doomed = multiprocessing.get_context("spawn").Process(target=die_inside_a_transaction, args=(url, "effect/0"))
    doomed.start()
    doomed.join(timeout=60)
    assert doomed.exitcode == -signal.SIGKILL
    with Ledger.open(url) as ledger:
        assert ledger.effects.recorded("effect/0") is None
        lease = take_over(ledger)
        assert lease.fence == 2
        assert ledger.effects.commit("effect/0", lease=lease, request_digest="d", result={"by": "heir"}).first


def take_over(ledger: Ledger) -> Lease:
    while True:
        try:
            return ledger.leases.acquire(RESOURCE, holder="heir", ttl_seconds=60)
        except LeaseHeld:
            time.sleep(0.05)
