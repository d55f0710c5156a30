"""Which cluster the workers of a process take work from: the one that the ledger's epoch names, and no other.

When the epoch moves, what runs goes on and reports to the new cluster, new workers poll there under the new epoch, and
the old ones take nothing more: a task that an old poll still brings is refused by its standing.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import structlog
from temporalio.client import Client
from temporalio.runtime import Runtime
from temporalio.worker import Worker

from activities.services import Reach
from maestro.config.topology import Topology
from maestro.errors import PlatformUnavailable
from maestro.ledger import Ledger
from maestro.ledger.probes import ProbeFinding
from maestro.model.region import Epoch, Standing
from maestro.regions.probes import Probe
from workers.clusters.clients import connect_cluster, serves
from workers.connection import connect
from workers.slots import RetirableSlots

WATCH_SECONDS = 0.5
"""How often the ledger's epoch is read: one row by its key."""

CONNECT_SECONDS = 5.0


@dataclass(frozen=True)
class Bound:
    """The workers of one epoch: those that orchestrate, and those that run activities, with their slots."""

    standing: Standing
    cluster: str
    orchestrators: tuple[Worker, ...]
    workers: tuple[Worker, ...]
    slots: tuple[RetirableSlots, ...]


Make = Callable[[Client, Standing, str], Bound]
"""Builds the workers for a client, a standing and the name of its cluster (empty for the one server)."""


class Binding:
    """The workers of one region's process, wherever the namespace is active."""

    def __init__(self, topology: Topology, region: str, ledger: Ledger, *, runtime: Runtime, identity: str) -> None:
        self._topology = topology
        self._region = region
        self._ledger = ledger
        self._runtime = runtime
        self._identity = identity
        self._log = structlog.get_logger("workers.binding").bind(region=region)
        self._draining: set[asyncio.Task[None]] = set()
        self._told_at = 0.0

    async def reach(self) -> tuple[Client, Standing, str]:
        """Connect to the cluster of the ledger's epoch, waiting for it to answer; or to the one server."""
        if not self._topology.active_clusters():
            client = await connect(self._topology, runtime=self._runtime, identity=self._identity)
            return client, Standing(region=self._region), ""
        while True:
            epoch = await self._epoch()
            reached = None if epoch is None else await self._connect(epoch.cluster)
            if epoch is not None and reached is not None:
                return reached, self._standing(epoch), epoch.cluster
            await asyncio.sleep(WATCH_SECONDS)

    async def run(
        self, bound: Bound, make: Make, reach: Reach, *, stop: asyncio.Event, ready: Callable[[], Awaitable[None]]
    ) -> None:
        """Run the workers of ``bound`` and of each later epoch until ``stop`` is set. ``ready``: they poll."""
        async with AsyncExitStack() as stack:
            await _enter(stack, bound)
            await ready()
            stopping = asyncio.create_task(stop.wait())
            while not stopping.done():
                await asyncio.wait({stopping}, timeout=WATCH_SECONDS)
                if stopping.done() or bound.standing.epoch is None:
                    continue
                await self._live()
                epoch = await self._epoch()
                if epoch is None or epoch.version == bound.standing.epoch or epoch.leaving is not None:
                    # A planned handover is followed when it is settled: until then the old cluster forwards.
                    continue
                bound = await self._rebound(epoch, bound, make, reach, stack)
        for task in self._draining:
            task.cancel()
        if self._draining:
            await asyncio.wait(self._draining)

    async def _live(self) -> None:
        """Tell the ledger that this worker lives. Not through Temporal: of the standby nobody could ask there."""
        now = asyncio.get_running_loop().time()
        if now < self._told_at + self._topology.failover.slo.cadence.workers:
            return
        self._told_at = now
        sign = ProbeFinding(region=self._region, probe=Probe.WORKERS.value, prober=self._region, good=True)
        try:
            await asyncio.to_thread(self._ledger.probes.add, sign)
        except PlatformUnavailable as error:
            self._log.warning("ledger_unreachable", detail=error.message)

    async def _rebound(self, epoch: Epoch, old: Bound, make: Make, reach: Reach, stack: AsyncExitStack) -> Bound:
        # Two connections: a worker is registered with its client, and one queue takes one worker of a client.
        fresh, drain = await self._connect(epoch.cluster), await self._connect(epoch.cluster)
        if fresh is None or drain is None or not await serves(fresh, self._topology.temporal.task_queue):
            return old
        self._log.info("rebinding", cluster=epoch.cluster, epoch=epoch.version, left=old.cluster)
        reach.client, reach.standing = fresh, self._standing(epoch)
        for worker in (*old.orchestrators, *old.workers):
            worker.client = drain
        for slots in old.slots:
            await slots.retire()
        bound = make(fresh, self._standing(epoch), epoch.cluster)
        await _enter(stack, bound)
        task = asyncio.create_task(_drained(old))
        self._draining.add(task)
        task.add_done_callback(self._draining.discard)
        self._log.info("rebound", cluster=epoch.cluster, epoch=epoch.version)
        return bound

    async def _epoch(self) -> Epoch | None:
        """The ledger's epoch, or None while it cannot be read: then the workers stay as they are, and their effects
        are refused for as long.
        """
        try:
            return await asyncio.to_thread(self._ledger.epochs.current, self._topology.temporal.namespace)
        except PlatformUnavailable as error:
            self._log.warning("ledger_unreachable", detail=error.message)
            return None

    async def _connect(self, cluster: str) -> Client | None:
        try:
            return await asyncio.wait_for(
                connect_cluster(self._topology, cluster, runtime=self._runtime, identity=self._identity),
                CONNECT_SECONDS,
            )
        except (PlatformUnavailable, TimeoutError) as error:
            self._log.warning("cluster_unreachable", cluster=cluster, detail=str(error))
            return None

    def _standing(self, epoch: Epoch) -> Standing:
        return Standing(region=self._region, epoch=epoch.version, namespace=epoch.namespace)


async def _enter(stack: AsyncExitStack, bound: Bound) -> None:
    for worker in (*bound.orchestrators, *bound.workers):
        await stack.enter_async_context(worker)


async def _drained(bound: Bound) -> None:
    """Shut the old workers down: who orchestrates at once, since its work is moments long and goes on anywhere; who
    runs activities once nothing runs any more.
    """
    await asyncio.gather(*(worker.shutdown() for worker in bound.orchestrators))
    for slots in bound.slots:
        await slots.idle()
    await asyncio.gather(*(worker.shutdown() for worker in bound.workers))
