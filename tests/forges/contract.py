"""What every forge has to keep, whatever it is made of. A forge's own test file inherits these tests and gives a
``site``: the forge, a pull request of a head that can be merged, and a way to look at both from outside.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

import pytest

from maestro.forges import (
    Annotation,
    Button,
    Comment,
    Commented,
    Forge,
    Merge,
    Merged,
    Refused,
    Stated,
    Status,
    StatusForge,
    StatusState,
)
from maestro.model.decision import ActionKind
from maestro.model.pull_request import PullRequest

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Site(Protocol):
    """A forge with one pull request, and what somebody sees who looks at the forge and not at Maestro."""

    forge: Forge
    pull_request: PullRequest

    def comments(self) -> list[str]:
        """Every comment on the head, as text."""
        ...

    def base(self) -> str:
        """The commit that the base branch is at."""
        ...

    def move_base(self) -> str:
        """Let somebody else add a commit to the base branch; the commit."""
        ...


class Shown(NamedTuple):
    """A status as somebody sees it at the forge: whether it lets the head pass, whether it has ended, what it says."""

    passes: bool
    has_ended: bool
    text: str


class StatusSite(Protocol):
    """As ``Site``, of a forge that shows statuses."""

    forge: StatusForge
    pull_request: PullRequest

    def statuses(self) -> list[Shown]:
        """Every status of ours that the forge shows on the head."""
        ...


def comment(pull_request: PullRequest, text: str, *, version: int = 0, later: int = 0) -> Comment:
    return Comment(
        pull_request=pull_request,
        key=pull_request.key("comment", f"{version}.{abs(hash((text, later))):x}"),
        version=version,
        at=AT + timedelta(seconds=later),
        text=text,
    )


def merge(pull_request: PullRequest) -> Merge:
    return Merge(pull_request=pull_request, key=pull_request.key("merge"))


def status(
    pull_request: PullRequest,
    state: StatusState,
    *,
    version: int = 0,
    later: int = 0,
    text: str = "",
    failures: int = 0,
) -> Status:
    annotations = [Annotation(path="a.txt", line=n + 1, title=f"test {n}", message="failed") for n in range(failures)]
    return Status(
        pull_request=pull_request,
        key=pull_request.key("status", f"{version}.{state.value}.{abs(hash((text, later))):x}"),
        version=version,
        at=AT + timedelta(seconds=later),
        state=state,
        title=text or state.value,
        summary=f"**{text or state.value}**",
        link="https://maestro.example/card",
        annotations=tuple(annotations),
        buttons=tuple(Button(kind=kind, label=kind.value, effect=f"it is {kind.value}") for kind in ActionKind),
    )


class ForgeContract:
    async def test_a_comment_is_found_by_its_key_and_written_once(self, site: Site) -> None:
        wanted = comment(site.pull_request, "All green.")
        assert await site.forge.comments.ask(wanted) is None
        written = await site.forge.comments.call(wanted)
        assert await site.forge.comments.call(wanted) == written
        assert await site.forge.comments.ask(wanted) == written
        [text] = site.comments()
        assert "All green." in text

    async def test_a_later_version_takes_the_place_of_the_earlier_one(self, site: Site) -> None:
        first, second = (comment(site.pull_request, text, version=n) for n, text in enumerate(("A person?", "Green.")))
        await site.forge.comments.call(first)
        assert await site.forge.comments.ask(second) is None
        await site.forge.comments.call(second)
        [text] = site.comments()
        assert "Green." in text
        assert "A person?" not in text

    async def test_who_comes_late_with_an_earlier_version_changes_nothing(self, site: Site) -> None:
        early = comment(site.pull_request, "A person?", later=0)
        # Of one version, because what the first had counted was lost with an unreplicated tail.
        late = comment(site.pull_request, "Green.", later=5)
        await site.forge.comments.call(late)
        for answer in (await site.forge.comments.ask(early), await site.forge.comments.call(early)):
            assert isinstance(answer, Commented)
            assert answer.overtaken
        assert ["Green." in text for text in site.comments()] == [True]

    async def test_pull_requests_of_one_head_have_a_comment_each(self, site: Site) -> None:
        other = site.pull_request.model_copy(update={"pr": "8"})
        await site.forge.comments.call(comment(site.pull_request, "Seven is green."))
        await site.forge.comments.call(comment(other, "Eight is red."))
        await site.forge.comments.call(comment(site.pull_request, "Seven waits.", version=1))
        told = "\n".join(site.comments())
        assert "Seven waits." in told
        assert "Eight is red." in told
        assert "Seven is green." not in told

    async def test_comments_that_are_written_at_the_same_time_are_all_there(self, site: Site) -> None:
        others = [site.pull_request.model_copy(update={"pr": str(number)}) for number in range(1, 9)]
        await asyncio.gather(*(site.forge.comments.call(comment(each, f"This is {each.pr}.")) for each in others))
        told = "\n".join(site.comments())
        assert [told.count(f"This is {each.pr}.") for each in others] == [1] * len(others)

    async def test_the_base_is_moved_to_the_tested_head_once(self, site: Site) -> None:
        wanted = merge(site.pull_request)
        assert await site.forge.merges.ask(wanted) is None
        assert isinstance(await site.forge.merges.call(wanted), Merged)
        assert site.base() == site.pull_request.head_sha
        for answer in (await site.forge.merges.ask(wanted), await site.forge.merges.call(wanted)):
            assert isinstance(answer, Merged)
            assert answer.found

    async def test_merges_at_the_same_time_are_one(self, site: Site) -> None:
        answers = await asyncio.gather(*(site.forge.merges.call(merge(site.pull_request)) for _ in range(4)))
        assert all(isinstance(answer, Merged) for answer in answers)
        assert site.base() == site.pull_request.head_sha

    async def test_a_base_that_has_moved_since_is_not_merged_into(self, site: Site) -> None:
        moved = site.move_base()
        answer = await site.forge.merges.call(merge(site.pull_request))
        assert answer == Refused(reason=f"the base has moved to {moved} since: conduct it again")
        assert site.base() == moved

    async def test_a_head_that_the_base_contains_by_now_is_merged(self, site: Site) -> None:
        await site.forge.merges.call(merge(site.pull_request))
        on_top = site.move_base()
        answer = await site.forge.merges.call(merge(site.pull_request))
        assert isinstance(answer, Merged)
        assert answer.found
        assert site.base() == on_top


class StatusContract:
    async def test_a_status_is_found_by_its_key_and_stated_once(self, site: StatusSite) -> None:
        wanted = status(site.pull_request, StatusState.SUCCESS, text="All green.")
        assert await site.forge.statuses.ask(wanted) is None
        stated = await site.forge.statuses.call(wanted)
        assert isinstance(stated, Stated)
        assert await site.forge.statuses.call(wanted) == stated
        assert await site.forge.statuses.ask(wanted) == stated
        [shown] = site.statuses()
        assert shown.passes
        assert "All green." in shown.text

    @pytest.mark.parametrize("state", [state for state in StatusState if state is not StatusState.IN_PROGRESS])
    async def test_what_has_ended_takes_the_place_of_what_was_under_way(
        self, site: StatusSite, state: StatusState
    ) -> None:
        await site.forge.statuses.call(status(site.pull_request, StatusState.IN_PROGRESS))
        [before] = site.statuses()
        assert (before.passes, before.has_ended) == (False, False)
        await site.forge.statuses.call(status(site.pull_request, state, version=1, failures=2))
        [after] = site.statuses()
        assert after.passes is (state is StatusState.SUCCESS)
        # A forge without a state for it shows that a person is waited for as not yet ended.
        assert after.has_ended or state is StatusState.ACTION_REQUIRED
        assert state.value in after.text

    async def test_what_has_ended_may_be_under_way_again(self, site: StatusSite) -> None:
        states = (StatusState.IN_PROGRESS, StatusState.SUCCESS, StatusState.IN_PROGRESS, StatusState.FAILURE)
        for version, state in enumerate(states):
            await site.forge.statuses.call(status(site.pull_request, state, version=version, failures=version))
            [shown] = site.statuses()
            assert shown.has_ended is (state is not StatusState.IN_PROGRESS)
            assert shown.passes is (state is StatusState.SUCCESS)

    async def test_who_comes_late_with_an_earlier_status_changes_nothing(self, site: StatusSite) -> None:
        late = status(site.pull_request, StatusState.FAILURE, version=1, text="Red.")
        early = status(site.pull_request, StatusState.SUCCESS, text="Green.", later=5)
        await site.forge.statuses.call(late)
        for answer in (await site.forge.statuses.ask(early), await site.forge.statuses.call(early)):
            assert isinstance(answer, Stated)
            assert answer.overtaken
        [shown] = site.statuses()
        assert not shown.passes
        assert "Red." in shown.text

    async def test_a_status_that_many_state_at_the_same_time_is_one(self, site: StatusSite) -> None:
        wanted = status(site.pull_request, StatusState.SUCCESS, failures=3)
        answers = await asyncio.gather(*(site.forge.statuses.call(wanted) for _ in range(4)))
        assert len(set(map(repr, answers))) == 1
        assert len(site.statuses()) == 1
