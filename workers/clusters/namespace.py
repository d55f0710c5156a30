"""The global namespace as one cluster sees it, and its creation."""

from datetime import timedelta

from temporalio.api.replication.v1 import ClusterReplicationConfig
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from maestro.model.base import Model


class SeenNamespace(Model):
    """What a cluster says of the namespace. ``failover_version`` names the epoch in which ``active_cluster`` acts."""

    active_cluster: str
    failover_version: int
    clusters: tuple[str, ...]
    is_global: bool
    retention_seconds: float


async def see(client: Client) -> SeenNamespace | None:
    """The client's namespace as its own cluster knows it, or None where it does not (yet)."""
    try:
        told = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    return SeenNamespace(
        active_cluster=told.replication_config.active_cluster_name,
        failover_version=told.failover_version,
        clusters=tuple(sorted(cluster.cluster_name for cluster in told.replication_config.clusters)),
        is_global=told.is_global_namespace,
        retention_seconds=told.config.workflow_execution_retention_ttl.ToTimedelta().total_seconds(),
    )


async def create(client: Client, *, active: str, clusters: tuple[str, ...], retention: timedelta) -> None:
    """Create the client's namespace, spread over ``clusters``; one that somebody else created meanwhile is kept."""
    request = RegisterNamespaceRequest(
        namespace=client.namespace,
        is_global_namespace=True,
        active_cluster_name=active,
        clusters=[ClusterReplicationConfig(cluster_name=name) for name in clusters],
        description="Maestro Conductor",
    )
    request.workflow_execution_retention_period.FromTimedelta(retention)
    try:
        await client.workflow_service.register_namespace(request)
    except RPCError as error:
        if error.status is not RPCStatusCode.ALREADY_EXISTS:
            raise
