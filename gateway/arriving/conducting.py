"""One head, brought to where the forge's word wants it: conducted once, and again only where that changes something."""

from gateway.acting import take
from gateway.arriving import conducts
from gateway.arriving.conducts import Asked
from gateway.arriving.people import via
from gateway.conduct import start
from gateway.connection import Connection
from maestro.errors import PlatformUnavailable, PolicyDenied
from maestro.model.arrival import Arrived
from maestro.model.conduct import Outcome
from maestro.model.decision import ActionKind, ReviewerAction
from maestro.model.pull_request import PullRequest
from maestro.model.tests import SelectionMode

STEPS_LIMIT = 5
"""Looks at a head whose run is ending or being stopped; the next attempt goes on from there."""


async def conduct(connection: Connection, wanted: PullRequest, arrived: Arrived, *, rerun: bool = False) -> str:
    """Let the head be conducted as ``wanted`` says, and say what that came to.

    ``rerun``: somebody asked for it once more. Raises PlatformUnavailable where an earlier run has not ended yet, or no
    worker is there to say so.
    """
    for _ in range(STEPS_LIMIT):
        known = await conducts.asked(connection, wanted.workflow_id)
        if known is None:
            started = await start(connection, wanted, mode=SelectionMode.STANDARD, again=False)
            return "joined" if started.joined or started.finished else "started"
        if known.is_running:
            said = await _while_it_runs(connection, wanted, known, arrived, rerun=rerun)
        else:
            said = await _when_it_has_ended(connection, wanted, known, rerun=rerun)
        if said:
            return said
    raise PlatformUnavailable(f"{wanted.workflow_id} starts and ends meanwhile", field="workflow", fix="wait")


async def _while_it_runs(
    connection: Connection, wanted: PullRequest, known: Asked, arrived: Arrived, *, rerun: bool
) -> str:
    """What was done; empty where it has ended by now and has to be looked at again."""
    workflow_id = wanted.workflow_id
    if not await conducts.is_live(connection, workflow_id):
        await conducts.outcome_of(connection, workflow_id)
        return ""
    different = difference(known.pull_request, wanted)
    if different:
        await conducts.stop(connection, workflow_id, arrived, reason=different)
        await conducts.outcome_of(connection, workflow_id)
        return ""
    return await _retried(connection, workflow_id, arrived) if rerun else "joined"


async def _when_it_has_ended(connection: Connection, wanted: PullRequest, known: Asked, *, rerun: bool) -> str:
    kept = _kept(await conducts.outcome_of(connection, wanted.workflow_id), known.pull_request, wanted, rerun=rerun)
    if kept:
        return kept
    started = await start(connection, wanted, mode=SelectionMode.STANDARD, again=True)
    return "joined" if started.joined else "started again"


def difference(known: PullRequest, wanted: PullRequest) -> str:
    """What makes conducting the same head another thing, in a sentence; empty where nothing does."""
    if known.base_ref != wanted.base_ref:
        return "its base is another branch"
    if set(known.labels) != set(wanted.labels):
        return "its labels are others"
    return ""


def _kept(outcome: Outcome | None, known: PullRequest, wanted: PullRequest, *, rerun: bool) -> str:
    """Why a head that was conducted is left as it is; empty where it is to be conducted again."""
    if outcome is not None and conducts.was_rejected(outcome):
        return "left: it was rejected, and a rejection stands for the head that it was given to"
    if rerun or (outcome is not None and conducts.was_stopped(outcome, by_maestro=True)):
        return ""
    if outcome is not None and conducts.was_stopped(outcome, by_maestro=False):
        return "left: somebody cancelled it, and nobody asked for it once more"
    return "" if difference(known, wanted) else "left: it was conducted before"


async def _retried(connection: Connection, workflow_id: str, arrived: Arrived) -> str:
    action = ReviewerAction(
        action_id=arrived.digest,
        actor=arrived.login or arrived.forge,
        actor_kind=arrived.login_kind,
        reason=f"asked for once more at {arrived.forge}",
        via=via(arrived),
    )
    try:
        return f"retried: {(await take(connection, workflow_id, ActionKind.RETRY, action)).changed}"
    except PolicyDenied as refused:
        return f"runs already: {refused.message}"
