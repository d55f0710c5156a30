"""Which cluster a region's workers take work from, as the ledger's epoch moves."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self, cast

import pytest
from temporalio.client import Client
from temporalio.runtime import Runtime
from temporalio.worker import SlotMarkUsedContext, SlotReleaseContext, SlotReserveContext, Worker

from activities.services import Reach
from maestro.config.topology import Topology, load_topology
from maestro.errors import PlatformUnavailable
from maestro.ledger import Ledger
from maestro.model.region import Standing
from tests import localstack
from tests.clusters.conftest import TOPOLOGY
from workers import binding
from workers.binding import Binding, Bound
from workers.slots import RetirableSlots

NAMESPACE = "maestro"
LIMIT_SECONDS = 10


class Working:
    """Stands for a worker: knows which client it polls with, and whether it was shut down."""

    def __init__(self, client: object) -> None:
        self.client = client
        self.ended = asyncio.Event()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_raised: object) -> None:
        await self.shutdown()

    async def shutdown(self) -> None:
        self.ended.set()


class Region:
    """A region's process without Temporal: ``made`` are the workers of each epoch, ``gone`` are silent clusters."""

    def __init__(self, topology: Topology, ledger: Ledger) -> None:
        self.ledger = ledger
        self.binding = Binding(topology, "eu-north", ledger, runtime=cast("Runtime", None), identity="eu-north@host:1")
        self.made: list[Bound] = []
        self.rebound = asyncio.Event()
        self.gone: set[str] = set()
        self.tried = asyncio.Event()

    async def connect(self, _topology: Topology, cluster: str, **_how: object) -> Any:
        self.tried.set()
        if cluster in self.gone:
            raise PlatformUnavailable(f"{cluster} does not answer")
        return SimpleNamespace(cluster=cluster)

    def make(self, client: Client, standing: Standing, cluster: str) -> Bound:
        made = Bound(
            standing=standing,
            cluster=cluster,
            orchestrators=(cast("Worker", Working(client)),),
            workers=(cast("Worker", Working(client)),),
            slots=(RetirableSlots(1),),
        )
        self.made.append(made)
        if len(self.made) > 1:
            self.rebound.set()
        return made

    @asynccontextmanager
    async def works(self) -> AsyncIterator[Reach]:
        """The workers of the ledger's epoch run for as long as the block does."""
        client, standing, cluster = await self.binding.reach()
        reach, stop, ready = Reach(client), asyncio.Event(), asyncio.Event()

        async def is_ready() -> None:
            ready.set()

        bound = self.make(client, standing, cluster)
        running = asyncio.create_task(self.binding.run(bound, self.make, reach, stop=stop, ready=is_ready))
        async with asyncio.timeout(LIMIT_SECONDS):
            await ready.wait()
            yield reach
            stop.set()
            await running

    def force(self, version: int = 2, cluster: str = "west") -> None:
        self.ledger.epochs.raise_to(NAMESPACE, version=version, cluster=cluster, reason="the other is gone")


def working(bound: Bound) -> tuple[Working, Working]:
    """The one that orchestrates and the one that runs activities."""
    return cast("tuple[Working, Working]", (*bound.orchestrators, *bound.workers))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}") as opened:
        opened.epochs.begin(NAMESPACE, 1, "north")
        yield opened


@pytest.fixture
def region(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> Region:
    written = load_topology(TOPOLOGY)
    temporal = written.temporal.model_copy(update={"clustered": True})
    found = Region(written.model_copy(update={"temporal": temporal}), ledger)

    async def serves(client: Any, _queue: str) -> bool:
        return client.cluster not in found.gone

    monkeypatch.setattr(binding, "connect_cluster", found.connect)
    monkeypatch.setattr(binding, "serves", serves)
    monkeypatch.setattr(binding, "WATCH_SECONDS", 0.002)
    return found


async def looked_again(region: Region) -> None:
    """It has looked at the ledger, and at a cluster where it wanted one, since now."""
    for _ in range(3):
        region.tried.clear()
        await asyncio.wait([asyncio.ensure_future(region.tried.wait())], timeout=0.05)


async def test_it_takes_work_from_the_cluster_that_the_ledger_names(region: Region) -> None:
    region.force()
    client, standing, cluster = await region.binding.reach()
    assert (cast("Any", client).cluster, cluster) == ("west", "west")
    assert standing == Standing(region="eu-north", epoch=2, namespace=NAMESPACE)


async def test_it_waits_for_a_cluster_that_does_not_answer_yet(region: Region) -> None:
    region.gone = {"north"}
    reaching = asyncio.create_task(region.binding.reach())
    await looked_again(region)
    assert not reaching.done()
    region.gone = set()
    assert (await reaching)[2] == "north"


async def test_one_server_has_neither_cluster_nor_epoch(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    async def connect(*_which: object, **_how: object) -> str:
        return "the one server"

    monkeypatch.setattr(binding, "connect", connect)
    alone = Region(load_topology(localstack.TOPOLOGY), ledger)
    client, standing, cluster = await alone.binding.reach()
    assert cast("Any", client) == "the one server"
    assert (standing, cluster) == (Standing(region="eu-north"), "")


async def test_after_a_forced_failover_it_works_for_the_other_cluster_under_its_epoch(region: Region) -> None:
    async with region.works() as reach:
        region.force()
        await region.rebound.wait()
        old, new = region.made
        assert (new.cluster, new.standing.epoch) == ("west", 2)
        await working(old)[1].ended.wait()
        assert cast("Any", reach.client).cluster == "west"
        assert all(cast("Any", one.client).cluster == "west" for one in working(old)), "where results are wanted now"
        assert all(one.client is not reach.client for one in working(old)), "a queue takes one worker of a client"


async def test_what_runs_goes_on_to_its_end_and_only_then_its_worker_is_shut_down(region: Region) -> None:
    async with region.works():
        slots = region.made[0].slots[0]
        await slots.reserve_slot(cast("SlotReserveContext", None))
        slots.mark_slot_used(cast("SlotMarkUsedContext", None))
        region.force()
        await region.rebound.wait()
        orchestrates, runs = working(region.made[0])
        await orchestrates.ended.wait()
        assert not runs.ended.is_set()
        slots.release_slot(cast("SlotReleaseContext", SimpleNamespace(slot_info=object())))
        await runs.ended.wait()


async def test_a_planned_handover_is_followed_when_it_is_settled(region: Region) -> None:
    async with region.works():
        region.ledger.epochs.raise_to(NAMESPACE, version=2, cluster="west", reason="planned", keep_leaving=True)
        await looked_again(region)
        assert not region.rebound.is_set()
        region.ledger.epochs.settle(NAMESPACE)
        await region.rebound.wait()
        assert region.made[-1].standing.epoch == 2


async def test_it_stays_until_the_other_cluster_answers_by_itself(region: Region) -> None:
    async with region.works():
        region.gone = {"west"}
        region.force()
        await looked_again(region)
        assert not region.rebound.is_set()
        region.gone = set()
        await region.rebound.wait()


async def test_it_stays_while_the_ledger_cannot_be_read(region: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()

    def unreachable(_namespace: str) -> None:
        loop.call_soon_threadsafe(asked.set)
        raise PlatformUnavailable("the ledger does not answer")

    async with region.works():
        with monkeypatch.context() as cut:
            cut.setattr(region.ledger.epochs, "current", unreachable)
            await asked.wait()
            assert not region.rebound.is_set()
        region.force()
        await region.rebound.wait()


async def test_it_follows_from_epoch_to_epoch(region: Region) -> None:
    async with region.works():
        region.force()
        await region.rebound.wait()
        region.rebound.clear()
        region.force(101, "north")
        await region.rebound.wait()
    assert [(bound.cluster, bound.standing.epoch) for bound in region.made] == [
        ("north", 1),
        ("west", 2),
        ("north", 101),
    ]
    assert all(one.ended.is_set() for bound in region.made for one in working(bound)), "nothing is left behind"


async def test_it_tells_the_ledger_that_it_lives(region: Region) -> None:
    async with region.works():
        region.force()
        await region.rebound.wait()
    [sign] = region.ledger.probes.since("eu-north", 60)
    assert (sign.probe, sign.good) == ("workers", True)
