"""What a Temporal server of ours is told."""

from pathlib import Path

import yaml

from maestro.config.clusters import ClusterConfig, Persistence
from workers.clusters.config import ServerPlan, server_config, server_ports

NORTH = ClusterConfig(
    name="north", address="127.0.0.1:7333", initial_failover_version=1, metrics_address="127.0.0.1:8033"
)


def plan(folder: Path, *, persistence: Persistence | None = None) -> ServerPlan:
    return ServerPlan(cluster=NORTH, folder=folder, persistence=persistence or Persistence(), version_increment=100)


def test_every_port_is_explicit_and_on_loopback() -> None:
    config = server_config(plan(Path("/state/north")))
    taken = [
        rpc[kind]
        for service in config["services"].values()
        for rpc in service.values()
        for kind in rpc
        if "Port" in kind
    ]
    assert sorted([*taken, 8033]) == sorted(server_ports(NORTH).values())
    assert all(service["rpc"]["bindOnLocalHost"] for service in config["services"].values())
    assert config["global"]["membership"]["broadcastAddress"] == "127.0.0.1"
    assert config["global"]["metrics"]["prometheus"]["listenAddress"] == "127.0.0.1:8033"


def test_a_cluster_names_itself_and_can_take_the_namespace_over() -> None:
    metadata = server_config(plan(Path("/state/north")))["clusterMetadata"]
    assert metadata["enableGlobalNamespace"]
    assert metadata["masterClusterName"] == metadata["currentClusterName"] == "north"
    assert metadata["failoverVersionIncrement"] == 100
    assert metadata["clusterInformation"]["north"]["initialFailoverVersion"] == 1


def test_what_a_server_acknowledged_outlives_the_machine() -> None:
    for store in server_config(plan(Path("/state/north")))["persistence"]["datastores"].values():
        assert store["sql"]["connectAttributes"]["synchronous"] == "2"
        assert store["sql"]["connectAttributes"]["journal_mode"] == "wal"


def test_a_folder_with_signs_that_mean_something_in_a_uri_keeps_its_files() -> None:
    stores = server_config(plan(Path("/state/50%?#")))["persistence"]["datastores"]
    assert stores["main"]["sql"]["databaseName"] == "/state/50%25%3F%23/main.sqlite"


def test_in_postgresql_each_cluster_has_two_databases_of_its_own() -> None:
    persistence = Persistence(kind="postgresql", url="postgresql://mae%40stro:p%2Fw@db:6432")
    stores = server_config(plan(Path("/state/north"), persistence=persistence))["persistence"]["datastores"]
    main, visibility = stores["main"]["sql"], stores["visibility"]["sql"]
    assert (main["databaseName"], visibility["databaseName"]) == ("temporal_north_main", "temporal_north_visibility")
    assert (main["connectAddr"], main["user"], main["password"]) == ("db:6432", "mae@stro", "p/w")


def test_the_files_are_the_users_own_and_say_what_was_planned(tmp_path: Path) -> None:
    written = plan(tmp_path / "clusters" / "north")
    written.write()
    assert yaml.safe_load(written.config_file.read_text()) == server_config(written)
    assert written.config_file.stat().st_mode & 0o077 == 0
    dynamic = yaml.safe_load(written.dynamic_file.read_text())
    assert dynamic["matching.longPollExpirationInterval"] == [{"value": "5s"}]
    assert "system.forceNamespaceSelectedAPIAutoForwarding" not in dynamic
