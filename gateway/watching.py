"""A pull request seen from outside while it is conducted: its card, and what its activities are at right now.

Polls; a worker or server that is away for a while is told and waited for, since the workflow itself loses nothing.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from pydantic import ValidationError
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError

from gateway.conduct import RPC_TIMEOUT, Handle, card_of, handle_of
from gateway.connection import PASSING, Connection, explained
from maestro.errors import PlatformUnavailable
from maestro.model.decision import DecisionCard, DecisionState, Phase
from maestro.model.progress import Progress

POLL_SECONDS = 0.5

STATUS = "status"
"""The activity that tells a forge how a head stands."""

PATIENCE_SECONDS = 120.0
"""How long nobody may answer at all; a stack starts a dead server again within seconds."""


@dataclass(frozen=True)
class Work:
    """An activity that is not finished. ``failure`` is why its last attempt failed, empty at the first; ``stopping``:
    nobody waits for it any longer, though its worker may never say that it has stopped.
    """

    name: str
    started: bool
    attempt: int
    progress: Progress
    failure: str
    stopping: bool = False


@dataclass(frozen=True)
class Snapshot:
    """The pull request at one moment. ``card`` is None until a worker has answered once, ``notice`` what is amiss.

    ``settled``: decided and rendered, and nothing moves before a person acts or the workflow has ended. That a forge is
    still being told how the head stands is waited for by nobody.
    """

    card: DecisionCard | None
    work: tuple[Work, ...] = ()
    settled: bool = False
    notice: str = ""


async def snapshots(connection: Connection, handle: Handle) -> AsyncIterator[Snapshot]:
    """The pull request, again and again, until it has ended. Raises ``PlatformUnavailable`` where it broke off."""
    card: DecisionCard | None = None
    loop = asyncio.get_running_loop()
    answered = loop.time()
    while True:
        # By the connection as it is now, which may be to another cluster than at the start.
        handle = handle_of(connection, handle.id)
        try:
            running, work = await _pending(connection, handle)
            card = await card_of(handle)
        except RPCError as error:
            if error.status not in PASSING or loop.time() - answered > PATIENCE_SECONDS:
                with explained():
                    raise
            yield Snapshot(card, notice=f"waiting for Temporal or a worker: {error.message}")
            await connection.renew()
        else:
            answered = loop.time()
            if not running:
                yield Snapshot(_ended(card), settled=True)
                return
            # Where nothing is left but a status, the forge does not answer: that can last for a day.
            only_told = card.phase is Phase.DONE and bool(work) and all(one.name == STATUS for one in work)
            resting = card.phase is Phase.WAITING_FOR_PERSON and await _at_rest(connection, handle)
            yield Snapshot(card, work, settled=resting or only_told)
        await asyncio.sleep(POLL_SECONDS)


async def verdict(connection: Connection, handle: Handle, *, person: bool) -> AsyncIterator[Snapshot]:
    """Snapshots up to the verdict: green, blocked or cancelled, with ``person`` False also that a person is needed."""
    counts = {DecisionState.GREEN, DecisionState.BLOCKED, DecisionState.CANCELLED}
    if not person:
        counts.add(DecisionState.NEEDS_PERSON)
    async for snapshot in snapshots(connection, handle):
        if snapshot.settled and snapshot.card is not None and snapshot.card.decision.state in counts:
            # What was seen before the rendering had ended lacks its version and its links.
            with explained():
                yield Snapshot(await card_of(handle_of(connection, handle.id)), settled=True)
            return
        yield snapshot


async def _pending(connection: Connection, handle: Handle) -> tuple[bool, tuple[Work, ...]]:
    description = await handle.describe(rpc_timeout=RPC_TIMEOUT)
    infos = description.raw_description.pending_activities
    work = [await _work(connection, info) for info in infos]
    # The server names them in any order; a line that only changed its order would be told again.
    work.sort(key=lambda item: (item.name, item.progress.detail))
    return description.status is WorkflowExecutionStatus.RUNNING, tuple(work)


async def _at_rest(connection: Connection, handle: Handle) -> bool:
    """Asked after the card, so that the rendering that belongs to its phase is seen."""
    return all(work.stopping or work.name == STATUS for work in (await _pending(connection, handle))[1])


async def _work(connection: Connection, info: PendingActivityInfo) -> Work:
    progress = Progress()
    if info.heartbeat_details.payloads:
        [details] = await connection.client.data_converter.decode(info.heartbeat_details.payloads[:1])
        progress = _progress(details)
    return Work(
        name=info.activity_type.name,
        started=bool(info.last_worker_identity) and info.HasField("last_started_time"),
        attempt=info.attempt,
        progress=progress,
        failure=info.last_failure.message,
        stopping=info.state == PendingActivityState.PENDING_ACTIVITY_STATE_CANCEL_REQUESTED,
    )


def _progress(details: object) -> Progress:
    try:
        return Progress.model_validate(details)
    except ValidationError:
        # Another release's activity; what it is at is nice to know, never needed.
        return Progress()


def _ended(card: DecisionCard) -> DecisionCard:
    if card.phase is Phase.DONE or card.decision.state is DecisionState.CANCELLED:
        return card
    raise PlatformUnavailable(
        "the workflow ended without a decision: it was terminated, or failed",
        field=card.pull_request.workflow_id,
        fix="look at it in the Temporal UI, then conduct the head again with --again",
    )
