"""What a Temporal server of ours is told: its configuration and its dynamic configuration, as plain data and as files.

Every port is explicit and on loopback. Four history shards are plenty for one machine, and their number can never be
changed for a cluster that has state.
"""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml

from maestro.config.clusters import ClusterConfig, Persistence
from maestro.model.base import Model
from workers.clusters.postgresql import datastore

SERVICES = ("frontend", "history", "matching", "worker")

MEMBERSHIP_OFFSET = 100
"""Services find each other at the port of their calls plus this."""

HOST = "127.0.0.1"

HISTORY_SHARDS = 4

CACHED_WORKFLOWS = 4_000
"""Workflows that a server keeps in memory; its own default of 128,000 is meant for a machine of its own."""

CACHED_EVENTS_BYTES = 16_000_000


class ServerPlan(Model):
    """A server to be: its cluster with a loopback address, the folder of its state, and what all clusters share."""

    cluster: ClusterConfig
    folder: Path
    persistence: Persistence
    version_increment: int

    @property
    def config_file(self) -> Path:
        return self.folder / "server.yaml"

    @property
    def dynamic_file(self) -> Path:
        return self.folder / "dynamic.yaml"

    def command(self, binary: Path) -> tuple[str, ...]:
        """How the server is started; whoever reaches its port is believed, which is why that is loopback's."""
        return (str(binary), "--config-file", str(self.config_file), "--allow-no-auth", "start")

    def write(self) -> None:
        """Create the folder and write both files anew."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path, content in ((self.config_file, server_config(self)), (self.dynamic_file, dynamic_config())):
            # A password may stand in it.
            path.touch(mode=0o600)
            path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def server_ports(cluster: ClusterConfig) -> dict[str, int]:
    """Every port that the cluster's server takes, by what it is for; the frontend's is the cluster's own."""
    ports = {service: cluster.port + number for number, service in enumerate(SERVICES)}
    ports |= {f"{service} membership": port + MEMBERSHIP_OFFSET for service, port in ports.items()}
    if cluster.metrics_address is not None:
        ports["metrics"] = int(cluster.metrics_address.rpartition(":")[2])
    return ports


def server_config(plan: ServerPlan) -> dict[str, Any]:
    """The server's static configuration."""
    cluster = plan.cluster
    ports = server_ports(cluster)
    shared: dict[str, Any] = {"membership": {"maxJoinDuration": "30s", "broadcastAddress": HOST}}
    if "metrics" in ports:
        address = f"{HOST}:{ports['metrics']}"
        shared["metrics"] = {
            "prometheus": {"framework": "opentelemetry", "timerType": "histogram", "listenAddress": address}
        }
    itself = {
        "enabled": True,
        "initialFailoverVersion": cluster.initial_failover_version,
        "rpcName": "frontend",
        "rpcAddress": f"{HOST}:{cluster.port}",
    }
    return {
        "log": {"stdout": True, "level": "warn"},
        "persistence": {
            "defaultStore": "main",
            "visibilityStore": "visibility",
            "numHistoryShards": HISTORY_SHARDS,
            "datastores": {store: {"sql": _datastore(plan, store)} for store in ("main", "visibility")},
        },
        "global": shared,
        "services": {service: {"rpc": _listening(ports, service)} for service in SERVICES},
        "clusterMetadata": {
            "enableGlobalNamespace": True,
            "failoverVersionIncrement": plan.version_increment,
            # Each names itself: only a master registers global namespaces, and each must be able to.
            "masterClusterName": cluster.name,
            "currentClusterName": cluster.name,
            "clusterInformation": {cluster.name: itself},
        },
        # Clients may ask either cluster for anything, also for the completion of what was begun before a failover.
        "dcRedirectionPolicy": {"policy": "all-apis-forwarding"},
        "dynamicConfigClient": {"filepath": str(plan.dynamic_file), "pollInterval": "10s"},
    }


def dynamic_config() -> dict[str, list[dict[str, Any]]]:
    """The settings that differ from the server's defaults. Forwarding of polls is not forced to the other side: our
    workers poll the active cluster themselves.
    """
    settings: dict[str, Any] = {
        # A new link and a changed peer address take this long to be seen; the default is a minute.
        "system.clusterMetadataRefreshInterval": "1s",
        "history.EnableReplicationTaskTieredProcessing": True,
        # A poll that began while the cluster was passive gets no work after a failover until it ends.
        "matching.longPollExpirationInterval": "5s",
        "matching.enableFairness": True,
        "history.hostLevelCacheMaxSize": CACHED_WORKFLOWS,
        "history.enableHostLevelEventsCache": True,
        "history.eventsHostLevelCacheMaxSizeBytes": CACHED_EVENTS_BYTES,
    }
    # The default of 20 polls per second makes every workflow task wait 50 ms.
    for queue in ("transfer", "timer", "visibility"):
        settings[f"history.{queue}ProcessorMaxPollRPS"] = 2_000
    return {name: [{"value": value}] for name, value in settings.items()}


def _listening(ports: dict[str, int], service: str) -> dict[str, Any]:
    return {"grpcPort": ports[service], "membershipPort": ports[f"{service} membership"], "bindOnLocalHost": True}


def _datastore(plan: ServerPlan, store: str) -> dict[str, Any]:
    if plan.persistence.kind == "postgresql":
        return datastore(plan.persistence, plan.cluster.name, store)
    return {
        "pluginName": "sqlite",
        # The server puts it into a URI as it stands.
        "databaseName": quote(str(plan.folder / f"{store}.sqlite")),
        "connectAddr": "localhost",
        "connectProtocol": "tcp",
        # synchronous 2 (FULL): what was acknowledged outlives the machine, or a failover could not rely on it.
        "connectAttributes": {"mode": "rwc", "setup": "true", "journal_mode": "wal", "synchronous": "2"},
        "maxConns": 1,
        "maxIdleConns": 1,
    }
