"""One stack for the drills, whole again before each of them."""

import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import yaml

from maestro.resources import policies_dir
from tests.drills.stand import TRUSTING, Stand, standing

TOPOLOGY = Path(__file__).with_name("topology.yaml")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_stand(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stand]:
    folder = tmp_path_factory.mktemp("drills")
    policies = _policies(folder / "policies")
    async with standing(folder, TOPOLOGY, {"MAESTRO_POLICIES": str(policies)}) as stand:
        yield stand


@pytest_asyncio.fixture(loop_scope="session")
async def stand(shared_stand: Stand) -> Stand:
    """The stand with every part up, whatever the drill before has done to it."""
    await shared_stand.whole()
    return shared_stand


def _policies(folder: Path) -> Path:
    """The policies as they are shipped, with one more tenant."""
    shutil.copytree(policies_dir(), folder)
    data = folder / "tenants" / "data.yaml"
    tenants = yaml.safe_load(data.read_text(encoding="utf-8"))
    usual = tenants["default"]
    tenants[TRUSTING] = usual | {"selection": usual["selection"] | {"mode": "public"}}
    # As JSON, which is YAML too: the writer of YAML makes aliases of what two tenants share, and those are refused.
    data.write_text(json.dumps(tenants), encoding="utf-8")
    return folder
