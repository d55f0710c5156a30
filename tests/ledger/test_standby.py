"""A ledger whose database goes away and returns, and one whose machine dies and whose synchronous standby goes on."""

import asyncio
import threading
from collections.abc import Iterator
from itertools import count

import pytest

from maestro.errors import LeaseHeld, LeaseLost, PlatformUnavailable
from maestro.ledger import Ledger, performing
from maestro.model.region import Standing
from tests.ledger.servers import Server, primary_and_standby, server

NAMESPACE = "maestro"
STANDING = Standing(region="eu-north", epoch=1, namespace=NAMESPACE)
BOTH = "postgresql://maestro@/postgres?host={},{}&target_session_attrs=read-write"


@pytest.fixture
def alone() -> Iterator[Server]:
    with server(fsync="off") as running:
        yield running


@pytest.fixture
def pair() -> Iterator[tuple[Server, Server]]:
    with primary_and_standby() as running:
        yield running


def test_a_ledger_that_goes_away_takes_no_effect_says_so_and_goes_on_when_it_is_back(alone: Server) -> None:
    with Ledger.open(f"postgresql://maestro@/postgres?host={alone.host}") as ledger:
        lease = ledger.leases.acquire("shard/1", holder="north", ttl_seconds=3_600)
        ledger.effects.commit("effect/0", lease=lease, request_digest="d", result={})
        alone.stop()
        for _ in range(2):
            with pytest.raises(PlatformUnavailable, match="cannot be reached") as caught:
                ledger.effects.commit("effect/1", lease=lease, request_digest="d", result={})
            assert caught.value.retryable
        with pytest.raises(PlatformUnavailable, match="cannot be reached"):
            ledger.effects.once("effect/1", request_digest="d", result={}, standing=Standing())
        alone.start()
        assert ledger.effects.recorded("effect/1") is None
        assert ledger.effects.commit("effect/1", lease=lease, request_digest="d", result={}).first
        assert not ledger.effects.commit("effect/0", lease=lease, request_digest="d", result={}).first


def test_connections_that_died_unseen_cost_no_effect_and_no_error(alone: Server) -> None:
    with Ledger.open(f"postgresql://maestro@/postgres?host={alone.host}") as ledger:
        lease = ledger.leases.acquire("shard/1", holder="north", ttl_seconds=3_600)
        ledger.effects.commit("effect/0", lease=lease, request_digest="d", result={})
        alone.kill()
        alone.start()
        assert ledger.effects.commit("effect/1", lease=lease, request_digest="d", result={}).first


async def test_work_is_stopped_while_the_ledger_is_away_for_longer_than_its_lease(alone: Server) -> None:
    with Ledger.open(f"postgresql://maestro@/postgres?host={alone.host}") as ledger:
        ended = asyncio.Event()

        async def work() -> None:
            turn_at = performing(ledger, "effect/0", request=None, holder="north", ttl_seconds=1)
            async with turn_at as turn:
                await asyncio.to_thread(alone.stop)
                try:
                    await asyncio.sleep(3_600)
                finally:
                    ended.set()
                await turn.commit({})

        with pytest.raises(LeaseLost, match="could not be renewed"):
            await work()
        assert ended.is_set()
        alone.start()
        assert ledger.effects.recorded("effect/0") is None


def test_nothing_that_was_acknowledged_is_missing_when_the_standby_takes_over(pair: tuple[Server, Server]) -> None:
    primary, standby = pair
    url = BOTH.format(primary.host, standby.host)
    acknowledged: list[tuple[str, int]] = []
    fences: dict[int, int] = {}
    with Ledger.open(url) as ledger:
        ledger.epochs.begin(NAMESPACE, 1, "north")

        def commit_until_it_fails() -> None:
            for number in count():
                try:
                    lease = ledger.leases.acquire(f"shard/{number % 7}", holder="a", ttl_seconds=60, standing=STANDING)
                    fences[number % 7] = lease.fence
                    effect = ledger.effects.commit(f"effect/{number}", lease=lease, request_digest="d", result={})
                    acknowledged.append((effect.key, lease.fence))
                    ledger.effects.once(f"once/{number}", request_digest="d", result={}, standing=STANDING)
                    acknowledged.append((f"once/{number}", 0))
                except PlatformUnavailable:
                    return

        busy = threading.Thread(target=commit_until_it_fails)
        busy.start()
        while len(acknowledged) < 200:
            assert busy.is_alive()
        primary.kill()
        busy.join()
        with pytest.raises(PlatformUnavailable):
            ledger.effects.once("while/away", request_digest="d", result={}, standing=STANDING)
        standby.promote()
        # The same ledger goes on: its url names both, and it finds the one that takes writes.
        assert ledger.effects.recorded("while/away") is None
        for key, fence in acknowledged:
            found = ledger.effects.recorded(key)
            assert found is not None, f"{key} was acknowledged and is lost"
            assert found.fence == fence
        with pytest.raises(LeaseHeld):
            ledger.leases.acquire("shard/0", holder="b", ttl_seconds=60, standing=STANDING)
        for number, fence in fences.items():
            lease = ledger.leases.acquire(f"shard/{number}", holder="a", ttl_seconds=60, standing=STANDING)
            assert lease.fence > fence
        assert ledger.effects.commit("after/0", lease=lease, request_digest="d", result={}).first
    with Ledger.open(url) as reopened:
        assert reopened.effects.recorded("after/0") is not None


def test_without_its_standby_a_primary_acknowledges_nothing(pair: tuple[Server, Server]) -> None:
    primary, standby = pair
    with Ledger.open(BOTH.format(primary.host, standby.host)) as ledger:
        lease = ledger.leases.acquire("shard/1", holder="north", ttl_seconds=3_600)
        standby.kill()
        waiting = threading.Thread(
            target=ledger.effects.commit,
            args=("effect/0",),
            kwargs={"lease": lease, "request_digest": "d", "result": {}},
        )
        waiting.start()
        while primary.ask("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'") is None:
            assert waiting.is_alive()
        assert ledger.effects.recorded("effect/0") is None
        standby.start()
        waiting.join()
        assert ledger.effects.recorded("effect/0") is not None
