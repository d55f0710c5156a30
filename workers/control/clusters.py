"""The clusters as a controller reaches them: each by a client of its own that is made when it answers."""

import asyncio
from datetime import timedelta

import structlog
from temporalio.api.replication.v1 import NamespaceReplicationConfig
from temporalio.api.workflowservice.v1 import UpdateNamespaceRequest
from temporalio.client import Client
from temporalio.runtime import Runtime
from temporalio.service import RPCError

from maestro.config.topology import Topology
from maestro.errors import PlatformUnavailable
from workers.clusters.clients import connect_cluster
from workers.clusters.namespace import SeenNamespace, see

CONNECT_SECONDS = 3.0
FLIP_TIMEOUT = timedelta(seconds=5)


class Clusters:
    """Clients by cluster. One that cannot be reached now is tried again at the next call."""

    def __init__(self, topology: Topology, *, runtime: Runtime, identity: str) -> None:
        self.topology = topology
        self.runtime = runtime
        self._identity = identity
        self._clients: dict[str, Client] = {}
        self._log = structlog.get_logger("workers.control")

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(cluster.name for cluster in self.topology.clusters)

    async def client(self, name: str) -> Client:
        """The client. Raises PlatformUnavailable where the cluster does not answer within a few seconds."""
        if name not in self._clients:
            connecting = connect_cluster(self.topology, name, runtime=self.runtime, identity=self._identity)
            try:
                self._clients[name] = await asyncio.wait_for(connecting, CONNECT_SECONDS)
            except TimeoutError:
                raise PlatformUnavailable(f"{name} does not answer within {CONNECT_SECONDS:.0f} s") from None
        return self._clients[name]

    async def seen(self, name: str, *, timeout_seconds: float) -> SeenNamespace | None:
        """The namespace as this cluster itself knows it; None where it does not answer in time."""
        try:
            return await asyncio.wait_for(self._see(name), timeout_seconds)
        except (TimeoutError, RPCError, PlatformUnavailable):
            return None

    async def make_active(self, name: str, *, by: str) -> bool:
        """Ask ``by`` to make ``name`` the active cluster, at once. False where that was refused or not answered."""
        request = UpdateNamespaceRequest(
            namespace=self.topology.temporal.namespace,
            replication_config=NamespaceReplicationConfig(active_cluster_name=name),
        )
        try:
            client = await self.client(by)
            await client.workflow_service.update_namespace(request, timeout=FLIP_TIMEOUT)
        except (RPCError, PlatformUnavailable) as error:
            self._log.warning("flip_refused", cluster=by, detail=str(error))
            return False
        return True

    async def _see(self, name: str) -> SeenNamespace | None:
        return await see(await self.client(name))
