"""What Gitea does where things go wrong, and what we make of it: run against the fake by ``make test``, and against a
real Gitea by ``make test-forge``, so that the fake is held to the real one.
"""

import re
from typing import Protocol

import pytest

from maestro.forges import Commented, Merged, Refused, Stated, StatusState
from maestro.forges.gitea import Gitea
from maestro.model.pull_request import PullRequest
from tests.forges.contract import Shown, comment, merge, status

GONE = "1" * 40


class GiteaSite(Protocol):
    """A Gitea with pull request 7 of ``feature`` into ``main``, where a stranger may write as well."""

    forge: Gitea
    pull_request: PullRequest

    def comments(self) -> list[str]: ...

    def statuses(self) -> list[Shown]: ...

    def base(self) -> str: ...

    def move_base(self) -> str: ...

    def move_head(self) -> str:
        """Let the author push another commit; the commit."""
        ...

    def change(self, **changes: str) -> None:
        """Change ``state`` or ``title`` of the pull request."""
        ...

    def remove_branch(self, name: str) -> None: ...

    def require(self, context: str) -> None:
        """Let ``main`` require a status in this context, and let us alone merge."""
        ...

    def comment_as_stranger(self, text: str) -> None: ...

    def state_as_stranger(self, state: str, link: str) -> None: ...

    def links(self) -> list[str]:
        """The links of the statuses that are shown."""
        ...


class GiteaContract:
    async def test_our_marker_in_somebody_else_s_comment_is_text(self, site: GiteaSite) -> None:
        await site.forge.comments.call(comment(site.pull_request, "Green."))
        [ours] = site.comments()
        forged = ours.replace("version=0", "version=999")
        site.comment_as_stranger(forged)
        answer = await site.forge.comments.call(comment(site.pull_request, "Red.", version=1))
        assert isinstance(answer, Commented)
        assert not answer.overtaken
        assert ["Red." in text for text in site.comments()] == [True, False]
        assert site.comments()[1] == forged

    async def test_our_marker_in_somebody_else_s_status_is_text(self, site: GiteaSite) -> None:
        await site.forge.statuses.call(status(site.pull_request, StatusState.SUCCESS))
        [ours] = site.links()
        site.state_as_stranger("success", ours.replace("version=0", "version=999"))
        answer = await site.forge.statuses.call(status(site.pull_request, StatusState.FAILURE, version=1))
        assert isinstance(answer, Stated)
        assert not answer.overtaken
        assert [shown.passes for shown in site.statuses()] == [False]

    async def test_what_somebody_states_upon_ours_is_stated_anew(self, site: GiteaSite) -> None:
        wanted = status(site.pull_request, StatusState.FAILURE, text="Red.")
        await site.forge.statuses.call(wanted)
        site.state_as_stranger("success", "https://stranger.example/")
        assert [shown.passes for shown in site.statuses()] == [True]
        assert await site.forge.statuses.ask(wanted) is None
        await site.forge.statuses.call(wanted)
        [shown] = site.statuses()
        assert not shown.passes
        assert "Red." in shown.text
        assert await site.forge.statuses.ask(wanted) is not None

    async def test_an_earlier_status_is_not_what_is_stated_anew(self, site: GiteaSite) -> None:
        early, late = (
            status(site.pull_request, state, version=version)
            for version, state in enumerate((StatusState.SUCCESS, StatusState.FAILURE))
        )
        await site.forge.statuses.call(late)
        site.state_as_stranger("success", "https://stranger.example/")
        answer = await site.forge.statuses.call(early)
        assert isinstance(answer, Stated)
        assert answer.overtaken
        assert [shown.passes for shown in site.statuses()] == [False]

    async def test_pull_requests_of_one_head_do_not_take_the_status_from_each_other(self, site: GiteaSite) -> None:
        other = site.pull_request.model_copy(update={"pr": "8"})
        wanted = status(site.pull_request, StatusState.SUCCESS)
        await site.forge.statuses.call(wanted)
        await site.forge.statuses.call(status(other, StatusState.FAILURE))
        answer = await site.forge.statuses.ask(wanted)
        assert isinstance(answer, Stated)
        assert not answer.overtaken
        assert [shown.passes for shown in site.statuses()] == [False]

    async def test_a_status_leads_to_the_card_or_to_the_pull_request(self, site: GiteaSite) -> None:
        await site.forge.statuses.call(status(site.pull_request, StatusState.IN_PROGRESS))
        assert [link.partition("#")[0] for link in site.links()] == ["https://maestro.example/card"]
        unlinked = status(site.pull_request, StatusState.SUCCESS, version=1).model_copy(update={"link": "javascript:x"})
        await site.forge.statuses.call(unlinked)
        assert [link.partition("#")[0].endswith(f"/{site.pull_request.repo}/pulls/7") for link in site.links()] == [
            True
        ]

    async def test_a_status_of_a_commit_that_is_gone_is_refused(self, site: GiteaSite) -> None:
        gone = site.pull_request.model_copy(update={"head_sha": GONE})
        wanted = status(gone, StatusState.SUCCESS)
        assert await site.forge.statuses.ask(wanted) is None
        answer = await site.forge.statuses.call(wanted)
        assert isinstance(answer, Refused)
        assert "no commit 111111111111 any more" in answer.reason

    @pytest.mark.parametrize(("pr", "words"), [("99", "#99|not found"), ("local-main", "no number")])
    async def test_a_pull_request_that_is_not_there_is_refused(self, site: GiteaSite, pr: str, words: str) -> None:
        nowhere = site.pull_request.model_copy(update={"pr": pr})
        for answer in (
            await site.forge.comments.call(comment(nowhere, "Green.")),
            await site.forge.merges.call(merge(nowhere)),
        ):
            assert isinstance(answer, Refused)
            assert re.search(words, answer.reason)
        assert await site.forge.comments.ask(comment(nowhere, "Green.")) is None
        assert await site.forge.pulls.get(nowhere.repo, pr) is None

    async def test_a_repository_that_is_gone_is_refused_by_all(self, site: GiteaSite) -> None:
        gone = site.pull_request.model_copy(update={"repo": "acme/gone"})
        for answer in (
            await site.forge.comments.call(comment(gone, "Green.")),
            await site.forge.statuses.call(status(gone, StatusState.SUCCESS)),
            await site.forge.merges.call(merge(gone)),
        ):
            assert isinstance(answer, Refused)
        assert await site.forge.pulls.get("acme/gone", "7") is None

    async def test_a_head_that_was_pushed_meanwhile_is_not_merged(self, site: GiteaSite) -> None:
        before = site.base()
        moved = site.move_head()
        answer = await site.forge.merges.call(merge(site.pull_request))
        assert answer == Refused(reason=f"the head has moved to {moved} since: conduct that one")
        assert site.base() == before

    @pytest.mark.parametrize(
        ("changes", "words"),
        [({"state": "closed"}, "is closed"), ({"title": "WIP: Change"}, "is a draft")],
    )
    async def test_what_is_not_open_to_be_merged_is_refused(
        self, site: GiteaSite, changes: dict[str, str], words: str
    ) -> None:
        before = site.base()
        site.change(**changes)
        answer = await site.forge.merges.call(merge(site.pull_request))
        assert isinstance(answer, Refused)
        assert words in answer.reason
        assert site.base() == before
        assert await site.forge.merges.ask(merge(site.pull_request)) is None

    async def test_a_required_status_is_waited_for_by_gitea_too(self, site: GiteaSite) -> None:
        site.require("maestro")
        before = site.base()
        for state in (StatusState.IN_PROGRESS, StatusState.ACTION_REQUIRED, StatusState.CANCELLED, StatusState.FAILURE):
            version = list(StatusState).index(state)
            await site.forge.statuses.call(status(site.pull_request, state, version=version))
            answer = await site.forge.merges.call(merge(site.pull_request))
            assert isinstance(answer, Refused), state
            assert "status check" in answer.reason
            assert site.base() == before
        await site.forge.statuses.call(status(site.pull_request, StatusState.SUCCESS, version=9))
        assert isinstance(await site.forge.merges.call(merge(site.pull_request)), Merged)
        assert site.base() == site.pull_request.head_sha

    async def test_a_pull_request_is_read_as_it_is_now(self, site: GiteaSite) -> None:
        pull_request = site.pull_request
        found = await site.forge.pulls.get(pull_request.repo, "7")
        assert found is not None
        seen = found.pull_request
        assert (seen.repo, seen.pr, seen.base_ref, seen.head_ref) == (pull_request.repo, "7", "main", "feature")
        assert (seen.head_sha, seen.base_sha) == (pull_request.head_sha, pull_request.base_sha)
        assert seen.repository == pull_request.repository
        assert (found.is_open, found.merged_sha, seen.is_draft, seen.is_from_fork) == (True, "", False, False)
        assert seen.author.login == "ada"
        moved = site.move_head()
        site.change(title="WIP: Change")
        found = await site.forge.pulls.get(pull_request.repo, "7")
        assert found is not None
        assert (found.pull_request.head_sha, found.pull_request.is_draft) == (moved, True)
        site.change(state="closed")
        found = await site.forge.pulls.get(pull_request.repo, "7")
        assert found is not None
        assert (found.is_open, found.merged_sha) == (False, "")

    async def test_what_landed_is_read_also_when_its_branch_is_gone(self, site: GiteaSite) -> None:
        await site.forge.merges.call(merge(site.pull_request))
        site.remove_branch("feature")
        found = await site.forge.pulls.get(site.pull_request.repo, "7")
        assert found is not None
        assert (found.is_open, found.merged_sha) == (False, site.pull_request.head_sha)
        assert found.pull_request.head_sha == site.pull_request.head_sha
