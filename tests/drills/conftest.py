"""One stack for the drills, whole again before each of them."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from maestro.artifacts import ArtifactStore
from maestro.ledger import Ledger
from tests.drills.stand import Stand
from tests.execution.repositories import Repository
from tests.execution.wheelhouse import pack, served
from tests.localstack import LocalStack

TOPOLOGY = Path(__file__).with_name("topology.yaml")


@pytest.fixture(scope="session")
def drill_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """A stack of its own, with an index on the loopback address to build environments from."""
    folder = tmp_path_factory.mktemp("drills")
    pack(folder / "index")
    with served(folder / "index") as index:
        stack = LocalStack(folder / "home", {"MAESTRO_TOPOLOGY": str(TOPOLOGY), "UV_DEFAULT_INDEX": index})
        stack.up()
        yield stack
        stack.maestro("down")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_stand(drill_stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stand]:
    state = drill_stack.state()
    client = await Client.connect(state.address, namespace=state.namespace, data_converter=pydantic_data_converter)
    repository = Repository(tmp_path_factory.mktemp("drills") / "shop")
    repository.commit({"README": "a repository to conduct"})
    home = drill_stack.home
    with Ledger.open(f"sqlite:///{home / 'ledger.sqlite'}", migrate=False) as ledger:
        yield Stand(drill_stack, client, ledger, ArtifactStore(home / "artifacts"), repository)


@pytest_asyncio.fixture(loop_scope="session")
async def stand(shared_stand: Stand) -> Stand:
    """The stand with every part up, whatever the drill before has done to it."""
    await shared_stand.whole()
    return shared_stand
