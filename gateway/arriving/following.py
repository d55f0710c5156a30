"""Doing what follows from what arrived and from how the pull request stands."""

import asyncio

import structlog

from gateway.arriving import conducts
from gateway.arriving.acting import act
from gateway.arriving.conducting import conduct
from gateway.arriving.services import ArrivalServices
from gateway.arriving.telling import tell_problem
from maestro.canonical import digest
from maestro.errors import BadInput
from maestro.ledger.leases import ANYBODY
from maestro.model.arrival import QUEUE, ArrivalKind, Arrived, Followed, FollowRequest, GiveUpRequest, Looked
from maestro.model.pull_request import PullRequest

_log = structlog.get_logger("gateway.arriving")

SAID_LIMIT = 2_000
"""Characters: git's own words may be many."""

_ONCE = frozenset({ArrivalKind.ACTION, ArrivalKind.RERUN})
"""What somebody asked for once, at that moment: told again at another, it is not asked for again."""


async def follow(services: ArrivalServices, request: FollowRequest) -> Followed:
    """Do it, and say what was done. Raises PlatformUnavailable where somebody who is needed does not answer."""
    arrived = request.arrived
    if arrived.kind in _ONCE and await _is_done(services, arrived):
        return Followed(said="it was followed before: the same was delivered again")
    said = await _followed(services, request)
    if arrived.kind in _ONCE:
        await _done(services, arrived, said)
    _log.info("followed", **_names(arrived), said=said)
    return Followed(said=said[:SAID_LIMIT])


async def give_up(services: ArrivalServices, request: GiveUpRequest) -> Followed:
    """Say at the forge why nothing comes, where it is known which head waits for it."""
    arrived, looked = request.arrived, request.looked
    _log.error("given_up", **_names(arrived), why=request.why)
    if looked is None or looked.pull_request is None:
        return Followed(said="given up, and no head is known to say it of")
    return Followed(said=await tell_problem(services, arrived, looked.pull_request, request.why))


async def _followed(services: ArrivalServices, request: FollowRequest) -> str:
    arrived, looked = request.arrived, request.looked
    if arrived.kind is ArrivalKind.ACTION:
        return await act(services, arrived)
    if arrived.kind is ArrivalKind.QUEUE_LEFT:
        said = f"the queue needs it no more: {arrived.reason or arrived.because or 'it says no reason'}"
        looked = Looked(repo=arrived.repo, pr=f"{QUEUE}{arrived.head_sha[:12]}", said=said, stop=said)
    if looked is None:
        raise BadInput("nobody has looked how it stands", field="looked", fix="look first")
    # What is wanted comes first: what nobody wants any more can wait for a worker.
    said = await _head(services, arrived, looked)
    stopped = await _stopped(services, request, looked)
    return "; ".join([said, *(f"cancelled {one}" for one in stopped)])


async def _head(services: ArrivalServices, arrived: Arrived, looked: Looked) -> str:
    wanted = looked.pull_request
    if wanted is None:
        return looked.said
    if arrived.kind is ArrivalKind.RERUN and arrived.head_sha != wanted.head_sha:
        return f"refused: {arrived.head_sha[:12]} is not the head any more"
    if looked.problem:
        return await _cannot(services, arrived, looked, wanted)
    is_rerun = arrived.kind is ArrivalKind.RERUN
    return await conduct(services.connection, wanted, arrived, rerun=is_rerun)


async def _cannot(services: ArrivalServices, arrived: Arrived, looked: Looked, wanted: PullRequest) -> str:
    """Say at the forge that this head is not conducted, over what an earlier conduct of it said or yet would say."""
    version = 0
    known = await conducts.asked(services.connection, wanted.workflow_id)
    if known is not None and looked.has_landed:
        # Our own merge does that, and the forge may show the pull request as open for a moment more.
        return f"left: {looked.problem}"
    if known is not None:
        if known.is_running:
            await conducts.stop(services.connection, wanted.workflow_id, arrived, reason=looked.problem)
        outcome = await conducts.outcome_of(services.connection, wanted.workflow_id)
        version = outcome.state.statuses if outcome else 0
    return await tell_problem(services, arrived, wanted, looked.problem, version=version)


async def _stopped(services: ArrivalServices, request: FollowRequest, looked: Looked) -> list[str]:
    """Cancel what runs for other heads, and return their workflows' ids."""
    if not looked.stop or not looked.pr:
        return []
    prefix = f"pr/{looked.repo}/{looked.pr}/"
    remembered = [one for one in request.heads if one.startswith(prefix)]
    listed = await conducts.running_of(services.connection, looked.repo, looked.pr)
    others = [one for one in dict.fromkeys([*listed, *remembered]) if one != f"{prefix}{looked.head_sha}"]
    return await conducts.stop_all(services.connection, others, request.arrived, reason=looked.stop)


def _key(arrived: Arrived) -> str:
    return f"{arrived.workflow_id}/{arrived.digest}"


async def _is_done(services: ArrivalServices, arrived: Arrived) -> bool:
    return await asyncio.to_thread(services.ledger.effects.recorded, _key(arrived)) is not None


async def _done(services: ArrivalServices, arrived: Arrived, said: str) -> None:
    await asyncio.to_thread(
        services.ledger.effects.once,
        _key(arrived),
        request_digest=digest([arrived.kind.value, arrived.head_sha, arrived.login]),
        result={"said": said},
        standing=ANYBODY,
    )


def _names(arrived: Arrived) -> dict[str, str]:
    return {
        "forge": arrived.forge,
        "repo": arrived.repo,
        "pr": arrived.pr or arrived.head_sha,
        "kind": arrived.kind.value,
        "because": arrived.because,
        "delivery": arrived.delivery,
    }
