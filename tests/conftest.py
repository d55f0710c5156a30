"""What holds for every test, and the local stack that those share which need a whole one."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.localstack import LocalStack

# A machine that is busy is no failure, so hypothesis measures no time.
settings.register_profile("maestro", deadline=None)
settings.load_profile("maestro")


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """A stack that is up: Temporal, a worker per region, a gateway, real processes, ended with the test session."""
    shared = LocalStack(tmp_path_factory.mktemp("stack") / "home", {"MAESTRO_GATEWAY_PORT": "auto"})
    shared.up()
    yield shared
    shared.maestro("down")
