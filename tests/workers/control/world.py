"""Two clusters that exist only as what they say of the namespace, for controllers that are held to a real ledger."""

import asyncio
from types import SimpleNamespace
from typing import Any

from temporalio.service import RPCError, RPCStatusCode

from maestro.config.topology import Topology, load_topology
from maestro.errors import PlatformUnavailable
from maestro.regions.failover import next_version
from tests.clusters.conftest import TOPOLOGY
from workers.clusters.namespace import SeenNamespace


class World:
    """The clusters as a controller reaches them. ``silent`` ones answer nothing; ``asked`` has every flip asked for,
    ``busy`` is set with the first of them or with a handover."""

    def __init__(self) -> None:
        self.topology: Topology = load_topology(TOPOLOGY)
        self.runtime = None
        self.silent: set[str] = set()
        self.refusing: set[str] = set()
        self.asked: list[tuple[str, str]] = []
        self.handovers: list[str] = []
        self.busy = asyncio.Event()
        self.active, self.version = "north", 1

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(cluster.name for cluster in self.topology.clusters)

    def move(self, to: str) -> None:
        """What Temporal does to the namespace."""
        initial = self.topology.cluster(to).initial_failover_version
        self.active, self.version = to, next_version(self.version, initial=initial, increment=100)

    def says(self) -> SeenNamespace:
        return SeenNamespace(
            active_cluster=self.active,
            failover_version=self.version,
            clusters=self.names,
            is_global=True,
            retention_seconds=1,
        )

    async def seen(self, name: str, *, timeout_seconds: float) -> SeenNamespace | None:
        return None if name in self.silent else self.says()

    async def make_active(self, name: str, *, by: str) -> bool:
        self.asked.append((name, by))
        self.busy.set()
        if by in self.silent | self.refusing:
            return False
        if self.active != name:
            self.move(name)
        return True

    async def client(self, name: str) -> Any:
        async def describe_task_queue(_request: object, *, timeout: object) -> None:  # noqa: ASYNC109
            if name in self.silent:
                raise RPCError("nobody answers", RPCStatusCode.UNAVAILABLE, b"")

        return SimpleNamespace(
            namespace="maestro", workflow_service=SimpleNamespace(describe_task_queue=describe_task_queue)
        )


class SystemClient:
    """Temporal's own namespace of the cluster that is left: its handover moves the world, or says why not."""

    def __init__(self, world: World, failure: Exception | None = None) -> None:
        self._world = world
        self._failure = failure

    async def start_workflow(self, _name: str, request: dict[str, object], *, id: str, **_more: object) -> Any:  # noqa: A002
        self._world.handovers.append(id)
        self._world.busy.set()
        if self._failure is not None:
            raise self._failure

        async def result() -> None:
            self._world.move(str(request["RemoteCluster"]))

        return SimpleNamespace(result=result)


def unreachable() -> PlatformUnavailable:
    return PlatformUnavailable("north does not answer")
