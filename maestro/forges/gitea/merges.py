"""Merging: the base branch is moved to the tested head itself, by Gitea's own merge ``fast-forward-only``, which keeps
the rules of the branch and moves it by compare-and-swap. No other way of Gitea's leaves what was tested as it is.
"""

from urllib.parse import quote

from maestro.errors import IntegrityError
from maestro.forges.forge import Merge, Merged, Refused
from maestro.forges.gitea.api import Api
from maestro.forges.hosted.refusal import RefusedError
from maestro.forges.http import Answer, NotSentError, once
from maestro.model.base import Model
from maestro.model.pull_request import PullRequest

_TRY_AGAIN = "try again later"
"""Gitea has not yet computed whether it can be merged, which it does anew whenever either branch moves."""


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


class _Commit(Model):
    id: str


class _Branch(Model):
    commit: _Commit


class _Listed(Model):
    sha: str


class Merges:
    """Merges by fast-forward. Needs nothing of the code, so it runs anywhere."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def ask(self, wanted: Merge, /) -> Merged | None:
        try:
            return await self._find(wanted.pull_request)
        except RefusedError:
            # Where nothing may be looked at, `call` says so; an exception here would be tried again for ever.
            return None

    async def call(self, wanted: Merge, /) -> Merged | Refused:
        pull_request = wanted.pull_request
        try:
            async with self._api.turn(f"merge/{pull_request.repo}/{pull_request.base_ref}"):
                return await once(self._api.http, lambda: self._find(pull_request), lambda: self._forward(pull_request))
        except RefusedError as refused:
            return Refused(reason=refused.reason)

    async def _forward(self, pull_request: PullRequest) -> Merged:
        await self._require_mergeable(pull_request)
        answer = await self._api.send(
            pull_request.repo,
            "POST",
            f"pulls/{self._api.number_of(pull_request.pr)}/merge",
            {"Do": "fast-forward-only", "head_commit_id": pull_request.head_sha},
        )
        if not answer.ok:
            return await self._found_or_why(answer, pull_request)
        tip = await self._tip(pull_request)
        if tip is None or not await self._contains(pull_request, tip):
            raise IntegrityError(
                f"Gitea says that it merged {pull_request.head_sha[:12]}, and {pull_request.base_ref} is at "
                f"{(tip or 'nothing')[:12]}, which does not contain it",
                field=f"{pull_request.repo}#{pull_request.pr}",
                fix="see what landed there, and test or revert it",
            )
        return _merged(pull_request)

    async def _found_or_why(self, answer: Answer, pull_request: PullRequest) -> Merged:
        """What somebody else did in between, or why Gitea does not merge, as a RefusedError or as one to try again."""
        found = await self._find(pull_request)
        if found is not None:
            return found
        await self._require_mergeable(pull_request)
        if _TRY_AGAIN in answer.said.lower():
            raise NotSentError(
                f"Gitea has not yet computed whether {pull_request.repo}#{pull_request.pr} can be merged",
                field=answer.place,
                fix="it is tried again by itself; where that does not end, see what the pull request's page says",
            )
        self._api.refusing(answer, doing=f"{pull_request.base_ref} is not merged into")
        return _merged(pull_request)

    async def _find(self, pull_request: PullRequest) -> Merged | None:
        """Whether the base has this head in it, by whomever and whichever way."""
        if not pull_request.base_ref:
            return None
        tip = await self._tip(pull_request)
        if tip and await self._contains(pull_request, tip):
            return _merged(pull_request, found=True)
        pull = await self._pull(pull_request)
        is_this = pull.head.sha == pull_request.head_sha and pull.base.ref == pull_request.base_ref
        if not (pull.merged and is_this):
            return None
        return _merged(pull_request, found=True, landed=pull.merge_commit_sha or "")

    async def _contains(self, pull_request: PullRequest, tip: str) -> bool:
        if tip in {pull_request.head_sha, pull_request.base_sha}:
            return tip == pull_request.head_sha
        # The commits of the head that the branch has not; one is enough to know.
        query = {"sha": pull_request.head_sha, "not": tip, "limit": "1"}
        bare = {"stat": "false", "verification": "false", "files": "false"}
        answer = await self._api.find(pull_request.repo, "commits", query=query | bare)
        return answer is not None and not answer.read(list[_Listed])

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
        tip = await self._tip(pull_request)
        if tip is None:
            raise RefusedError(f"the repository has no branch {base_ref} any more")
        if tip != pull_request.base_sha:
            raise RefusedError(f"the base has moved to {tip} since: conduct it again")
        if pull_request.merge_base_sha != pull_request.base_sha:
            raise RefusedError(
                f"the head does not contain {base_ref} at {pull_request.base_sha[:12]}, and only a fast-forward leaves "
                "what was tested as it is: rebase it, then conduct it again"
            )

    async def _tip(self, pull_request: PullRequest) -> str | None:
        """The commit that the base branch is at; None where there is no such branch."""
        answer = await self._api.find(pull_request.repo, f"branches/{quote(pull_request.base_ref)}")
        return answer.read(_Branch).commit.id if answer else None

    async def _pull(self, pull_request: PullRequest) -> _Pull:
        path = f"pulls/{self._api.number_of(pull_request.pr)}"
        return (await self._api.get(pull_request.repo, path)).read(_Pull)


def _merged(pull_request: PullRequest, *, found: bool = False, landed: str = "") -> Merged:
    head_sha = pull_request.head_sha
    is_another = landed not in {"", head_sha}
    return Merged(base_ref=pull_request.base_ref, head_sha=head_sha, found=found, landed=landed if is_another else "")
