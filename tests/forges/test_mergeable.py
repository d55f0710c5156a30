"""What cannot be merged in any case is refused before anything has started, with the way out."""

from pathlib import Path

import pytest

from maestro.errors import BadInput
from maestro.execution.places import Places
from maestro.execution.resolve import resolve_pull_request
from maestro.forges.mergeable import branch_of, require_mergeable
from maestro.model.pull_request import PullRequest
from tests.execution.repositories import Repository


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places.under(tmp_path / "home")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "shop")
    made.commit({"a.txt": "1\n"}, "Begin")
    made.git("tag", "v1")
    made.git("checkout", "--quiet", "-b", "feature")
    made.commit({"a.txt": "2\n"}, "Change")
    return made


def resolved(repository: Repository, places: Places, *, base: str = "main") -> PullRequest:
    found = resolve_pull_request(str(repository.folder), base=base, head="feature", places=places)
    return found.model_copy(update={"base_ref": "main"})


@pytest.mark.parametrize("base", ["main", "refs/heads/main"])
def test_a_branch_may_be_named_short_or_whole(repository: Repository, places: Places, base: str) -> None:
    assert branch_of(str(repository.folder), base, places=places) == "main"
    assert branch_of(f"file://{repository.folder}", base, places=places) == "main"


@pytest.mark.parametrize("base", ["HEAD^", "v1", "refs/remotes/origin/HEAD", "nowhere", "ma*"])
def test_what_is_no_branch_is_nothing_to_merge_into(repository: Repository, places: Places, base: str) -> None:
    with pytest.raises(BadInput) as refused:
        branch_of(str(repository.folder), base, places=places)
    assert refused.value.field == "--base"
    assert "--base main" in refused.value.fix


def test_a_head_on_top_of_its_base_can_be_merged(repository: Repository, places: Places) -> None:
    require_mergeable(resolved(repository, places), places=places)


def test_a_tag_of_the_branch_s_name_is_not_taken_for_it(repository: Repository, places: Places) -> None:
    pull_request = resolved(repository, places)
    repository.git("branch", "--force", "main", "feature")
    with pytest.raises(BadInput, match="the branch of that name is at"):
        require_mergeable(pull_request, places=places)


def test_a_head_that_has_to_be_rebased_is_told_so(repository: Repository, places: Places) -> None:
    repository.git("checkout", "--quiet", "main")
    repository.commit({"b.txt": "1\n"}, "Go on")
    repository.git("checkout", "--quiet", "feature")
    with pytest.raises(BadInput, match="rebase it"):
        require_mergeable(resolved(repository, places), places=places)


def test_a_base_that_somebody_works_on_is_told_so(repository: Repository, places: Places) -> None:
    repository.git("checkout", "--quiet", "main")
    with pytest.raises(BadInput, match="main is checked out"):
        require_mergeable(resolved(repository, places), places=places)
