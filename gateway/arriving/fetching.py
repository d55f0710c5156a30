"""The commits that conducting a pull request needs, fetched from the address in the topology: no delivery says where to
fetch from. A head is fetched by its hash, which forges serve also for forks.
"""

import asyncio
import re
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from gateway.arriving.services import ArrivalServices
from maestro.errors import BadInput, PlatformUnavailable
from maestro.execution.git import ask
from maestro.execution.resolve import resolve_pull_request
from maestro.forges.http.answer import printable
from maestro.model.pull_request import PullRequest

_HEADS = "refs/heads/"

_BRANCH = re.compile(r"[^\x00-\x20\x7f~^:?*\[\\\ud800-\udfff]+")
"""What git takes in a branch's name, so that no name is a pattern or none at all."""

AnswerT = TypeVar("AnswerT")


class HeadGoneError(Exception):
    """The repository does not have the commit; the message says so."""


async def branch_tip(services: ArrivalServices, repository: str, branch: str) -> str:
    """The newest commit of a branch. Raises BadInput about ``base`` where it is gone, about another field where git is
    not let in; PlatformUnavailable where git cannot look.
    """
    gone = BadInput(f"the branch {printable(branch)!r} is gone", field="base", fix="choose another, or push it again")
    if not _BRANCH.fullmatch(branch):
        raise gone
    name = f"{_HEADS}{branch}"
    answer = await _in_thread(services, partial(ask, services.places.mirrors, "ls-remote", "--", repository, name))
    if not answer.ok:
        raise answer.kept_out or PlatformUnavailable(
            f"git cannot read {repository}: {answer.error}",
            field="repository",
            fix="check that the address is right, and that this machine may read it without a prompt",
        )
    listed = (line.split("\t", 1) for line in answer.output.splitlines())
    # Git lists also what ends alike.
    tips = {ref: sha for sha, ref in listed}
    if name not in tips:
        raise gone
    return tips[name]


async def resolved(services: ArrivalServices, repository: str, base_sha: str, head_sha: str, *, pr: str) -> PullRequest:
    """The pull request of two commits, fetched. Raises HeadGoneError, BadInput where the two cannot be merged or git is
    not let in, PlatformUnavailable where git cannot read the repository.
    """
    resolve = partial(resolve_pull_request, repository, base=base_sha, head=head_sha, places=services.places, pr=pr)
    try:
        return await _in_thread(services, resolve)
    except BadInput as error:
        if error.field == "revision":
            raise HeadGoneError(error.message) from error
        if error.field == "repository":
            raise PlatformUnavailable(error.message, field=error.field, fix=error.fix) from error
        raise


async def _in_thread(services: ArrivalServices, work: Callable[[], AnswerT]) -> AnswerT:
    return await asyncio.get_running_loop().run_in_executor(services.threads, work)
