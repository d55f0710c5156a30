"""Our client and our fake of GitHub, both held against GitHub's own description of its API; and its example deliveries.

What the fake answers is worth as much as it is like GitHub. So every request of ours and every answer of the fake's
goes through the description, while the contract of forges and the rest of what we do runs.
"""

import contextlib
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import httpx
import pytest

from maestro.errors import MaestroError
from maestro.forges import Merged, Refused, Stated, StatusState
from maestro.forges.github import MergeMethod
from tests.forges.contract import ForgeContract, StatusContract, comment, merge, status
from tests.forges.github import examples, shapes
from tests.forges.github.fake import FakeGitHub
from tests.forges.github.site import HEAD, LATER, GitHubSite, client, site_of
from tests.outside.octokit import description, webhook_examples
from tests.outside.openapi import Description

PREFIX = "/api/v3"
ACTION = {"label": "x", "description": "y", "identifier": "z"}


@cache
def github() -> Description:
    return Description(description())


class Held(httpx.AsyncBaseTransport):
    """Lets everything through, and notes what the description does not allow."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner = inner
        self.violations: list[str] = []
        self.operations: set[str] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode().partition("?")[0].removeprefix(PREFIX)
        operation = github().operation(request.method, path)
        answer = await self.inner.handle_async_request(request)
        if operation is None:
            self.violations.append(f"{request.method} {path}: no such operation")
            return answer
        self.operations.add(str(operation))
        query = request.url.query.decode()
        self.violations += github().request_violations(operation, query=query, body=request.content)
        self.violations += github().answer_violations(operation, status=answer.status_code, body=answer.content)
        return answer


@pytest.fixture(scope="module")
def seen() -> set[str]:
    """What was asked for in this module, as it goes on."""
    return set()


@pytest.fixture
def held(seen: set[str]) -> Iterator[list[Held]]:
    """What stood between our client and a fake in this test, without one violation."""
    made: list[Held] = []
    yield made
    assert made
    for each in made:
        assert each.violations == []
        seen |= each.operations


def held_site(held: list[Held], *, method: MergeMethod = "fast-forward") -> GitHubSite:
    def between(fake: FakeGitHub) -> Held:
        held.append(Held(fake))
        return held[-1]

    return site_of(method=method, between=between)


class TestForge(ForgeContract):
    @pytest.fixture
    def site(self, held: list[Held]) -> GitHubSite:
        return held_site(held)


class TestStatuses(StatusContract):
    @pytest.fixture
    def site(self, held: list[Held]) -> GitHubSite:
        return held_site(held)


@pytest.mark.parametrize("method", ["fast-forward", "merge", "squash", "rebase"])
async def test_merges_and_refusals_are_as_described(method: MergeMethod, held: list[Held]) -> None:
    site = held_site(held, method=method)
    site.repo.refuses = "Required status check “build” is expected."
    assert isinstance(await site.forge.merges.call(merge(site.pull_request)), Refused)
    site.repo.refuses = ""
    assert isinstance(await site.forge.merges.call(merge(site.pull_request)), Merged)
    site.move_base()
    assert isinstance(await site.forge.merges.call(merge(site.pull_request)), Merged)


async def test_batches_of_failures_are_as_described(held: list[Held]) -> None:
    site = held_site(held)
    for version, failures in enumerate((120, 130, 0)):
        wanted = status(site.pull_request, StatusState.FAILURE, version=version, failures=failures)
        assert isinstance(await site.forge.statuses.call(wanted), Stated)


async def test_a_comment_that_is_there_twice_or_about_another_head_is_as_described(held: list[Held]) -> None:
    site = held_site(held)
    await site.forge.comments.call(comment(site.pull_request, "Old."))
    site.repo.comments.append(site.repo.comments[0] | {"id": 5})
    site.repo.pulls[7]["head"] = LATER
    await site.forge.comments.call(comment(site.pull_request.model_copy(update={"head_sha": LATER}), "New."))
    assert len(site.comments()) == 1


async def test_a_pull_request_that_is_read_is_as_described(held: list[Held]) -> None:
    site = held_site(held)
    opened = await site.forge.pulls.get("acme/shop", "7")
    await site.forge.merges.call(merge(site.pull_request))
    merged = await site.forge.pulls.get("acme/shop", "7")
    assert opened is not None
    assert merged is not None
    assert (opened.is_open, merged.is_open, merged.merged_sha) == (True, False, HEAD)
    assert await site.forge.pulls.get("acme/shop", "99") is None


async def test_checks_are_as_described(held: list[Held]) -> None:
    site = held_site(held)
    for number in range(150):
        site.repo.runs.append(shapes.run(number + 1, 5, "builder") | {"name": f"b{number}", "head_sha": HEAD})
    site.repo.statuses.append({"id": 1, "context": "lint", "state": "success"})
    site.repo.required = ("lint",)
    assert (await site.forge.checks(site.pull_request)).required == ("lint",)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param({"conclusion": "splendid"}, "splendid", id="a conclusion that there is not"),
        pytest.param({"details": "x"}, "no field 'details'", id="a field that there is not"),
        pytest.param({"name": 5}, "5 is not of type", id="a number for a name"),
        pytest.param(
            {"actions": [{"label": "x" * 21, "description": "y", "identifier": "z"}]},
            "longer than 20",
            id="a long label",
        ),
        pytest.param({"actions": [{"label": "x", "description": "y"}]}, "identifier", id="a field that is missing"),
    ],
)
async def test_a_wrong_request_is_found(change: dict[str, object], words: str) -> None:
    found = await _posted({"name": "Maestro", "head_sha": HEAD} | change)
    assert any(words in violation for violation in found), found


async def test_a_right_request_is_right() -> None:
    assert await _posted({"name": "Maestro", "head_sha": HEAD}) == []


async def _posted(body: dict[str, object]) -> list[str]:
    operation = github().operation("POST", "/repos/acme/shop/check-runs")
    assert operation is not None
    return list(github().request_violations(operation, query="", body=json.dumps(body).encode()))


async def test_a_wrong_query_is_found() -> None:
    operation = github().operation("GET", f"/repos/acme/shop/commits/{HEAD}/check-runs")
    assert operation is not None
    found = list(github().request_violations(operation, query="filter=none&per_page=x&pages=1", body=b""))
    assert len(found) == 3, found


@pytest.mark.parametrize(
    ("status_code", "change", "words"),
    [
        pytest.param(200, {"merged": "yes"}, "merged", id="a word for a truth"),
        pytest.param(200, {"sha": None}, "sha", id="nothing for a commit"),
        pytest.param(418, {}, "418 is not described", id="a status that there is not"),
    ],
)
async def test_a_wrong_answer_is_found(status_code: int, change: dict[str, object], words: str) -> None:
    class Wrong(FakeGitHub):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            answer = await super().handle_async_request(request)
            if request.method == "PUT":
                return httpx.Response(status_code, json=answer.json() | change)
            return answer

    site = site_of(method="merge")
    wrong = Wrong()
    wrong.repos = site.fake.repos
    held = Held(wrong)
    forge = client(held, method="merge")
    # What our client makes of it is another test's matter.
    with contextlib.suppress(MaestroError):
        await forge.merges.call(merge(site.pull_request))
    assert any(words in violation for violation in held.violations), held.violations


def test_everything_that_the_fake_can_do_was_held_against_the_description(seen: set[str]) -> None:
    assert len(seen) == 19, sorted(seen)


def test_all_of_github_s_example_deliveries_are_read_as_the_page_says() -> None:
    every = list(webhook_examples())
    assert len(every) == 329
    assert examples.representatives(every) == examples.vendored()
    page = Path(__file__).parents[2] / "docs" / "forges" / "github.md"
    assert examples.table(examples.representatives(every)) in page.read_text(encoding="utf-8")
