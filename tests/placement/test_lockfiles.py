"""The packages of a head are read from its commit, not from the folder."""

from pathlib import Path

import pytest

from maestro.errors import BadInput
from maestro.execution.places import Places
from maestro.model.pull_request import PullRequest
from maestro.placement import lockfiles
from maestro.placement.lockfiles import dependencies_at
from tests.execution.repositories import Files, Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "shop")


def pull_request(repository: Repository, files: Files) -> PullRequest:
    base = repository.commit({"README.md": "shop"})
    head = repository.commit(files)
    return PullRequest(
        repository=str(repository.folder), repo="shop", pr="7", base_sha=base, head_sha=head, merge_base_sha=base
    )


def test_names_are_read_from_every_file_that_declares_them(repository: Repository, tmp_path: Path) -> None:
    asked = pull_request(
        repository,
        {
            "pyproject.toml": '[project]\nname = "shop"\nversion = "1"\ndependencies = ["Requests>=2"]\n',
            "requirements/dev.txt": "pytest==8\n",
            "src/data.txt": "not-a-package\n",
        },
    )
    repository.write({"pyproject.toml": "changed afterwards, and no TOML"})
    assert dependencies_at(asked, places=Places.under(tmp_path / "home")) == ("pytest", "requests")


def test_a_file_of_absurd_size_is_refused_by_name(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lockfiles, "LOCK_FILE_LIMIT_BYTES", 10)
    asked = pull_request(repository, {"requirements.txt": "requests==2.0\n" * 10})
    with pytest.raises(BadInput, match=r"requirements.txt.*at most 10"):
        dependencies_at(asked, places=Places.under(tmp_path / "home"))
