"""Joins the clusters of a topology: ``python -m workers.clusters.join``. Doing it again changes nothing.

In this order: each frontend answers; each cluster knows the others; the global namespace exists and is known
everywhere; its search attributes, made on one side, are known everywhere; its schedules are there; the ledger has its
first epoch. What ``maestro up --clusters`` does is this, also where every cluster runs elsewhere (``started: false``).
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import TypeVar

import structlog
from temporalio.api.operatorservice.v1 import (
    AddOrUpdateRemoteClusterRequest,
    ClusterMetadata,
    ListClustersRequest,
    ListSearchAttributesRequest,
)
from temporalio.api.workflowservice.v1 import CountWorkflowExecutionsRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from maestro.config.clusters import ClusterConfig
from maestro.config.timings import timings_of
from maestro.config.topology import Topology, load_topology
from maestro.errors import BadInput, MaestroError, PlatformUnavailable
from maestro.home import ledger_url
from maestro.ledger import Ledger
from workers.clusters.clients import HERE, connect_cluster
from workers.clusters.namespace import SeenNamespace, create, see
from workers.exit import Leave
from workers.logging import configure_logging
from workers.schedules import ensure_schedules
from workers.stack.prepare import ensure_retention, ensure_search_attributes

PATIENCE_SECONDS = 90.0
"""How long each step may take: a server that was moved to other ports within twenty seconds needs most of a minute."""

POLL_SECONDS = 0.1

NOT_OURS_TO_DO = frozenset(
    {RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED, RPCStatusCode.UNAUTHENTICATED}
)
"""How a hosted cluster answers what only its operator may do."""

NOT_YET = frozenset(
    {
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.INTERNAL,
        RPCStatusCode.RESOURCE_EXHAUSTED,
        RPCStatusCode.NOT_FOUND,
    }
)
"""How a cluster answers while its services still find each other, and hear of a namespace within two seconds."""

AnswerT = TypeVar("AnswerT")
Clients = Mapping[str, Client]


async def join(topology: Topology, ledger: Ledger) -> SeenNamespace:
    """Make the clusters one, and say how the namespace stands.

    Raises BadInput where a namespace or search attribute of that name exists and is another one, PlatformUnavailable
    where a cluster does not answer or does not learn of the others.
    """
    log = structlog.get_logger("workers.clusters.join")
    configs = topology.clusters
    opened = await asyncio.gather(*(_reach(topology, config) for config in configs))
    clients = {config.name: client for config, client in zip(configs, opened, strict=True)}
    log.info("clusters_answer", detail=", ".join(clients))
    await _link(clients, configs)
    log.info("clusters_linked")
    seen = await _ensure_namespace(topology, clients)
    log.info("namespace_global", detail=f"{seen.active_cluster}, version {seen.failover_version}")
    # Once, on one side: each side would choose columns of its own, and the namespace could have only one of the two.
    active = clients[seen.active_cluster]
    await asyncio.gather(_spread_search_attributes(topology, clients, active), _ensure_schedules(topology, active))
    log.info("search_attributes_known")
    epoch = await asyncio.to_thread(
        ledger.epochs.begin, topology.temporal.namespace, seen.failover_version, seen.active_cluster
    )
    log.info("epoch", detail=f"{epoch.cluster}, version {epoch.version}")
    return seen


async def _reach(topology: Topology, config: ClusterConfig) -> Client:
    give_up = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            client = await connect_cluster(topology, config.name)
        except PlatformUnavailable:
            if time.monotonic() > give_up:
                raise
            await asyncio.sleep(POLL_SECONDS)
        else:
            return client


async def _link(clients: Clients, configs: tuple[ClusterConfig, ...]) -> None:
    """Tell each cluster where it reaches each other one."""
    pairs = [(clients[one.name], other) for one in configs for other in configs if one is not other]
    await asyncio.gather(*(_tell_of(client, other) for client, other in pairs))


async def _tell_of(client: Client, other: ClusterConfig) -> None:
    async def told() -> bool:
        listed = await client.operator_service.list_clusters(ListClustersRequest())
        known = {known.cluster_name: known for known in listed.clusters}.get(other.name)
        if known is not None and _is_linked(known, other):
            return True
        request = AddOrUpdateRemoteClusterRequest(
            frontend_address=other.reached_by_peers, enable_remote_cluster_connection=True, enable_replication=True
        )
        await client.operator_service.add_or_update_remote_cluster(request)
        return False

    try:
        await _until(told, what=f"a cluster does not learn of {other.name} at {other.reached_by_peers}", cluster=other)
    except RPCError as error:
        if error.status in NOT_OURS_TO_DO:
            # Its operator joined it; whether that is so, the namespace will show.
            return
        raise PlatformUnavailable(
            f"a cluster refuses to be joined with {other.name}: {error.message}",
            field=f"clusters.{other.name}",
            fix="compare initial_failover_version and failover.version_increment with the clusters' own configuration",
        ) from error


def _is_linked(known: ClusterMetadata, other: ClusterConfig) -> bool:
    return known.address == other.reached_by_peers and known.is_connection_enabled and known.is_replication_enabled


async def _ensure_namespace(topology: Topology, clients: Clients) -> SeenNamespace:
    found = [seen for seen in await asyncio.gather(*map(see, clients.values())) if seen is not None]
    if not found:
        home = topology.home_cluster().name
        await _create(topology, clients[home], tuple(clients))
    seen = await asyncio.gather(*(_knows_namespace(name, client, clients) for name, client in clients.items()))
    newest = max(seen, key=lambda one: one.failover_version)
    retention = timedelta(days=topology.temporal.retention_days)
    ours = any(config.started for config in topology.clusters)
    if ours and newest.retention_seconds != retention.total_seconds():
        await ensure_retention(clients[newest.active_cluster], retention)
    return newest


async def _create(topology: Topology, client: Client, clusters: tuple[str, ...]) -> None:
    async def created() -> bool:
        try:
            await create(
                client,
                active=topology.home_cluster().name,
                clusters=clusters,
                retention=timedelta(days=topology.temporal.retention_days),
            )
        except RPCError as error:
            # The frontend has not yet read of the other cluster, which it was told of.
            if error.status is RPCStatusCode.INVALID_ARGUMENT and "cluster" in error.message.lower():
                return False
            raise
        return True

    await _until(
        created,
        what=f"the namespace {client.namespace} cannot be created over {', '.join(clusters)}",
        cluster=topology.home_cluster(),
    )


async def _knows_namespace(name: str, client: Client, clients: Clients) -> SeenNamespace:
    async def known() -> SeenNamespace | None:
        seen = await see(client)
        if seen is not None:
            # What is stored already may not be known yet to whoever answers calls.
            ask = CountWorkflowExecutionsRequest(namespace=client.namespace)
            await client.workflow_service.count_workflow_executions(ask, metadata=HERE)
        return seen

    seen = await _until(known, what=f"{name} does not hear of the namespace {client.namespace}", cluster=name)
    if not seen.is_global or not set(clients) <= set(seen.clusters):
        over = ", ".join(seen.clusters) or "no cluster"
        raise BadInput(
            f"{name} has a namespace {client.namespace} over {over}, and not over {', '.join(clients)}",
            field="temporal.namespace",
            fix="use another name, or spread it: temporal operator namespace update --promote-global --cluster ...",
        )
    return seen


async def _spread_search_attributes(topology: Topology, clients: Clients, active: Client) -> None:
    async def made() -> bool:
        await ensure_search_attributes(active, topology)
        return True

    try:
        await _until(made, what="the search attributes cannot be made", cluster=topology.home_cluster())
    except RPCError as error:
        if error.status in NOT_OURS_TO_DO:
            return
        raise
    await asyncio.gather(*(_knows_search_attributes(name, client, topology) for name, client in clients.items()))


async def _knows_search_attributes(name: str, client: Client, topology: Topology) -> None:
    request = ListSearchAttributesRequest(namespace=client.namespace)

    async def known() -> bool:
        listed = await client.operator_service.list_search_attributes(request)
        return set(topology.search_attributes) <= set(listed.custom_attributes)

    await _until(known, what=f"{name} does not hear of the search attributes", cluster=name)


async def _ensure_schedules(topology: Topology, active: Client) -> None:
    async def ensured() -> bool:
        await ensure_schedules(active, topology, timings_of(topology))
        return True

    await _until(ensured, what="the schedules cannot be made", cluster=topology.home_cluster())


async def _until(ask: Callable[[], Awaitable[AnswerT | None]], *, what: str, cluster: ClusterConfig | str) -> AnswerT:
    """The first answer that is neither None nor False. A cluster that is still starting is asked again."""
    name = cluster if isinstance(cluster, str) else cluster.name
    give_up = time.monotonic() + PATIENCE_SECONDS
    last = ""
    while time.monotonic() < give_up:
        try:
            answer = await ask()
        except RPCError as error:
            if error.status not in NOT_YET:
                raise
            last = f": {error.message}"
        else:
            if answer:
                return answer
        await asyncio.sleep(POLL_SECONDS)
    raise PlatformUnavailable(
        f"{what}{last}",
        field=f"clusters.{name}",
        fix="read the clusters' logs, and check that each reaches the other at its address (peer_address)",
    )


async def main() -> int:
    try:
        topology = load_topology()
        if len(topology.clusters) < 2:
            raise BadInput("there are no clusters to join", field="clusters", fix="name two of them in the topology")
        with Ledger.open(ledger_url()) as ledger:
            await join(topology, ledger)
    except MaestroError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except RPCError as error:
        refused = PlatformUnavailable(f"a cluster refuses: {error.message}", field="clusters", fix="read its log")
        sys.stderr.write(f"{refused}\n")
        return refused.exit_code
    return 0


if __name__ == "__main__":
    leave = Leave()
    configure_logging()
    leave(asyncio.run(main()))
