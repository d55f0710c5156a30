"""Repositories, places and benches for the tests of this room. Nothing here needs a network."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from maestro.execution.bench import Bench
from maestro.execution.environment import Environment
from maestro.execution.places import Places
from maestro.execution.sandbox import choose
from maestro.execution.settings import ExecutionSettings
from maestro.execution.worktree import Worktree
from tests.execution.repositories import Files, Repository

MakeBench = Callable[..., Bench]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places.under(tmp_path / "home")


@pytest.fixture
def make_bench(tmp_path: Path, places: Places) -> MakeBench:
    """A bench around files that no commit knows, without isolation unless the settings ask for it."""

    def make(files: Files, **settings: object) -> Bench:
        repository = Repository(tmp_path / "bench" / "src")
        repository.write(files)
        scratch = tmp_path / "bench" / "tmp"
        scratch.mkdir()
        chosen = ExecutionSettings.model_validate({"isolation": "none", "grace_seconds": 1.0, **settings})
        return Bench(
            worktree=Worktree(mark=f"bench-{tmp_path.name}", source=repository.folder, scratch=scratch),
            sandbox=choose(chosen.isolation),
            places=places,
            settings=chosen,
        )

    return make


@pytest.fixture
def this_environment() -> Environment:
    """The environment that these tests run in, taken for one that was built."""
    python = Path(sys.executable)
    return Environment(
        key="this", root=Path(sys.prefix), python=python, interpreter_prefix=Path(sys.base_prefix), build_seconds=0.0
    )
