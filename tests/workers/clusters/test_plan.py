"""Which ports the clusters take, and the topology that every part of their stack reads."""

import socket
from pathlib import Path

import psutil
import pytest

from maestro.config.topology import Topology, load_topology
from maestro.errors import BadInput
from tests.localstack import LocalStack
from tests.workers.clusters.planned import TEXT, topology
from workers.clusters.config import server_ports
from workers.clusters.plan import as_yaml, resolve, wants_clusters
from workers.stack.plan import part_environment, plan_stack, region_environment


def ports_of(resolved: Topology) -> list[int]:
    return [port for cluster in resolved.clusters for port in server_ports(cluster).values()]


def test_the_resolved_topology_is_one_of_clusters_and_reads_back_the_same(tmp_path: Path) -> None:
    resolved = resolve(topology(), pick_free=False)
    assert [cluster.address for cluster in resolved.active_clusters()] == ["127.0.0.1:7333", "127.0.0.1:7533"]
    assert resolved.temporal.address == "127.0.0.1:7333"
    path = tmp_path / "topology.yaml"
    path.write_text(as_yaml(resolved))
    assert load_topology(path) == resolved


def test_the_address_for_everybody_is_the_home_clusters() -> None:
    resolved = resolve(topology(TEXT + "failover: {home: west}\n"), pick_free=False)
    assert resolved.temporal.address == "127.0.0.1:7533"


def test_free_ports_are_chosen_for_every_server_and_none_twice() -> None:
    resolved = resolve(topology(), pick_free=True)
    ports = ports_of(resolved)
    assert len(ports) == len(set(ports)) == 18
    assert all(cluster.metrics_address for cluster in resolved.clusters)


def test_a_stack_that_starts_again_takes_the_ports_that_it_had() -> None:
    former = resolve(topology(), pick_free=True)
    assert resolve(topology(), pick_free=True, former=former).clusters == former.clusters
    with socket.create_server(("127.0.0.1", former.clusters[0].port + 1)):
        again = resolve(topology(), pick_free=True, former=former)
    assert again.clusters[0] != former.clusters[0]
    assert again.clusters[1] == former.clusters[1]


def test_a_cluster_that_runs_elsewhere_keeps_its_address() -> None:
    text = TEXT.replace('"127.0.0.1:7533", initial', '"west.example:7233", started: false, tls: true, initial')
    resolved = resolve(topology(text), pick_free=True)
    assert resolved.cluster("west").address == "west.example:7233"
    assert len({cluster.port for cluster in resolved.clusters}) == 2


def test_the_way_between_clusters_can_lead_through_something_else() -> None:
    text = TEXT.replace("initial_failover_version: 2", 'initial_failover_version: 2, peer_address: "127.0.0.1:9533"')
    assert resolve(topology(text), pick_free=True).cluster("west").reached_by_peers == "127.0.0.1:9533"


@pytest.mark.parametrize(
    ("text", "field", "words"),
    [
        pytest.param(TEXT.partition("clusters:")[0].replace(", cluster: north", "").replace(", cluster: west", ""),
                     "clusters", "no two clusters", id="there are no clusters"),
        pytest.param(TEXT.replace("7533", "7335"), "clusters.west.address", "clusters.north.address (matching)",
                     id="one cluster begins within the ports of the other"),
        pytest.param(TEXT.replace("127.0.0.1:7533", "10.0.0.7:7533"), "clusters.west.address", "10.0.0.7",
                     id="a server would listen beyond loopback"),
        pytest.param(TEXT.replace("127.0.0.1:8033", "0.0.0.0:8033"), "clusters.north.metrics_address", "0.0.0.0",
                     id="metrics would be shown beyond loopback"),
        pytest.param(TEXT + "run: {heartbeat_timeout_seconds: 5}\n", "clusters", "heartbeat_timeout_seconds",
                     id="a handover would run work again"),
    ],
)  # fmt: skip
def test_what_cannot_be_started_is_refused_with_the_setting(text: str, field: str, words: str) -> None:
    with pytest.raises(BadInput) as caught:
        resolve(topology(text), pick_free=False)
    assert field in caught.value.field
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("asked", "said", "text", "wanted"),
    [
        pytest.param(False, "", TEXT, False, id="clusters in the file alone are not used"),
        pytest.param(True, "", TEXT, True, id="the option"),
        pytest.param(False, "1", TEXT, True, id="the variable"),
        pytest.param(False, "", "temporal: {clustered: true}" + TEXT, True, id="a clustered topology"),
    ],
)
def test_clusters_are_started_where_somebody_asks_for_them(
    asked: bool, said: str, text: str, wanted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAESTRO_STACK_CLUSTERS", said)
    assert wants_clusters(topology(text), asked=asked) is wanted


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A topology file that this environment names, with a home of its own."""
    path = tmp_path / "mine.yaml"
    path.write_text(TEXT)
    monkeypatch.setenv("MAESTRO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MAESTRO_TOPOLOGY", str(path))
    monkeypatch.delenv("MAESTRO_TEMPORAL_PORT", raising=False)
    return path


def test_parts_of_clusters_know_them_by_the_topology_and_by_nothing_else(written: Path) -> None:
    plan = plan_stack(clusters=True)
    environment = part_environment(plan, {"TEMPORAL_ADDRESS": "elsewhere:7233", "TEMPORAL_API_KEY": "secret"})
    assert environment["MAESTRO_TOPOLOGY"] == str(plan.home / "topology.yaml")
    assert {name for name in environment if name.startswith("TEMPORAL_")} == {"TEMPORAL_CONFIG_FILE"}


def test_without_the_option_the_same_file_is_a_stack_of_one_server(written: Path) -> None:
    plan = plan_stack()
    assert not plan.clustered
    assert part_environment(plan, {})["TEMPORAL_ADDRESS"] == "127.0.0.1:7233"


def test_one_port_for_several_servers_is_refused(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAESTRO_TEMPORAL_PORT", "7233")
    with pytest.raises(BadInput, match="clusters have several servers"):
        plan_stack(clusters=True)


def test_a_region_can_have_its_own_way_to_the_ledger() -> None:
    environment = {"MAESTRO_LEDGER_URL": "sqlite:////all", "MAESTRO_LEDGER_URL_EU_WEST": "sqlite:////west"}
    assert region_environment("eu-west", environment) == {"MAESTRO_LEDGER_URL": "sqlite:////west"}
    assert region_environment("eu-north", environment) == {}


def test_a_port_in_use_is_named_with_its_process_and_the_setting(written: Path, tmp_path: Path) -> None:
    own = LocalStack(tmp_path / "home", {"MAESTRO_TEMPORAL_PORT": "", "MAESTRO_TOPOLOGY": str(written)})
    # The history service's, which a user never wrote down.
    free = resolve(topology(), pick_free=True)
    written.write_text(as_yaml(free).replace("clustered: true", "clustered: false"))
    port = free.clusters[0].port + 1
    with socket.create_server(("127.0.0.1", port)):
        refused = own.maestro("up", "--clusters")
    assert refused.returncode == 3
    assert f"port {port} is in use" in refused.stderr
    assert f"process {psutil.Process().pid}" in refused.stderr
    assert "clusters.north.address (history)" in refused.stderr
