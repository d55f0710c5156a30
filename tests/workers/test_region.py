"""The worker process of a region: what it polls, under which version, and what it refuses."""

from pathlib import Path

import pytest
from temporalio.common import VersioningBehavior

from maestro.config.topology import Topology, Versioning, load_topology
from maestro.errors import BadInput
from tests.localstack import TOPOLOGY
from workers.region import deployment, region_of


@pytest.fixture
def topology() -> Topology:
    return load_topology(Path(TOPOLOGY))


def test_a_region_that_the_topology_does_not_have_is_refused_with_those_that_it_has(topology: Topology) -> None:
    with pytest.raises(BadInput, match=r"no region 'mars'[\s\S]*use one of: eu-north, eu-west"):
        region_of(topology, "mars")


def test_workers_have_no_version_unless_the_topology_rolls_them_out_by_version(topology: Topology) -> None:
    assert deployment(topology) is None


def test_a_pull_request_ends_under_the_version_that_it_began_with(topology: Topology) -> None:
    versioned = topology.model_copy(update={"versioning": Versioning(deployment="maestro", build_id="2026.11")})
    config = deployment(versioned)
    assert config is not None
    assert config.use_worker_versioning
    assert config.default_versioning_behavior is VersioningBehavior.PINNED
    assert config.version.to_canonical_string() == "maestro.2026.11"
