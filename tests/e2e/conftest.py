"""Repositories to conduct. All have one name, so that they share their environment, which is then built only once."""

from collections.abc import Callable

import pytest

from tests.e2e.conducting import BASE
from tests.execution.repositories import Files, Repository

MakeProject = Callable[..., Repository]


@pytest.fixture(scope="session")
def make_project(tmp_path_factory: pytest.TempPathFactory) -> MakeProject:
    """Makes a repository whose last commit has the given files on top of ``BASE``, or of other ones."""

    def make(change: Files, base: Files | None = None) -> Repository:
        made = Repository(tmp_path_factory.mktemp("e2e") / "project")
        made.commit(BASE if base is None else base, "Begin")
        made.commit(change, "Change it")
        return made

    return make


@pytest.fixture
def project(make_project: MakeProject) -> Repository:
    """A repository whose last commit breaks nothing."""
    return make_project({"calc.py": "def double(x):\n    return x + x\n"})
