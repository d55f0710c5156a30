"""Two real Temporal clusters for the tests of this folder: full servers, joined, with workers and controllers.

``make test-clusters`` runs them. Where no server can be had they fail, and say how to get one.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from maestro.config.topology import Topology, load_topology
from tests.localstack import LocalStack

TOPOLOGY = Path(__file__).with_name("topology.yaml")


def clustered_stack(home: Path, **variables: str) -> LocalStack:
    """A stack of clusters that is not up yet, on ports of its own, ended with the test session at the latest."""
    own = {"MAESTRO_TOPOLOGY": str(TOPOLOGY), "MAESTRO_STACK_CLUSTERS": "1", "MAESTRO_GATEWAY_PORT": "auto"}
    return LocalStack(home, own | variables)


@pytest.fixture(scope="session")
def clusters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """A stack of two joined clusters that is up."""
    shared = clustered_stack(tmp_path_factory.mktemp("clusters") / "home")
    shared.up()
    yield shared
    shared.maestro("down")


@pytest.fixture(scope="session")
def topology(clusters: LocalStack) -> Topology:
    """The topology that the parts of the stack read: the addresses as they are."""
    return load_topology(Path(clusters.state().topology))
