"""Small repositories written for one test, and the selection on them in one call."""

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from maestro.impact.graph.imports import ImportGraph

WriteTree = Callable[[Mapping[str, str]], Path]
GraphOf = Callable[..., ImportGraph]
Git = Callable[..., str]


@pytest.fixture
def write_tree(tmp_path: Path) -> WriteTree:
    """Write files, given as path and text, into a worktree and return its folder."""

    def write(files: Mapping[str, str]) -> Path:
        worktree = tmp_path / "worktree"
        worktree.mkdir(exist_ok=True)
        for path, text in files.items():
            file = worktree / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        return worktree

    return write


@pytest.fixture
def graph_of(write_tree: WriteTree) -> GraphOf:
    """The graph of a worktree with these files; ``gone`` are paths that the pull request took away."""

    def build(files: Mapping[str, str], *, gone: tuple[str, ...] = ()) -> ImportGraph:
        return ImportGraph.of(write_tree(files), gone=gone)

    return build


@pytest.fixture
def git(tmp_path: Path) -> Git:
    """Run git in a fresh repository under ``tmp_path / "repository"``; returns what it printed."""
    repository = tmp_path / "repository"
    repository.mkdir()

    def run(*arguments: str) -> str:
        identity = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
        command = ["git", "-C", str(repository), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    run("init", "--quiet", "--initial-branch=main")
    return run
