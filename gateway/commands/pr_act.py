"""``maestro pr act``: a reviewer's action as a Temporal update, which acts once per action id."""

import asyncio
import sys
import uuid

import click
from pydantic import ValidationError
from temporalio.client import WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from gateway.conduct import handle_of
from gateway.connection import Connection, explained, reach
from gateway.finding import find
from gateway.revisions import acting_person
from maestro.errors import BadInput, PlatformUnavailable, PolicyDenied
from maestro.model.decision import ActionKind, ActionResult, ReviewerAction

ANSWER_SECONDS = 60.0
"""How long a worker may take to answer; one that was just started replays the history first."""


KINDS = [kind.value for kind in ActionKind]

VIA = "cli"
"""Whoever can reach Temporal from this machine is who they say they are: nobody asks further."""


class StaleCardError(PolicyDenied):
    """The card has moved on since it was looked at: it was at version ``seen``, and is at ``now``."""

    def __init__(self, message: str, *, seen: int, now: int, field: str, fix: str) -> None:
        super().__init__(message, field=field, fix=fix)
        self.seen = seen
        self.now = now


@click.command()
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("pull_request", metavar="PR")
@click.option("--reason", default="", help="Why; a rejection, an incident and what answers one need it.")
@click.option("--action-id", default="", help="Repeated with the same id, it acts once. [default: a new one]")
@click.option("--actor", default="", help="Who acts. [default: git's user.email, else the login name]")
@click.option("--card-version", type=click.IntRange(min=0), help="Refuse where the card is another one by now.")
@click.option("--json", "as_json", is_flag=True, help="What the action changed, as JSON.")
def act(
    kind: str, pull_request: str, reason: str, action_id: str, actor: str, card_version: int | None, as_json: bool
) -> None:
    """Approve, reject, report an incident, retry, cancel, or change what is tested.

    PR is a workflow id, at least 4 characters of its head, or repo/pr. An incident holds the pull request back until
    somebody other than its author approves it with a reason. An action that is refused changes nothing and ends with
    exit code 1 and the reason.
    """
    try:
        action = ReviewerAction(
            action_id=action_id or str(uuid.uuid4()),
            actor=actor or acting_person(),
            reason=reason,
            card_version=card_version,
            via=VIA,
        )
    except ValidationError as error:
        [first, *_] = error.errors()
        option = f"--{str(first['loc'][0]).replace('_', '-')}"
        raise BadInput(first["msg"], field=option, fix="give a shorter text") from error

    async def acted() -> ActionResult:
        connection = await reach()
        return await take(connection, await find(connection, pull_request), ActionKind(kind), action)

    result = asyncio.run(acted())
    if as_json:
        click.echo(result.model_dump_json(indent=2))
    else:
        click.echo(f"{kind.replace('_', ' ')}: {result.changed} (action id {result.action_id})")
    sys.exit(0)


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
            fix=f"see that workers run, then repeat it with --action-id {action.action_id}, which acts once",
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
