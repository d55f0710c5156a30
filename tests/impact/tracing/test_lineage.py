"""Which pull request brought a commit, on real repositories."""

from pathlib import Path

import pytest

from maestro.impact.tracing.lineage import first_parents, owner_of
from maestro.model.pull_request import PullRequest
from tests.execution.repositories import Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "shop")
    repository.commit({"a.py": "one\n", "b.py": "one\n"}, "first")
    return repository


def mirror(repository: Repository) -> Path:
    return repository.folder / ".git"


def proposed(repository: Repository, name: str, *changes: dict[str | bytes, str | bytes]) -> PullRequest:
    """A pull request with a commit for each of ``changes``, on a branch of its own."""
    base = repository.git("rev-parse", "main")
    repository.git("checkout", "--quiet", "-b", name)
    head = [repository.commit(change, f"{name} {number}") for number, change in enumerate(changes)][-1]
    repository.git("checkout", "--quiet", "main")
    return PullRequest(
        repository=str(repository.folder), repo="shop", pr=name, base_sha=base, merge_base_sha=base, head_sha=head
    )


def test_a_merge_commit_is_owed_by_the_pull_request_that_it_merged(repository: Repository) -> None:
    one = proposed(repository, "one", {"a.py": "two\n"}, {"a.py": "three\n"})
    two = proposed(repository, "two", {"b.py": "two\n"})
    owners = []
    for pull_request in (one, two):
        repository.git("merge", "--quiet", "--no-ff", "--message", "merge", pull_request.pr)
        owners.append(owner_of(mirror(repository), repository.git("rev-parse", "main"), [one, two]))
    assert owners == [one, two]


def test_of_several_heads_of_a_pull_request_the_one_that_was_merged_owes(repository: Repository) -> None:
    early = proposed(repository, "one", {"a.py": "two\n"})
    repository.git("checkout", "--quiet", "one")
    late = early.model_copy(update={"head_sha": repository.commit({"a.py": "three\n"}, "again")})
    repository.git("checkout", "--quiet", "main")
    repository.git("merge", "--quiet", "--no-ff", "--message", "merge", "one")
    assert owner_of(mirror(repository), repository.git("rev-parse", "main"), [early, late]) == late


def test_a_commit_that_was_put_on_the_branch_as_it_was_is_owed_by_its_pull_request(repository: Repository) -> None:
    one = proposed(repository, "one", {"a.py": "two\n"}, {"a.py": "three\n"})
    repository.git("merge", "--quiet", "--ff-only", "one")
    line = first_parents(mirror(repository), one.head_sha)
    assert len(line) == 3
    assert [owner_of(mirror(repository), commit, [one]) for commit in line] == [None, one, one]


def test_a_squashed_pull_request_is_known_by_what_it_changes_though_main_has_moved(repository: Repository) -> None:
    one = proposed(repository, "one", {"a.py": "two\n"}, {"a.py": "three\n"})
    other = proposed(repository, "other", {"a.py": "four\n"})
    repository.commit({"b.py": "two\n"}, "meanwhile")
    repository.git("merge", "--quiet", "--squash", "one")
    repository.git("commit", "--quiet", "--message", "one, in one commit")
    assert owner_of(mirror(repository), repository.git("rev-parse", "main"), [one, other]) == one


def test_a_commit_that_nobody_proposed_is_owed_by_nobody(repository: Repository) -> None:
    one = proposed(repository, "one", {"a.py": "two\n"})
    pushed = repository.commit({"b.py": "pushed\n"}, "straight to main")
    assert owner_of(mirror(repository), pushed, [one]) is None


def test_a_head_that_is_gone_owes_nothing(repository: Repository) -> None:
    gone = proposed(repository, "one", {"a.py": "two\n"}).model_copy(update={"head_sha": "e" * 40})
    pushed = repository.commit({"b.py": "pushed\n"}, "straight to main")
    assert owner_of(mirror(repository), pushed, [gone]) is None


def test_a_line_is_the_branch_and_not_what_was_merged_into_it(repository: Repository) -> None:
    first = repository.git("rev-parse", "main")
    one = proposed(repository, "one", {"a.py": "two\n"})
    repository.git("merge", "--quiet", "--no-ff", "--message", "merge", "one")
    head = repository.git("rev-parse", "main")
    assert first_parents(mirror(repository), head) == (first, head)
    assert one.head_sha not in first_parents(mirror(repository), head)
