"""Which clusters are started here, on which ports, as a topology that every part can use as it stands."""

import os

import yaml

from maestro.config.clusters import ClusterConfig
from maestro.config.topology import Topology
from maestro.config.yamlfile import parse
from maestro.errors import BadInput
from workers.clusters.config import HOST, MEMBERSHIP_OFFSET, SERVICES, server_ports
from workers.stack.ports import free_block, in_use

VARIABLE = "MAESTRO_STACK_CLUSTERS"

OFFSETS = tuple(number + offset for offset in (0, MEMBERSHIP_OFFSET) for number in range(len(SERVICES)))
"""The ports of a server, from its cluster's own one on."""


def wants_clusters(topology: Topology, *, asked: bool) -> bool:
    """Whether the stack is one of joined clusters: asked for by option, by variable or by the topology itself."""
    said = os.environ.get(VARIABLE, "")
    if said not in {"", "0", "1"}:
        raise BadInput(f"{said!r} is neither 0 nor 1", field=VARIABLE, fix="set it to 1 for joined clusters, or unset")
    return asked or said == "1" or topology.temporal.clustered


def resolve(topology: Topology, *, pick_free: bool, former: Topology | None = None) -> Topology:
    """The topology with its clusters in use and every address as it will be; ``pick_free`` chooses all local ports.

    Those of ``former`` are taken again where they are free: a server that moved waits half a minute for the addresses
    that its own services had before.

    Raises BadInput where there are no two clusters, one that is started here would not be on loopback, or two parts
    want the same port.
    """
    if len(topology.clusters) < 2:
        raise BadInput(
            "the topology has no two clusters",
            field="clusters",
            fix="name them in it (the shipped temporal-dev.yaml shows how), with a cluster for each region",
        )
    clusters = tuple(_local(cluster) if cluster.started else cluster for cluster in topology.clusters)
    regions = topology.regions
    if pick_free:
        taken: set[int] = {topology.temporal.ui_port}
        before = {cluster.name: cluster for cluster in (former.clusters if former else ())}
        clusters = tuple(
            _moved(cluster, before.get(cluster.name), taken) if cluster.started else cluster for cluster in clusters
        )
        regions = tuple(
            region if region.metrics_port is None else region.model_copy(update={"metrics_port": _next(taken)})
            for region in regions
        )
    home = topology.failover.home or clusters[0].name
    address = next(cluster.address for cluster in clusters if cluster.name == home)
    resolved = topology.model_copy(
        update={
            "clusters": clusters,
            "regions": regions,
            "temporal": topology.temporal.model_copy(update={"clustered": True, "address": address}),
        }
    )
    # Read again, since a clustered topology has to keep more rules.
    resolved = parse(as_yaml(resolved), Topology, source="the topology with its clusters")
    _require_apart(resolved)
    return resolved


def started(topology: Topology) -> tuple[ClusterConfig, ...]:
    """The clusters whose servers are started here."""
    return tuple(cluster for cluster in topology.clusters if cluster.started)


def wanted_ports(topology: Topology) -> list[tuple[int, str]]:
    """Every port that the servers take, each with the setting to change."""
    return [
        (port, f"clusters.{cluster.name}.{'metrics_address' if use == 'metrics' else 'address'} ({use})")
        for cluster in started(topology)
        for use, port in server_ports(cluster).items()
    ]


def as_yaml(topology: Topology) -> str:
    """The topology as a file that reads back the same."""
    return str(yaml.safe_dump(topology.model_dump(mode="json"), sort_keys=False, allow_unicode=True))


def _local(cluster: ClusterConfig) -> ClusterConfig:
    addresses = {"address": cluster.address}
    if cluster.metrics_address is not None:
        addresses["metrics_address"] = cluster.metrics_address
    for setting, address in addresses.items():
        host, _, port = address.rpartition(":")
        if host not in {HOST, "localhost"}:
            raise BadInput(
                f"{host} is not {HOST}, and a server that is started here asks nobody who they are",
                field=f"clusters.{cluster.name}.{setting}",
                fix=f"use {HOST}, or say `started: false` of a cluster that runs elsewhere",
            )
        addresses[setting] = f"{HOST}:{port}"
    if cluster.tls:
        raise BadInput(
            "a server that is started here speaks without TLS",
            field=f"clusters.{cluster.name}.tls",
            fix="remove the setting, or say `started: false`",
        )
    return cluster.model_copy(update=addresses)


def _moved(cluster: ClusterConfig, before: ClusterConfig | None, taken: set[int]) -> ClusterConfig:
    if before is not None and before.started and _is_free(before):
        moved = cluster.model_copy(update={"address": before.address, "metrics_address": before.metrics_address})
    else:
        first = free_block(OFFSETS, taken)
        metrics = free_block((0,), taken | {first + offset for offset in OFFSETS})
        moved = cluster.model_copy(update={"address": f"{HOST}:{first}", "metrics_address": f"{HOST}:{metrics}"})
    taken.update(server_ports(moved).values())
    return moved


def _is_free(cluster: ClusterConfig) -> bool:
    return not any(in_use(HOST, port) for port in server_ports(cluster).values())


def _next(taken: set[int]) -> int:
    port = free_block((0,), taken)
    taken.add(port)
    return port


def _require_apart(topology: Topology) -> None:
    users: dict[int, str] = {}
    metrics = [
        (region.metrics_port, f"regions.{region.id}.metrics_port")
        for region in topology.regions
        if region.metrics_port is not None
    ]
    for port, setting in wanted_ports(topology) + metrics:
        if port in users:
            raise BadInput(
                f"port {port} is wanted by {users[port]} too",
                field=setting,
                fix=f"move one of them: a cluster takes the ports from its own to +{len(SERVICES) - 1}, and the same "
                f"from +{MEMBERSHIP_OFFSET}",
            )
        users[port] = setting
