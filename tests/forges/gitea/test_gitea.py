"""Gitea where things go wrong: lost answers, others who write, branches that move, a forge that thinks or fails."""

import httpx
import pytest

from maestro.errors import BadInput, IntegrityError, PlatformUnavailable
from maestro.forges import Commented, Merged, Refused, Stated, StatusState
from maestro.forges.gitea import CONTEXT, Gitea
from maestro.forges.http import Secret
from tests.forges.contract import comment, merge, status
from tests.forges.gitea.fake import BOT, WEB, said
from tests.forges.gitea.site import HEAD, LATER, TOKEN, FakeSite, client, site_of

LOST = [
    pytest.param(httpx.ReadTimeout("slow"), id="an answer that took too long"),
    pytest.param(httpx.ReadError("reset"), id="a connection that broke"),
    pytest.param(said(502, "Bad Gateway"), id="a failure on the way back"),
]


@pytest.fixture
def site() -> FakeSite:
    return site_of()


@pytest.mark.parametrize("lost", LOST)
async def test_what_was_done_although_the_answer_was_lost_is_there_once(lost: httpx.Response | Exception) -> None:
    site = site_of()
    for path in ("comments", "statuses", "merge"):
        site.fake.fault("POST", path, lost, after=True)
    assert isinstance(await site.forge.comments.call(comment(site.pull_request, "Green.")), Commented)
    assert isinstance(await site.forge.statuses.call(status(site.pull_request, StatusState.SUCCESS)), Stated)
    assert isinstance(await site.forge.merges.call(merge(site.pull_request)), Merged)
    assert (len(site.comments()), len(site.repo.statuses), site.base()) == (1, 1, HEAD)
    assert site.fake.count("POST", "merge") == 1


@pytest.mark.parametrize("failure", [said(500, "no"), said(503, "no"), said(429, "slow down", Retry_After="1")])
async def test_what_gitea_did_not_do_is_done_when_it_can(failure: httpx.Response, site: FakeSite) -> None:
    for method, path in (("GET", "comments"), ("POST", "comments"), ("POST", "statuses"), ("POST", "merge")):
        site.fake.fault(method, path, failure)
    assert isinstance(await site.forge.comments.call(comment(site.pull_request, "Green.")), Commented)
    assert isinstance(await site.forge.statuses.call(status(site.pull_request, StatusState.SUCCESS)), Stated)
    assert isinstance(await site.forge.merges.call(merge(site.pull_request)), Merged)


async def test_a_forge_that_fails_for_an_hour_is_an_error_and_no_answer(site: FakeSite) -> None:
    site.fake.fault("GET", ".", said(500, "Internal Server Error"), times=1_000)
    for call in (
        site.forge.comments.call(comment(site.pull_request, "Green.")),
        site.forge.statuses.call(status(site.pull_request, StatusState.SUCCESS)),
        site.forge.merges.call(merge(site.pull_request)),
        site.forge.pulls.get("acme/shop", "7"),
    ):
        with pytest.raises(PlatformUnavailable):
            await call
    assert not site.comments()
    assert not site.repo.statuses


async def test_a_merge_waits_while_gitea_thinks(site: FakeSite) -> None:
    site.repo.checks = 3
    assert isinstance(await site.forge.merges.call(merge(site.pull_request)), Merged)
    assert site.base() == HEAD


async def test_a_gitea_that_never_ends_thinking_is_asked_again_later(site: FakeSite) -> None:
    site.repo.checks = 1_000
    with pytest.raises(PlatformUnavailable, match="not yet computed"):
        await site.forge.merges.call(merge(site.pull_request))
    assert site.base() == site.pull_request.base_sha


async def test_a_base_that_moves_in_the_last_moment_stays_where_it_is(site: FakeSite) -> None:
    moved: list[str] = []

    def push(method: str, path: str) -> None:
        if (method, moved) == ("POST", []):
            moved.append(site.move_base())

    site.fake.before = push
    answer = await site.forge.merges.call(merge(site.pull_request))
    assert answer == Refused(reason=f"the base has moved to {moved[0]} since: conduct it again")
    assert site.base() == moved[0]


async def test_a_head_that_moves_in_the_last_moment_is_not_merged(site: FakeSite) -> None:
    def push(method: str, path: str) -> None:
        if method == "POST":
            site.move_head()

    site.fake.before = push
    answer = await site.forge.merges.call(merge(site.pull_request))
    assert answer == Refused(reason=f"the head has moved to {LATER} since: conduct that one")
    assert site.base() == site.pull_request.base_sha


async def test_a_merge_that_moved_nothing_is_said_aloud(site: FakeSite) -> None:
    site.fake.fault("POST", "merge", httpx.Response(200))
    with pytest.raises(IntegrityError, match="does not contain it"):
        await site.forge.merges.call(merge(site.pull_request))


async def test_what_somebody_merged_in_another_way_names_the_commit_that_landed(site: FakeSite) -> None:
    landed = site.move_base()
    site.repo.pulls[7] |= {"state": "closed", "merged": True, "landed": landed}
    answer = await site.forge.merges.call(merge(site.pull_request))
    assert answer == Merged(base_ref="main", head_sha=HEAD, found=True, landed=landed)


async def test_a_head_that_is_not_on_top_of_its_base_is_not_merged(site: FakeSite) -> None:
    diverged = site.pull_request.model_copy(update={"merge_base_sha": "e" * 40})
    answer = await site.forge.merges.call(merge(diverged))
    assert isinstance(answer, Refused)
    assert "rebase it, then conduct it again" in answer.reason
    assert site.fake.count("POST", "merge") == 0


async def test_a_base_that_no_branch_named_is_not_merged_into(site: FakeSite) -> None:
    unnamed = site.pull_request.model_copy(update={"base_ref": ""})
    answer = await site.forge.merges.call(merge(unnamed))
    assert isinstance(answer, Refused)
    assert "no branch" in answer.reason


async def test_a_repository_without_fast_forward_says_so(site: FakeSite) -> None:
    words = "fast-forward-only is not allowed an allowed merge style for this repository"
    site.fake.fault("POST", "merge", said(405, words))
    answer = await site.forge.merges.call(merge(site.pull_request))
    assert isinstance(answer, Refused)
    assert words in answer.reason


async def test_our_status_is_found_behind_many_others_and_behind_a_proxy(site: FakeSite) -> None:
    """Gitea names its pages at the address that browsers use, where our token is not sent."""
    wanted = status(site.pull_request, StatusState.SUCCESS)
    await site.forge.statuses.call(wanted)
    for number in range(120):
        body = {"state": "success", "context": f"build {number}"}
        site.fake.state(site.repo, HEAD, body, login="ci")
    assert isinstance(await site.another().statuses.ask(wanted), Stated)
    await site.another().statuses.call(wanted)
    assert sum(each["context"] == CONTEXT for each in site.repo.statuses) == 1


async def test_what_comes_late_from_a_frozen_process_is_put_right(site: FakeSite) -> None:
    """Frozen between its look and its request, while a later version was stated."""
    slow = status(site.pull_request, StatusState.SUCCESS, version=1)
    await site.forge.statuses.call(slow)
    [late] = site.repo.statuses
    newer = status(site.pull_request, StatusState.FAILURE, version=2, text="Red.")

    def other_process(method: str, path: str) -> None:
        if method == "POST" and len(site.repo.statuses) == 1:
            body = {"state": "failure", "context": CONTEXT, "description": "Red."}
            link = late["target_url"].replace(slow.key.rpartition("/")[2], newer.key.rpartition("/")[2])
            link = link.replace("version=1", "version=2")
            site.fake.state(site.repo, HEAD, body | {"target_url": link}, login=BOT)

    site.fake.before = other_process
    later = status(site.pull_request, StatusState.SUCCESS, version=1, later=5)
    answer = await site.forge.statuses.call(later)
    assert isinstance(answer, Stated)
    assert answer.overtaken
    [shown] = site.statuses()
    assert not shown.passes
    assert "Red." in shown.text


async def test_two_processes_that_write_the_first_comment_leave_one(site: FakeSite) -> None:
    elsewhere = comment(site.pull_request, "Green.", version=1)
    stamp = f"<!-- maestro key={elsewhere.key} version=1 at={elsewhere.at.isoformat()} -->\n\nGreen."

    def other_process(method: str, path: str) -> None:
        if method == "POST" and not site.repo.comments:
            site.fake.comment(site.repo, "7", stamp, login=BOT)

    site.fake.before = other_process
    answer = await site.forge.comments.call(comment(site.pull_request, "A person?"))
    assert isinstance(answer, Commented)
    assert site.comments() == [stamp]


@pytest.mark.parametrize("link", ["", "javascript:alert(1)", "https://x/" + "y" * 3_000])
async def test_a_link_that_is_none_leads_to_the_pull_request(link: str, site: FakeSite) -> None:
    wanted = status(site.pull_request, StatusState.SUCCESS).model_copy(update={"link": link})
    await site.forge.statuses.call(wanted)
    assert [found.partition("#")[0] for found in site.links()] == [f"{WEB}/acme/shop/pulls/7"]
    assert await site.forge.statuses.ask(wanted) is not None


@pytest.mark.parametrize(
    "mark",
    [
        "",
        "maestro",
        "maestro=x&version=1",
        "maestro=x&version=-1&at=2026-03-01T12:00:00%2B00:00",
        "maestro=x&version=1&at=yesterday",
        "maestro=x&version=1&at=2026-03-01T12:00:00",
        "&".join(["a=b"] * 1_000),
    ],
)
async def test_a_status_of_ours_without_a_readable_mark_is_nobody_s(mark: str, site: FakeSite) -> None:
    body = {"state": "success", "context": CONTEXT, "target_url": f"https://maestro.example/card#{mark}"}
    site.fake.state(site.repo, HEAD, body, login=BOT)
    wanted = status(site.pull_request, StatusState.FAILURE)
    assert await site.forge.statuses.ask(wanted) is None
    await site.forge.statuses.call(wanted)
    assert [shown.passes for shown in site.statuses()] == [False]


async def test_a_token_that_is_wrong_is_said_to_be_and_is_in_no_text(site: FakeSite) -> None:
    forge = client(site.fake, token="another-token")
    for answer in (
        await forge.comments.call(comment(site.pull_request, "Green.")),
        await forge.statuses.call(status(site.pull_request, StatusState.SUCCESS)),
        await forge.merges.call(merge(site.pull_request)),
    ):
        assert isinstance(answer, Refused)
        assert "check the token" in answer.reason
        assert "another-token" not in answer.reason
    with pytest.raises(BadInput) as refused:
        await forge.pulls.get("acme/shop", "7")
    assert "another-token" not in str(refused.value)


@pytest.mark.parametrize("address", ["http://forge.example", "https://ada:secret@forge.example", "forge.example"])
def test_an_address_that_would_tell_the_token_is_refused(address: str) -> None:
    with pytest.raises(BadInput):
        Gitea(Secret(TOKEN), base_url=address)


async def test_an_unreadable_answer_is_no_forge_without_it(site: FakeSite) -> None:
    for answer in (httpx.Response(200, text="<html>log in</html>"), httpx.Response(200, json={"number": "7"})):
        site.fake.fault("GET", "pulls/7", answer)
        with pytest.raises(PlatformUnavailable):
            await site.forge.pulls.get("acme/shop", "7")
    site.repo.pulls[7]["head"] = "HEAD"
    with pytest.raises(PlatformUnavailable) as failed:
        await site.forge.pulls.get("acme/shop", "7")
    assert "repos/acme/shop/pulls/7" in failed.value.field


@pytest.mark.parametrize("pr", ["local-main", "7/merge", "\u0667", "9" * 20, ""])
async def test_no_request_is_made_for_what_is_no_number(pr: str, site: FakeSite) -> None:
    assert await site.forge.pulls.get("acme/shop", pr) is None
    assert site.fake.asked == []
