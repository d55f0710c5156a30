"""What activities work with, opened under a folder of the test; nothing of Temporal is started."""

from collections.abc import Iterator
from pathlib import Path
from unittest.mock import create_autospec

import pytest
from temporalio.client import Client

from activities.services import Reach, Services
from maestro.artifacts import ArtifactStore
from maestro.assurance.catalogue import Catalogue
from maestro.config.topology import load_topology
from maestro.execution import Places
from maestro.ledger import Ledger
from maestro.policy.engine import PolicyEngine
from tests.localstack import TOPOLOGY


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    monkeypatch.setenv("MAESTRO_HOME", str(tmp_path / "home"))
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}") as ledger:
        yield Services(
            topology=load_topology(TOPOLOGY),
            places=Places.under(tmp_path / "home"),
            ledger=ledger,
            artifacts=ArtifactStore(tmp_path / "artifacts"),
            policy=create_autospec(PolicyEngine),
            catalogue=Catalogue(controls=(), digest="sha256:" + "0" * 64),
            reach=Reach(create_autospec(Client)),
        )
