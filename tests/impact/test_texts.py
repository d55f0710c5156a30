"""The texts of a commit, whatever its files are called and whatever is in them."""

from pathlib import Path

import pytest

from maestro.errors import PlatformUnavailable
from maestro.impact.changes import changed_files
from maestro.impact.knowledge.diffs import parse_patch
from maestro.impact.knowledge.patch import Patch
from maestro.impact.texts import SIZE_LIMIT_BYTES, texts_of
from tests.execution.repositories import Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "shop")


def test_every_text_is_read_as_the_commit_has_it(repository: Repository) -> None:
    names = ["a.py", "a b/ü.py", "new\nline.py", "-option.py", "tab\t.py"]
    first = repository.commit({name: f"text of {place}\r\n" for place, name in enumerate(names)})
    repository.commit({"a.py": "later\n"})
    with texts_of(repository.folder / ".git", first) as read:
        assert [read(name) for name in names] == [f"text of {place}\r\n" for place in range(len(names))]
        assert read("b.py") is None


def test_what_is_no_text_of_its_own_has_none(repository: Repository) -> None:
    repository.write({"a.py": "secret\n", "binary.py": b"\xff\xfe", "huge.py": b"#" * (SIZE_LIMIT_BYTES + 1)})
    (repository.folder / "link.py").symlink_to("a.py")
    head = repository.commit({"empty.py": ""})
    with texts_of(repository.folder / ".git", head) as read:
        assert [read(name) for name in ("link.py", "binary.py", "huge.py", "empty.py")] == [None, None, None, ""]


def test_a_commit_that_is_not_there_is_said(repository: Repository) -> None:
    repository.commit({"a.py": ""})
    with pytest.raises(PlatformUnavailable), texts_of(repository.folder / ".git", "0" * 40):
        pass


def test_the_patch_between_two_trees_names_the_files_that_gits_own_diff_names(repository: Repository) -> None:
    moved = "def moved():\n    return 1\n"
    base = repository.commit({"gone.py": "1\n", "old.py": moved, "kept.py": "1\n"})
    repository.git("mv", "old.py", "new.py")
    repository.git("rm", "--quiet", "gone.py")
    head = repository.commit({"kept.py": "2\n", "added.py": "3\n"})
    found = Patch.of(changed_files(repository.folder / ".git", base, head))
    told = parse_patch(repository.git("diff", "--find-renames", base, head) + "\n")
    assert {file.change() for file in found.files} == {file.change() for file in told.files}
