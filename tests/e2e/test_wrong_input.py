"""What cannot be conducted is refused before anything starts: with the field, the fix, and exit code 2 (or 3 where the
platform is at fault), never with a traceback.
"""

import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest

from maestro.resources import resource_dir
from tests.execution.repositories import Repository
from tests.localstack import LocalStack

NOT_SQLITE = b"this is no database, and long enough to be looked at as one" * 100


def refused(done: subprocess.CompletedProcess[str], exit_code: int, *told: str) -> None:
    """The command ended with ``exit_code``, told a fix and everything of ``told``, and no traceback."""
    assert done.returncode == exit_code, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert "fix:" in done.stderr
    for text in told:
        assert text in done.stderr


@pytest.fixture
def nowhere(tmp_path: Path) -> LocalStack:
    """A home in which nothing has ever run; what is refused in time leaves no process and no state in it."""
    return LocalStack(tmp_path / "home")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        pytest.param(("--head", "nope"), ("head:", "'nope' is no commit"), id="an unknown head"),
        pytest.param(("--base", "nope"), ("base:", "'nope' is no commit"), id="an unknown base"),
        pytest.param(("--base", "HEAD"), ("head:", "the same commit"), id="equal revisions"),
        pytest.param(("--base", "HEAD", "--head", "HEAD^"), ("head:", "already contains"), id="a head merged already"),
        pytest.param(("--base", "HEAD", "--head", "lone"), ("base:", "share no history"), id="unrelated revisions"),
        pytest.param(("--head=--upload-pack=x",), ("head:", "is no commit"), id="a head that looks like an option"),
    ],
)
def test_a_revision_that_cannot_be_conducted_is_named(
    nowhere: LocalStack, project: Repository, options: tuple[str, ...], told: tuple[str, ...]
) -> None:
    project.git("checkout", "--quiet", "--orphan", "lone")
    project.git("commit", "--quiet", "--message", "alone")
    project.git("checkout", "--quiet", "main")
    refused(nowhere.maestro("run", "--repo", str(project.folder), *options), 2, *told)
    assert not (nowhere.home / "stack.json").exists()


@pytest.mark.parametrize(
    ("repository", "told"),
    [
        pytest.param("nowhere", "is no folder and no address", id="neither a folder nor an address"),
        pytest.param(".", "is not a git repository", id="a folder without git"),
    ],
)
def test_a_repository_that_is_none_is_named(nowhere: LocalStack, tmp_path: Path, repository: str, told: str) -> None:
    refused(nowhere.maestro("run", "--repo", repository, folder=tmp_path), 2, "repository:", told)


def test_a_base_outside_a_shallow_clone_tells_how_to_fetch_it(
    nowhere: LocalStack, project: Repository, tmp_path: Path
) -> None:
    shallow = project.clone(tmp_path / "shallow", "--depth", "1")
    done = nowhere.maestro("run", "--repo", str(shallow.folder), "--base", "HEAD^")
    refused(done, 2, "base:", "shallow clone", "git fetch --unshallow")


@pytest.mark.parametrize("command", ["up", "run"])
def test_a_malformed_topology_is_named_by_line_and_field(
    nowhere: LocalStack, project: Repository, tmp_path: Path, command: str
) -> None:
    topology = tmp_path / "topology.yaml"
    topology.write_text("regions:\n  - id: eu-north\n    grid: europe-north1\n    power_kw: plenty\n")
    own = LocalStack(nowhere.home, {"MAESTRO_TOPOLOGY": str(topology)})
    refused(own.maestro(command, folder=project.folder), 2, "topology.yaml:4: regions[0].power_kw: a number is needed")
    assert not (nowhere.home / "stack.json").exists()


@pytest.mark.parametrize("command", ["up", "run"])
@pytest.mark.parametrize(
    ("folder", "file", "text", "told"),
    [
        pytest.param("policies", "decision.rego", "package maestro.decision\nx :=\n", "decision.rego:", id="policy"),
        pytest.param("policies", "tenants/data.yaml", "default:\n\t- x\n", "data.yaml:2", id="policy data"),
        pytest.param("controls", "quality.yaml", "family: QA\ntitle: Q\ncontrols: 7\n", "quality.yaml:3", id="control"),
    ],
)
def test_malformed_rules_are_named_by_file_and_line(
    nowhere: LocalStack, project: Repository, tmp_path: Path, command: str, folder: str, file: str, text: str, told: str
) -> None:
    rules = tmp_path / folder
    shutil.copytree(resource_dir(folder), rules)
    (rules / file).write_text(text)
    own = LocalStack(nowhere.home, {f"MAESTRO_{folder.upper()}": str(rules)})
    refused(own.maestro(command, folder=project.folder), 2, told)
    assert not (nowhere.home / "stack.json").exists()


@pytest.mark.parametrize("command", [("ledger", "verify"), ("up",)], ids=" ".join)
def test_a_ledger_that_is_none_is_named(nowhere: LocalStack, command: tuple[str, ...]) -> None:
    nowhere.home.mkdir()
    (nowhere.home / "ledger.sqlite").write_bytes(NOT_SQLITE)
    done = nowhere.maestro(*command)
    refused(done, 3, str(nowhere.home / "ledger.sqlite"), "is not a ledger")


def test_a_ledger_that_somebody_else_locks_is_told_as_busy(stack: LocalStack, nowhere: LocalStack) -> None:
    nowhere.home.mkdir()
    with (
        sqlite3.connect(stack.home / "ledger.sqlite") as source,
        sqlite3.connect(nowhere.home / "ledger.sqlite") as copy,
    ):
        source.backup(copy)
    holder = sqlite3.connect(nowhere.home / "ledger.sqlite")
    try:
        holder.execute("PRAGMA locking_mode = EXCLUSIVE")
        holder.execute("BEGIN EXCLUSIVE")
        refused(nowhere.maestro("ledger", "verify"), 3, "ledger.sqlite", "locked")
    finally:
        holder.close()


def test_without_a_server_a_ci_job_is_told_the_address_and_the_ways_out(
    nowhere: LocalStack, project: Repository
) -> None:
    away = LocalStack(nowhere.home, {"TEMPORAL_ADDRESS": "127.0.0.1:1"})
    done = away.maestro("pr", "start", "--repo", str(project.folder), "--wait", "--json")
    refused(done, 3, "127.0.0.1:1", "maestro up")
