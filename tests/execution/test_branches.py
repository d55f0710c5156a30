"""Which commit the night takes for the main branch."""

from pathlib import Path

import pytest

from maestro.errors import BadInput
from maestro.execution.branches import main_branch
from maestro.execution.places import Places
from tests.execution.repositories import Repository


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places.under(tmp_path / "home")


def test_a_clone_that_somebody_works_in_still_has_its_main_branch(tmp_path: Path, places: Places) -> None:
    repository = Repository(tmp_path / "shop")
    main = repository.commit({"a.py": "1"})
    repository.git("checkout", "-q", "-b", "feature")
    repository.commit({"a.py": "2"})
    assert main_branch(str(repository.folder), places=places) == ("main", main)


def test_a_repository_without_a_usual_name_has_the_branch_that_its_head_names(tmp_path: Path, places: Places) -> None:
    repository = Repository(tmp_path / "shop")
    commit = repository.commit({"a.py": "1"})
    repository.git("branch", "-q", "-m", "trunk")
    assert main_branch(str(repository.folder), places=places) == ("trunk", commit)


def test_a_repository_that_is_gone_is_named(tmp_path: Path, places: Places) -> None:
    with pytest.raises(BadInput, match="cannot be asked"):
        main_branch(str(tmp_path / "gone"), places=places)


def test_a_repository_without_a_commit_is_refused(tmp_path: Path, places: Places) -> None:
    with pytest.raises(BadInput, match="has no commit"):
        main_branch(str(Repository(tmp_path / "shop").folder), places=places)
