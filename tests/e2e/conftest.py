"""Repositories to conduct. Those of one name share their environment, so that it is built once for most tests here."""

import pytest

from tests.e2e.conducting import BASE
from tests.execution.repositories import Repository


@pytest.fixture
def project(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A repository with its first commit; a test commits what shall be conducted."""
    made = Repository(tmp_path_factory.mktemp("e2e") / "project")
    made.commit(BASE, "Begin")
    return made
