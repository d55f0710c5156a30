"""GitHub where things go wrong: lost answers, limits, others who write, heads that move, refusals."""

import asyncio

import httpx
import pytest

from maestro.assurance.checks import checks_facts
from maestro.errors import PlatformUnavailable
from maestro.forges import Annotation, Button, Comment, Commented, Merged, Refused, Stated, StatusState
from maestro.forges.github import MergeMethod
from maestro.forges.github.check_runs import ANNOTATIONS_LIMIT
from maestro.model.decision import ActionKind
from tests.forges.clock import Clock
from tests.forges.contract import comment, merge, status
from tests.forges.github import shapes
from tests.forges.github.fake import APP_ID, APP_SLUG, said
from tests.forges.github.site import HEAD, LATER, GitHubSite, client, site_of

LOST = [
    pytest.param(httpx.ReadTimeout("slow"), id="an answer that took too long"),
    pytest.param(httpx.ReadError("reset"), id="a connection that broke"),
    pytest.param(said(502, "Server Error"), id="a failure on the way back"),
]


@pytest.fixture
def site() -> GitHubSite:
    return site_of()


@pytest.mark.parametrize("lost", LOST)
async def test_what_was_done_although_the_answer_was_lost_is_there_once(lost: httpx.Response | Exception) -> None:
    site = site_of()
    for method, path in (("POST", "comments"), ("POST", "check-runs"), ("PATCH", "git/refs")):
        site.fake.fault(method, path, lost, after=True)
    assert isinstance(await site.forge.comments.call(comment(site.pull_request, "Green.")), Commented)
    assert isinstance(await site.forge.statuses.call(status(site.pull_request, StatusState.SUCCESS)), Stated)
    assert isinstance(await site.forge.merges.call(merge(site.pull_request)), Merged)
    assert (len(site.comments()), len(site.repo.runs), site.base()) == (1, 1, HEAD)
    assert site.fake.count("PATCH", "git/refs") == 1


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
@pytest.mark.parametrize("lost", LOST)
async def test_a_merge_of_github_s_own_is_done_once(lost: httpx.Response | Exception, method: MergeMethod) -> None:
    site = site_of(method=method)
    site.fake.fault("PUT", "merge", lost, after=True)
    assert isinstance(await site.forge.merges.call(merge(site.pull_request)), Merged)
    landed = site.base()
    for answer in (
        await site.forge.merges.call(merge(site.pull_request)),
        await site.forge.merges.ask(merge(site.pull_request)),
    ):
        assert isinstance(answer, Merged)
        assert answer.found
    assert site.base() == landed
    assert site.fake.count("PUT", "merge") == 1


async def test_what_github_may_still_be_doing_is_left_to_who_asks_later(site: GitHubSite) -> None:
    wanted = comment(site.pull_request, "Green.")
    site.fake.fault("POST", "comments", httpx.ReadTimeout("slow"))
    with pytest.raises(PlatformUnavailable):
        await site.forge.comments.call(wanted)
    assert site.fake.count("POST", "comments") == 1
    # It comes after all, and whoever asks next finds it.
    await site.another().comments.call(wanted)
    assert isinstance(await site.forge.comments.ask(wanted), Commented)
    assert len(site.comments()) == 1


@pytest.mark.parametrize("failure", [said(500, "no"), said(503, "no"), said(429, "slow down", Retry_After="1")])
async def test_what_github_did_not_do_is_done_when_it_can(failure: httpx.Response, site: GitHubSite) -> None:
    for method, path in (("GET", "comments"), ("POST", "comments"), ("POST", "access_tokens")):
        site.fake.fault(method, path, failure)
    assert isinstance(await site.forge.comments.call(comment(site.pull_request, "Green.")), Commented)
    assert len(site.comments()) == 1


async def test_a_forge_that_fails_for_an_hour_is_an_error_and_no_answer(site: GitHubSite) -> None:
    site.fake.fault("GET", ".", said(500, "Server Error"), times=1_000)
    for call in (
        site.forge.comments.call(comment(site.pull_request, "Green.")),
        site.forge.statuses.call(status(site.pull_request, StatusState.SUCCESS)),
        site.forge.merges.call(merge(site.pull_request)),
        site.forge.checks(site.pull_request),
    ):
        with pytest.raises(PlatformUnavailable):
            await call
    assert not site.comments()
    assert not site.repo.runs


async def test_what_waits_for_a_limit_looks_again_before_it_writes(site: GitHubSite) -> None:
    site.fake.fault("POST", "comments", said(403, "You have exceeded a secondary rate limit", Retry_After="2"))
    newer = comment(site.pull_request, "Green.", version=1)

    class Meanwhile(Clock):
        async def sleep(self, seconds: float) -> None:
            await super().sleep(seconds)
            await site.another().comments.call(newer)

    slow = client(site.fake, clock=Meanwhile())
    answer = await slow.comments.call(comment(site.pull_request, "A person?"))
    assert isinstance(answer, Commented)
    assert answer.overtaken
    assert ["Green." in text for text in site.comments()] == [True]


async def test_a_token_that_github_takes_no_more_is_renewed(site: GitHubSite) -> None:
    await site.forge.comments.call(comment(site.pull_request, "Green."))
    site.fake.tokens.clear()
    assert isinstance(await site.forge.comments.call(comment(site.pull_request, "Red.", version=1)), Commented)
    assert site.fake.count("POST", "access_tokens") == 2


async def test_a_token_is_made_once_for_all_who_need_it_and_again_before_it_ends(site: GitHubSite) -> None:
    others = [site.pull_request.model_copy(update={"pr": str(number)}) for number in range(8)]
    await asyncio.gather(*(site.forge.comments.call(comment(each, "Green.")) for each in others))
    assert site.fake.count("POST", "access_tokens") == 1
    ending = site_of()
    ending.fake.expires_at = "2026-01-01T00:00:00Z"
    await ending.forge.comments.call(comment(ending.pull_request, "Green."))
    assert ending.fake.count("POST", "access_tokens") > 1


async def test_two_processes_that_write_the_first_comment_leave_one(site: GitHubSite) -> None:
    elsewhere = comment(site.pull_request, "Green.", version=1)
    stamp = f"<!-- maestro key={elsewhere.key} version=1 at={elsewhere.at.isoformat()} -->\n\nGreen."

    def other_process(method: str, path: str) -> None:
        if method == "POST" and path.endswith("comments") and not site.repo.comments:
            site.repo.comments.append(shapes.comment(999, "7", stamp, user=shapes.bot(APP_SLUG)))

    site.fake.before = other_process
    answer = await site.forge.comments.call(comment(site.pull_request, "A person?"))
    assert isinstance(answer, Commented)
    assert answer.overtaken
    assert site.comments() == [stamp]


async def test_our_marker_in_somebody_else_s_comment_is_text(site: GitHubSite) -> None:
    await site.forge.comments.call(comment(site.pull_request, "Green."))
    ours = site.repo.comments[0]["body"]
    forged = ours.replace("version=0", "version=999")
    site.repo.comments.insert(0, shapes.comment(1, "7", forged, user=shapes.user("mallory", 666)))
    answer = await site.forge.comments.call(comment(site.pull_request, "Red.", version=1))
    assert isinstance(answer, Commented)
    assert not answer.overtaken
    assert "Red." in site.comments()[1]
    assert site.comments()[0] == forged


async def test_our_own_comment_is_found_behind_a_thousand_others(site: GitHubSite) -> None:
    everybody = shapes.user("grace", 5)
    site.repo.comments += [shapes.comment(number, "7", "Nice!", user=everybody) for number in range(1_000)]
    for version in range(3):
        await site.forge.comments.call(comment(site.pull_request, f"Version {version}.", version=version))
    assert next(text for text in site.comments() if "Nice!" not in text).endswith("Version 2.")
    assert len(site.comments()) == 1_001


async def test_a_new_head_takes_the_comment_over_and_the_old_one_comes_too_late(site: GitHubSite) -> None:
    old, new = site.pull_request, site.pull_request.model_copy(update={"head_sha": LATER})
    await site.forge.comments.call(comment(old, "Old."))
    site.repo.pulls[7]["head"] = LATER
    first = comment(new, "New.", later=5)
    assert await site.forge.comments.ask(first) is None
    await site.forge.comments.call(first)
    assert ["New." in text for text in site.comments()] == [True]
    # Later by the clock and in version, and about a head that is gone.
    late = comment(old, "Old, cancelled.", version=4, later=60)
    for answer in (await site.forge.comments.call(late), await site.forge.comments.ask(late)):
        assert isinstance(answer, Commented)
        assert answer.overtaken
    assert ["New." in text for text in site.comments()] == [True]


async def test_a_comment_longer_than_github_takes_is_cut_and_says_so(site: GitHubSite) -> None:
    text = "```\n" + "ä line of output\n" * 9_000
    assert isinstance(await site.forge.comments.call(comment(site.pull_request, text)), Commented)
    [shown] = site.comments()
    assert shown.endswith("left out here")
    assert shown.count("```") == 2


async def test_failures_stand_at_their_lines_in_batches_that_github_takes(site: GitHubSite) -> None:
    await site.forge.statuses.call(status(site.pull_request, StatusState.FAILURE, failures=120))
    [run] = site.repo.runs
    assert [each["start_line"] for each in site.repo.annotations[run["id"]]] == list(range(1, 121))
    assert site.fake.count("PATCH", "check-runs") == 2


async def test_a_crash_between_batches_neither_loses_nor_repeats_a_failure(site: GitHubSite) -> None:
    wanted = status(site.pull_request, StatusState.FAILURE, failures=120)
    site.fake.fault("PATCH", "check-runs", httpx.ReadTimeout("slow"), times=1)
    with pytest.raises(PlatformUnavailable):
        await site.forge.statuses.call(wanted)
    assert await site.forge.statuses.ask(wanted) is None
    await site.another().statuses.call(wanted)
    [run] = site.repo.runs
    assert [each["start_line"] for each in site.repo.annotations[run["id"]]] == list(range(1, 121))


async def test_failures_that_are_none_any_more_are_not_shown(site: GitHubSite) -> None:
    await site.forge.statuses.call(status(site.pull_request, StatusState.FAILURE, failures=2))
    await site.forge.statuses.call(status(site.pull_request, StatusState.FAILURE, version=1, failures=3))
    assert [len(site.repo.annotations[run["id"]]) for run in site.repo.runs] == [3]
    await site.forge.statuses.call(status(site.pull_request, StatusState.SUCCESS, version=2))
    assert [len(site.repo.annotations[run["id"]]) for run in site.repo.runs] == [3, 0]
    [shown] = site.statuses()
    assert shown.passes


async def test_more_failures_than_anybody_reads_are_counted(site: GitHubSite) -> None:
    await site.forge.statuses.call(status(site.pull_request, StatusState.FAILURE, failures=ANNOTATIONS_LIMIT + 7))
    [run] = site.repo.runs
    assert len(site.repo.annotations[run["id"]]) == ANNOTATIONS_LIMIT
    assert "7 more failures are on the card" in run["output"]["summary"]


async def test_buttons_and_summary_fit_what_github_takes(site: GitHubSite) -> None:
    wanted = status(site.pull_request, StatusState.ACTION_REQUIRED).model_copy(
        update={
            "summary": "ä" * 70_000,
            "buttons": tuple(
                Button(kind=kind, label="Escalate to every test 👩‍💻 there is", effect="é" * 100) for kind in ActionKind
            ),
        }
    )
    assert isinstance(await site.forge.statuses.call(wanted), Stated)
    [run] = site.repo.runs
    assert len(run["output"]["summary"].encode()) <= 65_535
    assert run["conclusion"] == "action_required"
    assert run["external_id"] == wanted.key
    assert run["details_url"] == wanted.link
    actions = site.repo.actions[run["id"]]
    assert [action["identifier"] for action in actions] == ["approve", "reject", "escalate_tests"]
    assert all(len(action["label"]) <= 20 and len(action["description"]) <= 40 for action in actions)
    assert all(len(kind.value) <= 20 for kind in ActionKind)


async def test_what_no_text_can_carry_is_sent_as_far_as_it_can_be(site: GitHubSite) -> None:
    odd = "name\udcff\x00\x1b[2J"
    wanted = status(site.pull_request, StatusState.FAILURE, text=odd)
    wanted = wanted.model_copy(update={"annotations": (Annotation(path=odd, line=0, title=odd, message=odd),)})
    assert isinstance(await site.forge.statuses.call(wanted), Stated)
    assert isinstance(await site.forge.statuses.ask(wanted), Stated)
    assert isinstance(await site.forge.comments.call(comment(site.pull_request, odd)), Commented)
    [run] = site.repo.runs
    assert [each["start_line"] for each in site.repo.annotations[run["id"]]] == [1]


async def test_a_check_run_of_another_app_is_not_taken_for_ours(site: GitHubSite) -> None:
    await site.forge.statuses.call(status(site.pull_request, StatusState.FAILURE, version=1))
    other = site.repo.runs[0] | {"id": 1, "app": shapes.app(5, "mallory")}
    other["output"] = other["output"] | {"summary": other["output"]["summary"].replace("version=1", "version=999")}
    site.repo.runs.insert(0, other)
    answer = await site.forge.statuses.call(status(site.pull_request, StatusState.SUCCESS, version=2))
    assert isinstance(answer, Stated)
    assert not answer.overtaken
    assert other["conclusion"] == "failure"
    [shown] = site.statuses()
    assert shown.passes


async def test_a_run_that_came_late_is_not_left_open_when_all_has_ended(site: GitHubSite) -> None:
    await site.forge.statuses.call(status(site.pull_request, StatusState.IN_PROGRESS))
    late = site.repo.runs[0] | {"id": 999_999}
    site.repo.runs.append(late | {"output": dict(late["output"])})
    await site.forge.statuses.call(status(site.pull_request, StatusState.SUCCESS, version=1))
    assert [(run["status"], run["conclusion"]) for run in site.repo.runs] == [("completed", "success")] * 2


@pytest.mark.parametrize(
    "change",
    [{"pr": "local-main"}, {"repo": "shop"}, {"repo": "acme/.."}, {"repo": "acme/shop/deep"}, {"repo": "acme/none"}],
)
async def test_what_github_cannot_know_is_refused(change: dict[str, str], site: GitHubSite) -> None:
    pull_request = site.pull_request.model_copy(update=change)
    wanted: Comment = comment(pull_request, "Green.")
    assert await site.forge.comments.ask(wanted) is None
    assert isinstance(await site.forge.comments.call(wanted), Refused)
    assert isinstance(await site.forge.merges.call(merge(pull_request)), Refused)


async def test_what_others_checks_say_is_read_whole_and_without_our_own(site: GitHubSite) -> None:
    await site.forge.statuses.call(status(site.pull_request, StatusState.IN_PROGRESS))
    for number in range(250):
        run = shapes.run(number + 1, 5, "builder") | {"name": f"build {number}", "head_sha": HEAD}
        site.repo.runs.append(run | {"status": "completed", "conclusion": "failure" if number == 249 else "success"})
    site.repo.statuses += [{"id": number, "context": f"lint {number}", "state": "success"} for number in range(3)]
    site.repo.required = ("build 1", "Maestro", "lint 2")
    read = await site.forge.checks(site.pull_request)
    assert read.required == ("build 1", "lint 2")
    facts = checks_facts(read.document, required=read.required, head_sha=HEAD)
    assert (facts.total, facts.failed, facts.required) == (253, ("build 249",), "pass")


async def test_required_checks_that_nobody_may_read_are_not_taken_for_none(site: GitHubSite) -> None:
    site.fake.fault("GET", "rules", said(403, "Resource not accessible by integration"))
    assert (await site.forge.checks(site.pull_request)).required is None


async def test_checks_that_change_while_they_are_read_are_no_answer(site: GitHubSite) -> None:
    for number in range(150):
        site.repo.runs.append(shapes.run(number + 1, 5, "builder") | {"name": f"b{number}", "head_sha": HEAD})

    def another(method: str, path: str) -> None:
        number = len(site.repo.runs)
        site.repo.runs.insert(0, shapes.run(number + 1, 5, "builder") | {"name": f"b{number}", "head_sha": HEAD})

    site.fake.before = another
    with pytest.raises(PlatformUnavailable, match="change while they are read"):
        await site.forge.checks(site.pull_request)


async def test_nothing_that_anybody_sees_has_a_secret_in_it(site: GitHubSite, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    site.fake.fault("POST", "comments", httpx.ReadTimeout("slow"))
    with pytest.raises(PlatformUnavailable) as failed:
        await site.forge.comments.call(comment(site.pull_request, "Green."))
    seen = f"{failed.value!r} {failed.value} {failed.value.__cause__!r} {vars(site.forge)!r} {caplog.text}"
    assert "PRIVATE KEY" not in seen
    assert not any(token in seen for token in site.fake.tokens)
    assert str(APP_ID) not in caplog.text
