"""Taking a reviewer's action: a Temporal update with the action's id, which acts once."""

import asyncio

from temporalio.client import WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from gateway.conduct import handle_of
from gateway.connection import Connection, explained
from maestro.errors import PlatformUnavailable, PolicyDenied
from maestro.model.decision import ActionKind, ActionResult, ReviewerAction

ANSWER_SECONDS = 60.0
"""How long a worker may take to answer; one that was just started replays the history first."""


class StaleCardError(PolicyDenied):
    """The card has moved on since it was looked at: it was at version ``seen``, and is at ``now``."""

    def __init__(self, message: str, *, seen: int, now: int, field: str, fix: str) -> None:
        super().__init__(message, field=field, fix=fix)
        self.seen = seen
        self.now = now


async def take(connection: Connection, workflow_id: str, kind: ActionKind, action: ReviewerAction) -> ActionResult:
    """Send the update. ``PolicyDenied`` carries the sentence with which the workflow refused it.

    It is a ``StaleCardError`` where the action was meant for an older card than the one that stands now.
    """
    handle = handle_of(connection, workflow_id)
    look = f"look again: maestro pr show {workflow_id}"
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            result: ActionResult = await handle.execute_update(
                kind.value, action, id=action.action_id, result_type=ActionResult
            )
    except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError) as error:
        raise PlatformUnavailable(
            f"no worker answered within {ANSWER_SECONDS:.0f} s; the action may still be taken",
            field=kind.value,
            fix=f"see that workers run, then repeat it under the same id ({action.action_id}), which acts once",
        ) from error
    except WorkflowUpdateFailedError as error:
        raise _refused(error.cause, kind, look) from error
    except RPCError as error:
        with explained():
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            ended = (await handle.describe()).status
        raise PolicyDenied(
            f"the pull request has ended ({ended.name.lower() if ended else 'unknown'}): nothing can change it",
            field=kind.value,
            fix=look,
        ) from error
    return result


def _refused(cause: BaseException, kind: ActionKind, look: str) -> PolicyDenied:
    if not isinstance(cause, ApplicationError):
        return PolicyDenied(str(cause), field=kind.value, fix=look)
    match cause.type, list(cause.details):
        case "StaleCard", [int() as seen, int() as now]:
            return StaleCardError(cause.message, seen=seen, now=now, field=kind.value, fix=look)
        case _:
            return PolicyDenied(cause.message, field=kind.value, fix=look)
