"""Merging: the base branch takes the tested head in from the base that was tested, and from no other.

``fast-forward`` moves the branch to the head itself, by compare-and-swap. The others are GitHub's own ways, which make
new commits: GitHub compares the head, and nothing compares the base in the moment between our look and its merge. So
the answer names the commit that landed, and whoever asked compares its tree with the tested one.
"""

from typing import Literal
from urllib.parse import quote

from maestro.forges.forge import Merge, Merged, Refused
from maestro.forges.github.api import Api, number_of
from maestro.forges.github.refusal import RefusedError, refusing
from maestro.forges.http import Answer, NotSentError, once
from maestro.model.base import Model
from maestro.model.pull_request import PullRequest

MergeMethod = Literal["fast-forward", "merge", "squash", "rebase"]

_TRY_AGAIN = ("try the merge again", "merge already in progress")
"""GitHub has just been computing whether it can be merged."""


class _Side(Model):
    ref: str
    sha: str


class _Pull(Model):
    state: str
    merged: bool
    draft: bool = False
    merge_commit_sha: str | None = None
    head: _Side
    base: _Side


class _Object(Model):
    sha: str


class _Ref(Model):
    object: _Object


class _Comparison(Model):
    status: str


class _Landed(Model):
    sha: str


class Merges:
    """Merges by one method. Needs nothing of the code, so it runs anywhere."""

    def __init__(self, api: Api, *, method: MergeMethod) -> None:
        self._api = api
        self._method = method

    async def ask(self, wanted: Merge, /) -> Merged | None:
        try:
            return await self._find(wanted.pull_request)
        except RefusedError:
            # Where nothing may be looked at, `call` says so; an exception here would be tried again for ever.
            return None

    async def call(self, wanted: Merge, /) -> Merged | Refused:
        pull_request = wanted.pull_request

        async def write() -> Merged:
            await self._require_mergeable(pull_request)
            if self._method == "fast-forward":
                return await self._forward(pull_request)
            return await self._merge(pull_request)

        try:
            async with self._api.turn(f"merge/{pull_request.repo}/{pull_request.base_ref}"):
                return await once(self._api.http, lambda: self._find(pull_request), write)
        except RefusedError as refused:
            return Refused(reason=refused.reason)

    async def _find(self, pull_request: PullRequest) -> Merged | None:
        """Whether the base has this head in it, by whomever and whichever way."""
        if not pull_request.base_ref:
            return None
        tip = await self._tip(pull_request)
        if tip == pull_request.head_sha:
            return _merged(pull_request, found=True)
        is_contained = bool(tip) and await self._contains(pull_request, tip)
        pull = await self._pull(pull_request)
        is_this_head = pull.head.sha == pull_request.head_sha and pull.base.ref == pull_request.base_ref
        is_landed = pull.merged and is_this_head
        landed = (pull.merge_commit_sha or "") if is_landed else ""
        return _merged(pull_request, found=True, landed=landed) if is_contained or is_landed else None

    async def _contains(self, pull_request: PullRequest, tip: str) -> bool:
        # The base that was tested against does not contain the head, or there would have been nothing to test.
        if tip == pull_request.base_sha:
            return False
        path = f"compare/{pull_request.head_sha}...{tip}"
        answer = await self._api.find(pull_request.repo, path, query={"per_page": 1})
        return answer is not None and answer.read(_Comparison).status in {"ahead", "identical"}

    async def _require_mergeable(self, pull_request: PullRequest) -> None:
        """Raises RefusedError where the pull request is not what was tested, or not open to be merged."""
        base_ref = pull_request.base_ref
        if not base_ref:
            raise RefusedError("the base was named by a commit, so there is no branch to merge into")
        pull = await self._pull(pull_request)
        if pull.head.sha != pull_request.head_sha:
            raise RefusedError(f"the head has moved to {pull.head.sha} since: conduct that one")
        if pull.base.ref != base_ref:
            raise RefusedError(f"the pull request goes into {pull.base.ref} by now: conduct it again")
        if pull.state != "open":
            raise RefusedError("the pull request is closed")
        if pull.draft:
            raise RefusedError("the pull request is a draft")
        await self._require_base(pull_request)
        if pull_request.merge_base_sha != pull_request.base_sha:
            raise RefusedError(
                f"the head does not contain {base_ref} at {pull_request.base_sha[:12]}, so what would land was not "
                "tested: rebase it, then conduct it again"
            )

    async def _require_base(self, pull_request: PullRequest) -> None:
        tip = await self._tip(pull_request)
        if not tip:
            raise RefusedError(f"the repository has no branch {pull_request.base_ref} any more")
        if tip != pull_request.base_sha:
            raise RefusedError(f"the base has moved to {tip} since: conduct it again")

    async def _forward(self, pull_request: PullRequest) -> Merged:
        answer = await self._api.send(
            pull_request.repo,
            "PATCH",
            f"git/refs/heads/{quote(pull_request.base_ref)}",
            # The head is on top of the base that was tested; from any other one GitHub would have to be forced.
            {"sha": pull_request.head_sha, "force": False},
        )
        if not answer.ok:
            await self._raise_why(answer, pull_request)
        return _merged(pull_request)

    async def _merge(self, pull_request: PullRequest) -> Merged:
        answer = await self._api.send(
            pull_request.repo,
            "PUT",
            f"pulls/{number_of(pull_request.pr)}/merge",
            {"sha": pull_request.head_sha, "merge_method": self._method},
        )
        if not answer.ok:
            found = await self._find(pull_request)
            if found is not None:
                return found
            await self._raise_why(answer, pull_request)
        return _merged(pull_request, landed=answer.read(_Landed).sha)

    async def _raise_why(self, answer: Answer, pull_request: PullRequest) -> None:
        await self._require_base(pull_request)
        if any(words in answer.said.lower() for words in _TRY_AGAIN):
            raise NotSentError(f"GitHub does not merge now: {answer.said}", field=answer.place)
        refusing(answer, doing=f"{pull_request.base_ref} is not merged into")

    async def _tip(self, pull_request: PullRequest) -> str:
        """The commit that the base branch is at, empty where there is no such branch."""
        answer = await self._api.find(pull_request.repo, f"git/ref/heads/{quote(pull_request.base_ref)}")
        return answer.read(_Ref).object.sha if answer else ""

    async def _pull(self, pull_request: PullRequest) -> _Pull:
        return (await self._api.get(pull_request.repo, f"pulls/{number_of(pull_request.pr)}")).read(_Pull)


def _merged(pull_request: PullRequest, *, found: bool = False, landed: str = "") -> Merged:
    head_sha = pull_request.head_sha
    is_another = landed not in {"", head_sha}
    return Merged(base_ref=pull_request.base_ref, head_sha=head_sha, found=found, landed=landed if is_another else "")
