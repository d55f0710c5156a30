"""Merging in a plain git repository: the base branch is moved forward to the tested head, and to no other commit.

Only from the base that was tested against: what has come in between was tested by nobody together with the head.
"""

import asyncio
from pathlib import Path

from maestro.errors import PlatformUnavailable
from maestro.execution import mirror
from maestro.execution.git import ask
from maestro.execution.places import Places
from maestro.execution.resolve import is_address
from maestro.forges.forge import Merge, Merged, Refused
from maestro.forges.pushing import swap, tip
from maestro.model.pull_request import PullRequest


class FastForwards:
    """Merges by moving the base branch. Needs the head in a mirror, so it runs where the code may be."""

    def __init__(self, places: Places) -> None:
        self._places = places

    async def ask(self, wanted: Merge, /) -> Merged | None:
        return await asyncio.to_thread(self._find, wanted.pull_request)

    async def call(self, wanted: Merge, /) -> Merged | Refused:
        return await asyncio.to_thread(self._move, wanted.pull_request)

    def _find(self, pull_request: PullRequest) -> Merged | None:
        now = self._tip(pull_request)
        return _merged(pull_request, found=True) if now and self._contains(pull_request, now) else None

    def _move(self, pull_request: PullRequest) -> Merged | Refused:
        known = self._find(pull_request)
        if known is not None:
            return known
        reason = self._against(pull_request, self._tip(pull_request))
        if reason is not None:
            return Refused(reason=reason)
        mirrored = self._mirrored(pull_request)
        pushed = swap(
            mirrored,
            pull_request.repository,
            reference_of(pull_request.base_ref),
            old=pull_request.base_sha,
            new=pull_request.head_sha,
        )
        if pushed.outcome == "moved":
            return _merged(pull_request)
        # Somebody else may have merged it, or this push may have arrived although its answer did not.
        found = self._find(pull_request)
        if found is not None:
            return found
        now = self._tip(pull_request)
        if now != pull_request.base_sha:
            return Refused(reason=_moved(now))
        if pushed.outcome == "refused":
            return Refused(reason=f"the repository refuses to move {pull_request.base_ref}: {pushed.reason}")
        raise PlatformUnavailable(
            f"{pull_request.base_ref} is being written by somebody else: {pushed.reason}",
            field=pull_request.repository,
            fix="it is tried again by itself",
        )

    def _against(self, pull_request: PullRequest, now: str) -> str | None:
        """Why the base cannot be moved, or None."""
        base_ref = pull_request.base_ref
        if not base_ref:
            return "the base was named by a commit, so there is no branch to merge into: name it with --base"
        if not now:
            return f"the repository has no branch {base_ref} any more"
        if now != pull_request.base_sha:
            return _moved(now)
        return obstacle(pull_request)

    def _contains(self, pull_request: PullRequest, now: str) -> bool:
        if now == pull_request.head_sha:
            return True
        # The base that was tested against does not contain the head, or there would have been nothing to test.
        if now == pull_request.base_sha:
            return False
        mirrored = self._mirrored(pull_request, now)
        return ask(mirrored, "merge-base", "--is-ancestor", pull_request.head_sha, now).ok

    def _tip(self, pull_request: PullRequest) -> str:
        if not pull_request.base_ref:
            return ""
        return tip(self._places.mirrors, pull_request.repository, reference_of(pull_request.base_ref))

    def _mirrored(self, pull_request: PullRequest, *more: str) -> Path:
        shas = (pull_request.base_sha, pull_request.head_sha, *more)
        return mirror.fetch(pull_request.repository, pull_request.repo, shas, places=self._places)


def obstacle(pull_request: PullRequest) -> str | None:
    """What keeps the base branch from being moved to the head where nothing else is moved meanwhile, or None."""
    if pull_request.merge_base_sha != pull_request.base_sha:
        return (
            f"the head does not contain {pull_request.base_ref} at {pull_request.base_sha[:12]}, and only a "
            "fast-forward leaves what was tested as it is: rebase it, then conduct it again"
        )
    if is_checked_out(pull_request.repository, pull_request.base_ref):
        return (
            f"{pull_request.base_ref} is checked out in {pull_request.repository}, whose files would no longer fit it: "
            "switch to another branch there, or give the address of a bare repository"
        )
    return None


def is_checked_out(repository: str, branch: str) -> bool:
    """Whether a work tree of a local repository is on ``branch``. Of one at an address only its own host knows."""
    if is_address(repository):
        return False
    trees = ask(Path(repository), "worktree", "list", "--porcelain")
    return trees.ok and f"branch {reference_of(branch)}" in trees.output.splitlines()


def reference_of(branch: str) -> str:
    return f"refs/heads/{branch}"


def _moved(now: str) -> str:
    return f"the base has moved to {now} since: conduct it again" if now else "the base branch is gone since"


def _merged(pull_request: PullRequest, *, found: bool = False) -> Merged:
    return Merged(base_ref=pull_request.base_ref, head_sha=pull_request.head_sha, found=found)
