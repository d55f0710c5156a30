"""A pull request is read as it is at GitHub now, or said not to be there."""

from collections.abc import Callable

import httpx
import pytest

from maestro.errors import BadInput, PlatformUnavailable
from tests.forges.contract import merge
from tests.forges.github.fake import said
from tests.forges.github.site import BASE, HEAD, LATER, GitHubSite, site_of


@pytest.fixture
def site() -> GitHubSite:
    return site_of()


async def test_a_pull_request_is_read_as_it_is_now(site: GitHubSite) -> None:
    found = await site.forge.pulls.get("acme/shop", "7")
    assert found is not None
    seen = found.pull_request
    assert (seen.repo, seen.pr, seen.head_sha, seen.base_ref, seen.base_sha) == ("acme/shop", "7", HEAD, "main", BASE)
    assert seen.repository == "https://forge.example/acme/shop.git"
    assert (found.is_open, found.merged_sha, seen.is_draft, seen.is_from_fork) == (True, "", False, False)
    site.repo.pulls[7]["head"] = LATER
    found = await site.forge.pulls.get("acme/shop", "7")
    assert found is not None
    assert found.pull_request.head_sha == LATER


async def test_what_landed_and_what_was_only_closed_differ(site: GitHubSite) -> None:
    site.repo.pulls[8] = dict(site.repo.pulls[8]) | {"state": "closed", "landed": LATER}
    closed = await site.forge.pulls.get("acme/shop", "8")
    await site.forge.merges.call(merge(site.pull_request))
    merged = await site.forge.pulls.get("acme/shop", "7")
    assert closed is not None
    assert merged is not None
    assert (closed.is_open, closed.merged_sha, merged.is_open, merged.merged_sha) == (False, "", False, HEAD)


def gone_pull(site: GitHubSite) -> None:
    del site.repo.pulls[7]


def gone_repository(site: GitHubSite) -> None:
    site.fake.repos.clear()


@pytest.mark.parametrize("change", [gone_pull, gone_repository])
async def test_what_is_not_there_is_none(change: Callable[[GitHubSite], None], site: GitHubSite) -> None:
    change(site)
    assert await site.forge.pulls.get("acme/shop", "7") is None


@pytest.mark.parametrize("pr", ["local-main", "seven", "7/merge", "\u0667", "9" * 20, ""])
async def test_no_request_is_made_for_what_is_no_number(pr: str, site: GitHubSite) -> None:
    assert await site.forge.pulls.get("acme/shop", pr) is None
    assert site.fake.asked == []


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(said(500, "Server Error"), id="a failure of GitHub's"),
        pytest.param(httpx.ReadTimeout("slow"), id="no answer"),
        pytest.param(httpx.Response(200, text="<html>log in</html>"), id="a page"),
        pytest.param(httpx.Response(200, json={"number": "7"}), id="something else"),
    ],
)
async def test_a_forge_that_does_not_say_is_no_forge_without_it(
    answer: httpx.Response | Exception, site: GitHubSite
) -> None:
    site.fake.fault("GET", "pulls/7", answer, times=100)
    with pytest.raises(PlatformUnavailable):
        await site.forge.pulls.get("acme/shop", "7")


async def test_a_pull_request_that_no_forge_has_is_not_passed_on(site: GitHubSite) -> None:
    site.repo.pulls[7]["head"] = "HEAD"
    with pytest.raises(PlatformUnavailable) as failed:
        await site.forge.pulls.get("acme/shop", "7")
    assert "repos/acme/shop/pulls/7" in failed.value.field


async def test_credentials_that_may_not_look_are_said_to_be_wrong(site: GitHubSite) -> None:
    site.fake.fault("GET", "pulls/7", said(403, "Resource not accessible by integration"), times=100)
    with pytest.raises(BadInput, match="not accessible"):
        await site.forge.pulls.get("acme/shop", "7")
