"""One stack for the drills, whole again before each of them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.drills.stand import Stand, standing

TOPOLOGY = Path(__file__).with_name("topology.yaml")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_stand(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stand]:
    async with standing(tmp_path_factory.mktemp("drills"), TOPOLOGY) as stand:
        yield stand


@pytest_asyncio.fixture(loop_scope="session")
async def stand(shared_stand: Stand) -> Stand:
    """The stand with every part up, whatever the drill before has done to it."""
    await shared_stand.whole()
    return shared_stand
