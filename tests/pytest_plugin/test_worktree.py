"""The working tree as a commit: what is in it, what it is compared with, and that nothing of the user's moves."""

from pathlib import Path

import pytest

from maestro.errors import BadInput
from maestro.pytest_plugin.worktree import working_tree
from tests.execution.repositories import Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "project")
    made.commit({".gitignore": "ignored.txt\n", "a.py": "A = 1\n"})
    return made


def test_a_clean_tree_is_its_head_and_compares_with_it(repository: Repository) -> None:
    head = repository.git("rev-parse", "HEAD")
    tree = working_tree(repository.folder, base="")
    assert (tree.base, tree.head) == (head, head)


def test_uncommitted_and_untracked_files_are_in_it_and_ignored_and_left_over_ones_are_not(
    repository: Repository,
) -> None:
    repository.write({"a.py": "A = 2\n", "new.py": "", "ignored.txt": "x", "__pycache__/a.pyc": b"\0"})
    tree = working_tree(repository.folder, base="")
    assert repository.git("show", f"{tree.head}:a.py") == "A = 2"
    names = repository.git("ls-tree", "-r", "--name-only", tree.head).split()
    assert names == [".gitignore", "a.py", "new.py"]


def test_nothing_of_the_user_moves_and_the_same_files_are_the_same_commit(repository: Repository) -> None:
    repository.write({"staged.py": "", "a.py": "A = 2\n"})
    repository.git("add", "staged.py")
    before = (repository.git("status", "--porcelain"), repository.git("for-each-ref"), repository.git("reflog"))
    first, second = (working_tree(repository.folder, base="") for _ in range(2))
    assert first == second
    assert before == (
        repository.git("status", "--porcelain"),
        repository.git("for-each-ref"),
        repository.git("reflog"),
    )


def test_a_branch_is_compared_with_where_it_left_the_default_branch(repository: Repository) -> None:
    left = repository.git("rev-parse", "HEAD")
    repository.git("checkout", "--quiet", "-b", "feature")
    repository.commit({"b.py": ""})
    repository.git("checkout", "--quiet", "main")
    repository.commit({"c.py": ""})
    repository.git("checkout", "--quiet", "feature")
    tree = working_tree(repository.folder, base="")
    assert (tree.base, tree.told) == (left, "main")
    assert working_tree(repository.folder, base="HEAD").base == tree.head


@pytest.mark.parametrize("base", ["nobody", "--all", "a.py"])
def test_a_base_that_is_no_revision_is_named(repository: Repository, base: str) -> None:
    with pytest.raises(BadInput) as refused:
        working_tree(repository.folder, base=base)
    assert refused.value.field == "--maestro-base"


def test_a_folder_without_a_commit_cannot_be_compared(tmp_path: Path) -> None:
    empty = Repository(tmp_path / "empty")
    with pytest.raises(BadInput, match="no commit to compare with"):
        working_tree(empty.folder, base="")
    with pytest.raises(BadInput, match="in no git repository"):
        working_tree(tmp_path, base="")
