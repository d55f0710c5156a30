"""Changed files of real commits, with every kind of entry that git knows."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from maestro.errors import BadInput
from maestro.impact.changes import Change, ChangeKind, changed_files

Git = Callable[..., str]
LONG_TEXT = "\n".join(f"line {number}" for number in range(40))


@pytest.fixture
def repository(tmp_path: Path, git: Git) -> Path:
    folder = tmp_path / "repository"
    (folder / "price.py").write_text(LONG_TEXT)
    (folder / "old.py").write_text("old = 1\n")
    (folder / "logo.bin").write_bytes(bytes(range(256)))
    git("add", "-A")
    git("commit", "--quiet", "-m", "base")
    return folder


def _changes(repository: Path, git: Git) -> tuple[Change, ...]:
    git("add", "-A")
    git("commit", "--quiet", "--allow-empty", "-m", "head")
    return changed_files(repository / ".git", git("rev-parse", "HEAD~1"), git("rev-parse", "HEAD"))


def test_a_modification_an_addition_and_a_deletion_are_told_apart(repository: Path, git: Git) -> None:
    (repository / "price.py").write_text("changed")
    (repository / "new.py").write_text("new = 1\n")
    (repository / "old.py").unlink()
    changes = _changes(repository, git)
    assert {change.path: change.kind for change in changes} == {
        "new.py": ChangeKind.ADDED,
        "old.py": ChangeKind.DELETED,
        "price.py": ChangeKind.MODIFIED,
    }
    assert [change.gone for change in changes if change.gone] == ["old.py"]


def test_a_rename_knows_both_names_also_when_the_file_was_edited(repository: Path, git: Git) -> None:
    (repository / "shop").mkdir()
    (repository / "price.py").rename(repository / "shop" / "cost.py")
    (repository / "shop" / "cost.py").write_text(LONG_TEXT + "\nmore")
    (change,) = _changes(repository, git)
    assert (change.kind, change.old_path, change.path, change.gone) == (
        ChangeKind.RENAMED,
        "price.py",
        "shop/cost.py",
        "price.py",
    )


def test_a_mode_a_binary_file_and_a_link_are_changes(repository: Path, git: Git) -> None:
    (repository / "price.py").chmod(0o755)
    (repository / "logo.bin").write_bytes(b"\0\1\2")
    (repository / "old.py").unlink()
    (repository / "old.py").symlink_to("price.py")
    by_path = {change.path: change for change in _changes(repository, git)}
    assert by_path["price.py"].new_mode == "100755"
    assert by_path["logo.bin"].kind is ChangeKind.MODIFIED
    assert by_path["old.py"].symlink
    assert not by_path["price.py"].symlink


def test_a_submodule_is_recognised(repository: Path, git: Git) -> None:
    git("update-index", "--add", "--cacheinfo", f"160000,{git('rev-parse', 'HEAD')},vendor")
    git("commit", "--quiet", "-m", "head")
    (change,) = changed_files(repository / ".git", git("rev-parse", "HEAD~1"), git("rev-parse", "HEAD"))
    assert change.submodule
    assert change.path == "vendor"


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(b"caf\xe9.py", id="bytes that are not UTF-8"),
        pytest.param("préis.py".encode(), id="letters beyond ASCII"),
        pytest.param(b'a\nb\t"c" d.py', id="newline, tab, quotes and a space"),
        pytest.param(b":100644 - R.py", id="a name that looks like git's own output"),
    ],
)
def test_a_file_name_keeps_its_bytes(repository: Path, git: Git, name: bytes) -> None:
    with open(os.fsencode(repository) + b"/" + name, "wb") as stream:  # noqa: PTH123 - a path of bytes
        stream.write(b"x = 1\n")
    (change,) = _changes(repository, git)
    assert os.fsencode(change.path) == name


def test_a_pull_request_without_a_changed_file_is_an_empty_answer(repository: Path, git: Git) -> None:
    assert _changes(repository, git) == ()


def test_settings_of_the_user_do_not_change_the_answer(
    repository: Path, git: Git, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = tmp_path / "gitconfig"
    settings.write_text("[diff]\n  renames = false\n  renameLimit = 1\n  noprefix = true\n[core]\n  quotePath = true\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    (repository / "price.py").rename(repository / "préis.py")
    (change,) = _changes(repository, git)
    assert (change.kind, change.path) == (ChangeKind.RENAMED, "préis.py")


@pytest.mark.parametrize(
    "sha",
    [
        pytest.param("0" * 40, id="a commit that the mirror lacks"),
        pytest.param("main", id="a branch, which may move"),
        pytest.param("--output=/tmp/x", id="an option"),
    ],
)
def test_a_revision_that_is_no_commit_is_refused_by_name(repository: Path, git: Git, sha: str) -> None:
    with pytest.raises(BadInput) as refused:
        changed_files(repository / ".git", git("rev-parse", "HEAD"), sha)
    assert refused.value.field == "head"
