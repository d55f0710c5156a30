"""What is meant when somebody names less than everything."""

from pathlib import Path

import pytest

from gateway.revisions import acting_person, default_base
from maestro.errors import BadInput
from tests.execution.repositories import Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "repository")
    made.commit({"a.py": "1"})
    return made


def test_on_the_default_branch_the_base_is_the_parent(repository: Repository) -> None:
    parent = repository.git("rev-parse", "HEAD")
    repository.commit({"a.py": "2"})
    base = default_base(str(repository.folder), "HEAD")
    assert repository.git("rev-parse", base) == parent


def test_on_another_branch_the_base_is_the_default_branch(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "-b", "feature")
    repository.commit({"a.py": "2"})
    repository.commit({"a.py": "3"})
    assert default_base(str(repository.folder), "HEAD") == "refs/heads/main"


def test_in_a_clone_the_default_branch_is_that_of_its_origin(repository: Repository, tmp_path: Path) -> None:
    clone = repository.clone(tmp_path / "clone")
    clone.git("config", "user.name", "Ada")
    clone.git("config", "user.email", "ada@example.org")
    clone.commit({"a.py": "2"})
    assert default_base(str(clone.folder), "HEAD") == "refs/remotes/origin/HEAD"


def test_a_first_commit_needs_its_base_named(repository: Repository) -> None:
    with pytest.raises(BadInput, match="has no parent") as refused:
        default_base(str(repository.folder), "HEAD")
    assert refused.value.field == "--base"


def test_a_repository_at_an_address_needs_its_base_named() -> None:
    with pytest.raises(BadInput, match="default branch is not known"):
        default_base("https://forge.example/owner/name", "HEAD")


def test_what_is_neither_a_folder_nor_an_address_is_left_to_be_refused_as_such(tmp_path: Path) -> None:
    assert default_base(str(tmp_path / "nowhere"), "HEAD") == "HEAD"


def test_a_head_that_looks_like_an_option_is_no_option(repository: Repository) -> None:
    assert default_base(str(repository.folder), "--help") == "HEAD"


def test_the_person_is_known_by_the_folder_s_git_address(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository.folder)
    assert acting_person() == "ada@example.org"


def test_without_a_git_address_the_login_name_acts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("LOGNAME", "grace")
    assert acting_person() == "grace"
