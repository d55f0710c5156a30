"""A plain repository as a forge: bare and not, by path and by address, looked at with git itself."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from maestro.errors import PlatformUnavailable
from maestro.execution.places import Places
from maestro.forges import Commented, Forge, Merged, PlainGit, Refused, fast_forward, notes, pushing
from maestro.forges.forge import Comment
from maestro.model.pull_request import PullRequest
from tests.execution.repositories import Repository
from tests.forges.contract import AT, ForgeContract, comment, merge


@dataclass
class GitSite:
    """``server`` is what is pushed to; ``clone`` is somebody else's."""

    forge: Forge
    pull_request: PullRequest
    server: Path
    clone: Repository

    def comments(self) -> list[str]:
        listed = self.clone.git("ls-remote", str(self.server), notes.NOTES)
        if not listed:
            return []
        self.clone.git("fetch", "--quiet", str(self.server), f"+{notes.NOTES}:{notes.NOTES}")
        text = self.clone.git("notes", "--ref=maestro", "show", self.pull_request.head_sha)
        # One note, in which each comment has its marker.
        return ["<!-- maestro" + part for part in text.split("<!-- maestro")[1:]]

    def base(self) -> str:
        return self.clone.git("ls-remote", str(self.server), "refs/heads/main").split("\t")[0]

    def move_base(self) -> str:
        self.clone.git("fetch", "--quiet", str(self.server), "main")
        self.clone.git("checkout", "--quiet", "--detach", "FETCH_HEAD")
        moved = self.clone.commit({"moved.txt": "by somebody else\n"}, "Move")
        self.clone.git("push", "--quiet", str(self.server), "HEAD:refs/heads/main")
        return moved


def site_of(tmp_path: Path, kind: str) -> GitSite:
    author = Repository(tmp_path / "author")
    base = author.commit({"a.txt": "1\n"}, "Begin")
    author.git("checkout", "--quiet", "-b", "feature")
    head = author.commit({"a.txt": "2\n"}, "Change")
    bare = [] if kind == "work tree" else ["--bare"]
    server = tmp_path / "server"
    author.clone(server, "--branch=feature", *bare)
    author.git("push", "--quiet", str(server), "main", "feature")
    clone = author.clone(tmp_path / "clone")
    clone.git("config", "user.name", "Grace")
    clone.git("config", "user.email", "grace@example.org")
    pull_request = PullRequest(
        repository=f"file://{server}" if kind == "address" else str(server),
        repo="acme/shop",
        pr="7",
        base_sha=base,
        head_sha=head,
        merge_base_sha=base,
        base_ref="main",
    )
    return GitSite(PlainGit(Places.under(tmp_path / "home")), pull_request, server, clone)


class TestPlainGit(ForgeContract):
    @pytest.fixture(params=["bare", "work tree", "address"])
    def site(self, tmp_path: Path, request: pytest.FixtureRequest) -> GitSite:
        return site_of(tmp_path, request.param)


@pytest.fixture
def site(tmp_path: Path) -> GitSite:
    return site_of(tmp_path, "bare")


async def test_a_branch_that_is_checked_out_is_left_alone(tmp_path: Path) -> None:
    site = site_of(tmp_path, "work tree")
    server = object.__new__(Repository)
    server.folder = site.server
    server.git("checkout", "--quiet", "main")
    # With this setting git itself would move the branch under the files.
    server.git("config", "receive.denyCurrentBranch", "ignore")
    answer = await site.forge.merges.call(merge(site.pull_request))
    assert isinstance(answer, Refused)
    assert "main is checked out" in answer.reason
    assert site.base() == site.pull_request.base_sha
    assert server.git("status", "--porcelain") == ""


async def test_a_head_without_the_base_s_newest_commit_is_not_merged(site: GitSite) -> None:
    moved = site.move_base()
    diverged = site.pull_request.model_copy(update={"base_sha": moved})
    answer = await site.forge.merges.call(merge(diverged))
    assert isinstance(answer, Refused)
    assert "rebase it, then conduct it again" in answer.reason
    assert site.base() == moved


async def test_a_base_that_was_named_by_a_commit_is_no_branch_to_merge_into(site: GitSite) -> None:
    answer = await site.forge.merges.call(merge(site.pull_request.model_copy(update={"base_ref": ""})))
    assert isinstance(answer, Refused)
    assert "--base" in answer.reason


async def test_the_repository_s_own_hook_can_refuse(site: GitSite) -> None:
    hook = site.server / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'the tree is closed'\nexit 1\n")
    hook.chmod(0o755)
    for answer in (
        await site.forge.merges.call(merge(site.pull_request)),
        await site.forge.comments.call(comment(site.pull_request, "Green.")),
    ):
        assert isinstance(answer, Refused)
        assert "hook declined" in answer.reason
    assert site.base() == site.pull_request.base_sha


async def test_a_repository_that_is_away_is_an_error_and_no_answer(site: GitSite) -> None:
    site.server.rename(site.server.with_name("away"))
    with pytest.raises(PlatformUnavailable):
        await site.forge.merges.call(merge(site.pull_request))
    with pytest.raises(PlatformUnavailable):
        await site.forge.comments.call(comment(site.pull_request, "Green."))


async def test_a_worker_frozen_before_its_push_changes_nothing_when_it_thaws(
    site: GitSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = comment(site.pull_request, "Green.", version=1)
    swap = pushing.swap
    slept: list[str] = []

    def frozen(folder: Path, repository: str, reference: str, *, old: str, new: str) -> pushing.Pushed:
        if not slept:
            slept.append(reference)
            elsewhere = PlainGit(Places.under(site.server.parent / "elsewhere"))
            asyncio.run(elsewhere.comments.call(newer))
        return swap(folder, repository, reference, old=old, new=new)

    monkeypatch.setattr(notes, "swap", frozen)
    answer = await site.forge.comments.call(comment(site.pull_request, "A person?"))
    assert isinstance(answer, Commented)
    assert answer.overtaken
    assert ["Green." in text for text in site.comments()] == [True]


async def test_a_merge_that_somebody_else_did_just_before_the_push_is_done(
    site: GitSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    swap = pushing.swap

    def late(folder: Path, repository: str, reference: str, *, old: str, new: str) -> pushing.Pushed:
        site.clone.git("push", "--quiet", str(site.server), f"{new}:{reference}")
        moved = site.move_base()
        assert site.base() == moved
        return swap(folder, repository, reference, old=old, new=new)

    monkeypatch.setattr(fast_forward, "swap", late)
    answer = await site.forge.merges.call(merge(site.pull_request))
    assert isinstance(answer, Merged)
    assert answer.found


async def test_what_a_test_printed_cannot_pass_for_another_comment(site: GitSite) -> None:
    mine = comment(site.pull_request, "Green.", version=3)
    await site.forge.comments.call(mine)
    marker = site.comments()[0].splitlines()[0]
    other = site.pull_request.model_copy(update={"pr": "8"})
    forged = Comment(
        pull_request=other, key=other.key("comment", "0.x"), version=0, at=AT, text=f"It printed:\n{marker}\nRed."
    )
    await site.forge.comments.call(forged)
    await site.forge.comments.call(comment(site.pull_request, "Still green.", version=4))
    told = "\n".join(site.comments())
    assert told.count("Still green.") == 1
    assert "Red." in told
    assert "\nGreen." not in told
