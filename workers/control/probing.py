"""Probes every region, each kind at its own pace, and writes what was found to the ledger.

Frontends and canaries are looked at from every controller, so that one that is cut off can be told from a region that
is gone. How the ledger answers only the region itself can say; how its tasks wait stands in the ledger for everybody.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import httpx
import structlog

from activities.health import LATENCY_WINDOW_SECONDS, START_LATENCY
from maestro.config.slo import Cadence
from maestro.errors import PlatformUnavailable
from maestro.ledger import Ledger
from maestro.ledger.probes import ProbeFinding
from maestro.regions.failover import Replication
from maestro.regions.probes import Measurement, Probe, classify
from workers.clusters.namespace import SeenNamespace
from workers.control.canary import Canary
from workers.control.clusters import Clusters
from workers.control.replication import Scrape, lag, scrape

Kind = Callable[[], Awaitable[list[Measurement]]]


class Prober:
    """All probes of one controller. ``seen`` and ``replication`` have what the decision needs beside the states."""

    def __init__(self, clusters: Clusters, ledger: Ledger, *, name: str, stack: AsyncExitStack) -> None:
        self._clusters = clusters
        self._topology = clusters.topology
        self._ledger = ledger
        self._name = name
        self._log = structlog.get_logger("workers.control").bind(prober=name)
        self._canaries = {one: Canary(clusters, one, prober=name, stack=stack) for one in clusters.names}
        # Made once: a client reads the system's certificates, which costs more than a scrape.
        self._http = httpx.AsyncClient(trust_env=False)
        self._scrapes: dict[str, Scrape] = {}
        self.seen: dict[str, SeenNamespace | None] = {}
        self.replication: dict[str, Replication] = {}

    async def run(self) -> None:
        """Probe for ever. One kind that takes long does not keep the others from their turn."""
        cadence = self._topology.failover.slo.cadence
        kinds: dict[Probe, Kind] = {
            Probe.FRONTEND: self._frontends,
            Probe.LEDGER: self._own_ledger,
            Probe.CANARY: self._canary,
            Probe.START_LATENCY: self._start_latency,
            Probe.REPLICATION: self._lag,
        }
        async with asyncio.TaskGroup() as group:
            for probe, measure in kinds.items():
                group.create_task(self._repeat(measure, _seconds(cadence, probe)))

    async def _repeat(self, measure: Kind, seconds: float) -> None:
        async for _ in _ticks(seconds):
            try:
                await self._store(await measure())
            except PlatformUnavailable as error:
                # Nothing is known of this moment, which is what the windows then say of it.
                self._log.warning("probe_not_recorded", detail=error.message)

    async def _store(self, measured: list[Measurement]) -> None:
        health, failover = self._topology.health, self._topology.failover
        results = [classify(one, health=health, failover=failover) for one in measured]
        findings = [
            ProbeFinding(
                region=result.region,
                probe=result.probe.value,
                prober=result.prober,
                good=result.good,
                value=result.value,
                detail=result.detail,
            )
            for result in results
        ]
        await asyncio.to_thread(self._ledger.probes.add, *findings)

    async def _frontends(self) -> list[Measurement]:
        found = await asyncio.gather(*(self._frontend(cluster) for cluster in self._clusters.names))
        return [measurement for each in found for measurement in each]

    async def _frontend(self, cluster: str) -> list[Measurement]:
        begun = time.monotonic()
        timeout = self._topology.failover.probe_timeout_seconds
        seen = await self._clusters.seen(cluster, timeout_seconds=timeout)
        self.seen[cluster] = seen
        problem = "" if seen else f"its frontend did not answer {self._name} within {timeout:g} s"
        return self._of_cluster(cluster, Probe.FRONTEND, time.monotonic() - begun if seen else None, problem)

    async def _canary(self) -> list[Measurement]:
        timeout = self._topology.failover.canary_seconds
        sung = await asyncio.gather(*(canary.sing(timeout_seconds=timeout) for canary in self._canaries.values()))
        found = ((name, answer) for name, answer in zip(self._canaries, sung, strict=True) if answer is not None)
        return [one for name, (took, why) in found for one in self._of_cluster(name, Probe.CANARY, took, why)]

    async def _own_ledger(self) -> list[Measurement]:
        begun = time.monotonic()
        await asyncio.to_thread(self._ledger.now)
        return [self._measured(self._name, Probe.LEDGER, time.monotonic() - begun)]

    async def _start_latency(self) -> list[Measurement]:
        return [
            self._measured(
                region.id,
                Probe.START_LATENCY,
                await asyncio.to_thread(
                    self._ledger.samples.p95, region.id, START_LATENCY, window_seconds=LATENCY_WINDOW_SECONDS
                ),
            )
            for region in self._topology.regions
        ]

    async def _lag(self) -> list[Measurement]:
        found = await asyncio.gather(*(self._lag_of(cluster) for cluster in self._clusters.names))
        return [measurement for each in found for measurement in each]

    async def _lag_of(self, cluster: str) -> list[Measurement]:
        address = self._topology.cluster(cluster).metrics_address
        if address is None:
            return []
        try:
            now = await scrape(self._http, address)
        except httpx.HTTPError as error:
            self.replication.pop(cluster, None)
            return self._of_cluster(cluster, Probe.REPLICATION, None, f"its metrics cannot be read: {error!r}")
        before = self._scrapes.get(cluster, now)
        self._scrapes[cluster] = now
        between = lag(before, now)
        self.replication[cluster] = Replication(
            to_cluster=cluster, stuck=between.stuck, backlog_tasks=between.tasks, lag_seconds=between.seconds
        )
        why = "its replication stream reports errors" if between.stuck else ""
        return self._of_cluster(cluster, Probe.REPLICATION, between.seconds, why, tasks=between.tasks)

    def _of_cluster(
        self, cluster: str, probe: Probe, seconds: float | None, problem: str, *, tasks: int | None = None
    ) -> list[Measurement]:
        """The same for every region of a cluster: they live and die with its frontend."""
        regions = self._topology.regions_of(cluster)
        return [self._measured(region, probe, seconds, problem=problem, tasks=tasks) for region in regions]

    def _measured(
        self, region: str, probe: Probe, seconds: float | None, *, problem: str = "", tasks: int | None = None
    ) -> Measurement:
        # The ledger dates it when it is stored.
        return Measurement(
            region=region, probe=probe, prober=self._name, seconds=seconds, problem=problem, tasks=tasks, at=0.0
        )


def _seconds(cadence: Cadence, probe: Probe) -> float:
    return float(getattr(cadence, probe.value))


async def _ticks(seconds: float) -> AsyncIterator[None]:
    """A tick every ``seconds``, the next one later where one took longer."""
    while True:
        begun = time.monotonic()
        yield None
        await asyncio.sleep(max(0.0, seconds - (time.monotonic() - begun)))
