"""One Gitea for all tests in here, which make repositories of their own in it."""

from collections.abc import Iterator

import pytest

from tests.forge import server
from tests.forge.build import NotHereError
from tests.forge.handle import Gitea


@pytest.fixture(scope="session")
def gitea() -> Iterator[Gitea]:
    """A real Gitea that answers. Fails, with what to do, where there is none."""
    try:
        with server.running() as running:
            yield running
    except NotHereError as missing:
        pytest.fail(str(missing))
