"""Placing as an activity: what Temporal notices of it."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import create_autospec

import pytest
from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from activities import placement
from activities.services import Reach, Services
from maestro.artifacts import ArtifactStore
from maestro.assurance.catalogue import Catalogue
from maestro.config.topology import load_topology
from maestro.execution import Places
from maestro.ledger import Ledger
from maestro.model.conduct import PlaceRequest
from maestro.model.pull_request import PullRequest
from maestro.model.region import Region, RegionHealth
from maestro.policy.engine import RegorusEngine
from maestro.resources import policies_dir
from tests.localstack import TOPOLOGY

PATIENCE_SECONDS = 30


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}") as ledger:
        yield Services(
            topology=load_topology(TOPOLOGY),
            places=Places.under(tmp_path),
            ledger=ledger,
            artifacts=ArtifactStore(tmp_path / "artifacts"),
            policy=RegorusEngine(policies_dir()),
            catalogue=create_autospec(Catalogue),
            reach=Reach(create_autospec(Client)),
        )


async def test_a_worker_that_fetches_a_large_repository_to_place_it_is_not_taken_for_dead(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive = threading.Event()

    async def healthy(_services: Services, region: Region) -> RegionHealth:
        return RegionHealth(region=region.id, healthy=True, workers=1, measured_at=datetime.now(UTC))

    def fetched_slowly(_pull_request: PullRequest, *, places: Places) -> tuple[str, ...]:
        assert alive.wait(PATIENCE_SECONDS), "no heartbeat came while the repository was fetched"
        return ()

    monkeypatch.setattr(placement, "measure", healthy)
    monkeypatch.setattr(placement, "dependencies_at", fetched_slowly)
    environment = ActivityEnvironment()
    environment.on_heartbeat = lambda *_: alive.set()
    pull_request = PullRequest(
        repository="/x", repo="shop", pr="7", base_sha="b" * 40, head_sha="a" * 40, merge_base_sha="b" * 40
    )
    placed = await environment.run(
        placement.PlacementActivities(services).place, PlaceRequest(pull_request=pull_request)
    )
    assert placed.region == "eu-north"
