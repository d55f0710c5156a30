"""What one cluster answers itself, without passing the question on to where the namespace is active."""

from collections.abc import AsyncIterator

from temporalio.api.operatorservice.v1 import ListClustersRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import ListSchedulesRequest
from temporalio.client import Client

from maestro.config.topology import Topology
from workers.clusters.clients import HERE, connect_cluster


async def each_cluster(topology: Topology) -> AsyncIterator[tuple[str, Client]]:
    """Every cluster's name with a client of it."""
    for cluster in topology.clusters:
        yield cluster.name, await connect_cluster(topology, cluster.name)


async def search_attributes(client: Client) -> dict[str, int]:
    """The types of the namespace's own search attributes."""
    request = ListSearchAttributesRequest(namespace=client.namespace)
    return dict((await client.operator_service.list_search_attributes(request)).custom_attributes)


async def schedules(client: Client) -> list[str]:
    """The ids of the schedules in the cluster's own replica."""
    request = ListSchedulesRequest(namespace=client.namespace, maximum_page_size=100)
    listed = await client.workflow_service.list_schedules(request, metadata=HERE)
    return sorted(entry.schedule_id for entry in listed.schedules)


async def peers(client: Client) -> dict[str, str]:
    """Where the cluster reaches the others and itself, by name."""
    listed = await client.operator_service.list_clusters(ListClustersRequest())
    return {cluster.cluster_name: cluster.address for cluster in listed.clusters}
