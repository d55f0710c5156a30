"""How a pull request stands at its forge now, with the commits that conducting it needs fetched."""

from gateway.arriving.conducts import asked, of_head
from gateway.arriving.fetching import HeadGoneError, branch_tip, resolved
from gateway.arriving.people import kind_of
from gateway.arriving.services import ArrivalServices
from maestro.config.gateway import ForgeConfig
from maestro.errors import BadInput
from maestro.forges.events import Seen
from maestro.forges.http.answer import printable
from maestro.forges.pulls import PullState
from maestro.model.arrival import CLOSED, QUEUE, ArrivalKind, Arrived, Looked
from maestro.model.pull_request import PullRequest

PAUSES_SECONDS = (2.0, 5.0, 10.0)
"""Between looks for a head that the forge names and its git does not have: a copy of it lags behind, or is gone."""

SETTLING_SECONDS = 2.0
"""Before a second look where the first one says otherwise than the delivery, which may as well be a late one."""


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
    for pause in (*PAUSES_SECONDS, None):
        state = await _state(services, arrived, pr)
        if state is None or not state.is_open:
            return _closed(arrived.repo, pr, state)
        seen = state.pull_request
        try:
            return await _open(services, config, seen)
        except HeadGoneError as error:
            if pause is None:
                return _unconducted(config, seen, str(error))
            await services.sleep(pause)
    raise AssertionError("the last look answers")


async def _state(services: ArrivalServices, arrived: Arrived, pr: str) -> PullState | None:
    """What the forge says now; once more where it told otherwise, because what answers may lag behind what tells."""
    pulls = services.forge(arrived.forge).pulls
    state = await pulls.get(arrived.repo, pr)
    if _is_as_told(arrived, state):
        return state
    await services.sleep(SETTLING_SECONDS)
    return await pulls.get(arrived.repo, pr)


def _is_as_told(arrived: Arrived, state: PullState | None) -> bool:
    is_open = state is not None and state.is_open
    if arrived.kind is not ArrivalKind.PULL_REQUEST:
        return True
    if arrived.because == CLOSED:
        return not is_open
    return state is not None and is_open and state.pull_request.head_sha == arrived.head_sha


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
        base_sha = await branch_tip(services, repository, seen.base_ref)
        made = await resolved(services, repository, base_sha, seen.head_sha, pr=seen.pr)
    except BadInput as error:
        return _unconducted(config, seen, error.message, has_landed=error.field == "head")
    pull_request = _described(config, seen, made)
    return _stands(seen, f"head {seen.head_sha[:12]} is open for {printable(seen.base_ref)}", pull_request=pull_request)


def _stands(seen: Seen, said: str, **more: object) -> Looked:
    """An open pull request: what runs for its earlier heads is to end."""
    stop = f"superseded by {seen.head_sha[:12]}"
    return Looked.model_validate(
        {"repo": seen.repo, "pr": seen.pr, "head_sha": seen.head_sha, "said": said, "stop": stop, **more}
    )


def _described(config: ForgeConfig, seen: Seen, made: PullRequest) -> PullRequest:
    return made.model_copy(update={"base_ref": seen.base_ref, **_known(config, seen)})


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


def _unconducted(config: ForgeConfig, seen: Seen, problem: str, *, has_landed: bool = False) -> Looked:
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
    return _stands(seen, problem, pull_request=told, problem=problem, has_landed=has_landed)


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
        made = await resolved(services, repository, arrived.base_sha, arrived.head_sha, pr=pr)
    except (BadInput, HeadGoneError) as error:
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
        pull_request=made.model_copy(update=told),
    )


async def _is_queued(services: ArrivalServices, repository: str, arrived: Arrived) -> bool:
    """A queue deletes the branch when it lets go of the commit."""
    try:
        return await branch_tip(services, repository, arrived.head_ref) == arrived.head_sha
    except BadInput as error:
        if error.field != "base":
            raise
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
