"""Merges that GitHub refuses or that nobody tested: nothing lands that should not, and the reason is said."""

import re
from collections.abc import Callable

import pytest

from maestro.forges import Merged, Refused
from maestro.forges.github import MergeMethod
from tests.forges.contract import merge
from tests.forges.github.site import LATER, GitHubSite, site_of


@pytest.fixture
def site() -> GitHubSite:
    return site_of()


def moved_head(site: GitHubSite) -> None:
    site.repo.pulls[7]["head"] = LATER


def closed(site: GitHubSite) -> None:
    site.repo.pulls[7]["state"] = "closed"


def draft(site: GitHubSite) -> None:
    site.repo.pulls[7]["draft"] = True


def other_base(site: GitHubSite) -> None:
    site.repo.pulls[7]["base"] = "feature"


def gone_branch(site: GitHubSite) -> None:
    del site.repo.refs["main"]


def gone_repository(site: GitHubSite) -> None:
    site.fake.repos.clear()


def closed_tree(site: GitHubSite) -> None:
    site.repo.refuses = "Required status check “build” is expected."


@pytest.mark.parametrize("method", ["fast-forward", "merge", "squash", "rebase"])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(moved_head, f"the head has moved to {LATER} since", id="a head that was pushed meanwhile"),
        pytest.param(closed, "is closed", id="a pull request that is closed"),
        pytest.param(draft, "is a draft", id="a draft"),
        pytest.param(other_base, "goes into feature by now", id="another base"),
        pytest.param(gone_branch, "no branch main any more", id="a branch that is gone"),
        pytest.param(gone_repository, "the App gets no token|not installed|Not Found", id="a repository that is gone"),
        pytest.param(closed_tree, "Required status check", id="a protected branch"),
    ],
)
async def test_what_may_not_be_merged_is_refused_with_the_reason(
    change: Callable[[GitHubSite], None], words: str, method: MergeMethod
) -> None:
    site = site_of(method=method)
    change(site)
    before = {name: dict(repo.refs) for name, repo in site.fake.repos.items()}
    answer = await site.forge.merges.call(merge(site.pull_request))
    assert isinstance(answer, Refused)
    assert re.search(words, answer.reason)
    assert {name: dict(repo.refs) for name, repo in site.fake.repos.items()} == before
    assert await site.forge.merges.ask(merge(site.pull_request)) is None


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
async def test_a_base_that_moved_is_not_merged_into_by_any_method(method: MergeMethod) -> None:
    site = site_of(method=method)
    moved = site.move_base()
    answer = await site.forge.merges.call(merge(site.pull_request))
    assert answer == Refused(reason=f"the base has moved to {moved} since: conduct it again")
    assert site.base() == moved


async def test_a_base_that_moves_in_the_last_moment_stays_where_it_is(site: GitHubSite) -> None:
    moved: list[str] = []

    def push(method: str, path: str) -> None:
        if method == "PATCH" and not moved:
            moved.append(site.move_base())

    site.fake.before = push
    answer = await site.forge.merges.call(merge(site.pull_request))
    assert answer == Refused(reason=f"the base has moved to {moved[0]} since: conduct it again")
    assert site.base() == moved[0]


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
async def test_a_merge_by_another_commit_names_it_so_that_its_tree_can_be_compared(method: MergeMethod) -> None:
    site = site_of(method=method)

    def push(asked: str, path: str) -> None:
        if asked == "PUT":
            site.move_base()

    site.fake.before = push
    first, again = [await site.forge.merges.call(merge(site.pull_request)) for _ in range(2)]
    assert isinstance(first, Merged)
    assert first.landed == site.base()
    assert site.repo.trees[first.landed] != site.repo.trees[site.pull_request.head_sha]
    # A second try, after an answer that was lost, must not take it for what was tested.
    assert isinstance(again, Merged)
    assert (again.found, again.landed) == (True, first.landed)


async def test_a_head_that_is_not_on_top_of_its_base_is_not_merged(site: GitHubSite) -> None:
    diverged = site.pull_request.model_copy(update={"merge_base_sha": "e" * 40})
    answer = await site.forge.merges.call(merge(diverged))
    assert isinstance(answer, Refused)
    assert "rebase it, then conduct it again" in answer.reason
