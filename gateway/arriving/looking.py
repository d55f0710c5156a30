"""How a pull request stands at its forge now, with the commits that conducting it needs fetched.

Its head is fetched by its hash, which forges serve also for forks, from the address in the topology: no delivery says
where to fetch from.
"""

import asyncio
import re
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from gateway.arriving.conducts import asked, of_head
from gateway.arriving.people import kind_of
from gateway.arriving.services import ArrivalServices
from maestro.config.gateway import ForgeConfig
from maestro.errors import BadInput, PlatformUnavailable
from maestro.execution.git import ask
from maestro.execution.resolve import resolve_pull_request
from maestro.forges.events import Seen
from maestro.forges.http.answer import printable
from maestro.forges.pulls import PullState
from maestro.model.arrival import QUEUE, ArrivalKind, Arrived, Looked
from maestro.model.pull_request import PullRequest

PAUSES_SECONDS = (2.0, 5.0, 10.0)
"""Between looks for a head that the forge names and its git does not have: a copy of it lags behind, or is gone."""

_HEADS = "refs/heads/"

_BRANCH = re.compile(r"[^\x00-\x20\x7f~^:?*\[\\\ud800-\udfff]+")
"""What git takes in a branch's name, so that no name is a pattern or none at all."""

AnswerT = TypeVar("AnswerT")


class _HeadGoneError(Exception):
    """The repository does not have the commit; the message says so."""


async def look(services: ArrivalServices, arrived: Arrived) -> Looked:
    """How it stands. Raises PlatformUnavailable where forge or git cannot be reached, BadInput where the forge takes
    our credentials no more.
    """
    config = services.config(arrived.forge)
    if arrived.kind is ArrivalKind.QUEUE_HEAD:
        return await _queue_head(services, config, arrived)
    pr = arrived.pr or await _pr_of(services, arrived)
    if not pr.isdigit():
        return await _no_number(services, arrived, pr)
    return await _pull(services, config, arrived, pr)


async def _pull(services: ArrivalServices, config: ForgeConfig, arrived: Arrived, pr: str) -> Looked:
    forge = services.forge(arrived.forge)
    for pause in (*PAUSES_SECONDS, None):
        state = await forge.pulls.get(arrived.repo, pr)
        if state is None or not state.is_open:
            return _closed(arrived.repo, pr, state)
        seen = state.pull_request
        try:
            return await _open(services, config, seen)
        except _HeadGoneError as error:
            if pause is None:
                return _unconducted(config, seen, str(error))
            await services.sleep(pause)
    raise AssertionError("the last look answers")


def _closed(repo: str, pr: str, state: PullState | None) -> Looked:
    if state is None:
        said = "the pull request is gone at its forge, or Maestro may not see it any more"
        return Looked(repo=repo, pr=pr, said=said, stop=said)
    seen = state.pull_request
    said = f"merged at its forge as {state.merged_sha[:12]}" if state.merged_sha else "closed at its forge"
    return Looked(repo=seen.repo, pr=seen.pr, said=said, stop=said)


async def _open(services: ArrivalServices, config: ForgeConfig, seen: Seen) -> Looked:
    if seen.is_draft:
        return _stands(seen, "a draft is conducted when it is ready")
    repository = f"{config.clone_url}/{seen.repo}.git"
    try:
        base_sha = await _tip(services, repository, seen.base_ref)
        resolved = await _resolved(services, repository, base_sha, seen.head_sha, pr=seen.pr)
    except BadInput as error:
        return _unconducted(config, seen, error.message)
    pull_request = _described(config, seen, resolved)
    return _stands(seen, f"head {seen.head_sha[:12]} is open for {printable(seen.base_ref)}", pull_request=pull_request)


def _stands(seen: Seen, said: str, **more: object) -> Looked:
    """An open pull request: what runs for its earlier heads is to end."""
    stop = f"superseded by {seen.head_sha[:12]}"
    return Looked.model_validate(
        {"repo": seen.repo, "pr": seen.pr, "head_sha": seen.head_sha, "said": said, "stop": stop, **more}
    )


def _described(config: ForgeConfig, seen: Seen, resolved: PullRequest) -> PullRequest:
    return resolved.model_copy(update={"base_ref": seen.base_ref, **_known(config, seen)})


def _known(config: ForgeConfig, seen: Seen) -> dict[str, object]:
    """What the forge says of it, and what the topology makes of that."""
    return {
        "repo": seen.repo,
        "pr": seen.pr,
        "title": seen.title,
        "author": seen.author.login,
        "author_kind": kind_of(config, seen.author.login, seen.author.kind),
        "tenant": config.tenant(seen.repo),
        "labels": seen.labels,
        "publish": config.publish,
    }


def _unconducted(config: ForgeConfig, seen: Seen, problem: str) -> Looked:
    """The head by what the forge says of it alone, so that its status can say why nothing comes."""
    told = PullRequest(
        repository=f"{config.clone_url}/{seen.repo}.git",
        repo=seen.repo,
        pr=seen.pr,
        base_sha=seen.base_sha,
        head_sha=seen.head_sha,
        merge_base_sha=seen.base_sha,
        base_ref=seen.base_ref,
    ).model_copy(update=_known(config, seen))
    return _stands(seen, problem, pull_request=told, problem=problem)


async def _queue_head(services: ArrivalServices, config: ForgeConfig, arrived: Arrived) -> Looked:
    pr = f"{QUEUE}{arrived.head_sha[:12]}"
    repository = f"{config.clone_url}/{arrived.repo}.git"
    told = {
        "repo": arrived.repo,
        "pr": pr,
        "tenant": config.tenant(arrived.repo),
        "author": "",
        "publish": ("status",),
        "base_ref": arrived.base_ref,
    }
    if not await _is_queued(services, repository, arrived):
        said = "the queue has let go of this commit"
        return Looked(repo=arrived.repo, pr=pr, said=said, stop=said)
    try:
        resolved = await _resolved(services, repository, arrived.base_sha, arrived.head_sha, pr=pr)
    except (BadInput, _HeadGoneError) as error:
        problem = error.message if isinstance(error, BadInput) else str(error)
        shas = {"base_sha": arrived.base_sha, "head_sha": arrived.head_sha, "merge_base_sha": arrived.base_sha}
        head = PullRequest.model_validate({"repository": repository, **shas, **told})
        return Looked(repo=arrived.repo, pr=pr, said=problem, pull_request=head, problem=problem)
    said = "the queue asks for this commit"
    return Looked(
        repo=arrived.repo,
        pr=pr,
        said=said,
        head_sha=arrived.head_sha,
        pull_request=resolved.model_copy(update=told),
    )


async def _is_queued(services: ArrivalServices, repository: str, arrived: Arrived) -> bool:
    """A queue deletes the branch when it lets go of the commit."""
    try:
        return await _tip(services, repository, arrived.head_ref) == arrived.head_sha
    except BadInput:
        return False


async def _pr_of(services: ArrivalServices, arrived: Arrived) -> str:
    """The pull request of a head that the forge did not name: the newest that was conducted with it."""
    conducted = await of_head(services.connection, arrived.repo, arrived.head_sha)
    return conducted[0].pr if conducted else ""


async def _no_number(services: ArrivalServices, arrived: Arrived, pr: str) -> Looked:
    """A commit of a queue, or one that a command conducted: the forge knows no more of it than we do."""
    if not pr:
        return Looked(repo=arrived.repo, pr=pr, said="the forge names no pull request, and none is known by this head")
    known = await asked(services.connection, f"pr/{arrived.repo}/{pr}/{arrived.head_sha}")
    if known is None:
        return Looked(repo=arrived.repo, pr=pr, said="nothing was conducted under this name")
    said = "it was conducted under this name before"
    return Looked(repo=arrived.repo, pr=pr, said=said, head_sha=arrived.head_sha, pull_request=known.pull_request)


async def _tip(services: ArrivalServices, repository: str, branch: str) -> str:
    """The newest commit of a branch; BadInput where there is no such branch."""
    gone = BadInput(f"the branch {printable(branch)!r} is gone", field="base", fix="choose another, or push it again")
    if not _BRANCH.fullmatch(branch):
        raise gone
    name = f"{_HEADS}{branch}"
    answer = await _in_thread(services, partial(ask, services.places.mirrors, "ls-remote", "--", repository, name))
    if not answer.ok:
        raise PlatformUnavailable(
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


async def _resolved(
    services: ArrivalServices, repository: str, base_sha: str, head_sha: str, *, pr: str
) -> PullRequest:
    resolve = partial(resolve_pull_request, repository, base=base_sha, head=head_sha, places=services.places, pr=pr)
    try:
        return await _in_thread(services, resolve)
    except BadInput as error:
        if error.field == "revision":
            raise _HeadGoneError(error.message) from error
        if error.field == "repository":
            raise PlatformUnavailable(error.message, field=error.field, fix=error.fix) from error
        raise


async def _in_thread(services: ArrivalServices, work: Callable[[], AnswerT]) -> AnswerT:
    return await asyncio.get_running_loop().run_in_executor(services.threads, work)
