"""``maestro pr act``: a reviewer's action as a Temporal update, which acts once per action id."""

import asyncio
import sys
import uuid

import click
from pydantic import ValidationError

from gateway.acting import take
from gateway.connection import reach
from gateway.finding import find
from gateway.revisions import acting_person
from maestro.errors import BadInput
from maestro.model.decision import ActionKind, ActionResult, ReviewerAction

KINDS = [kind.value for kind in ActionKind]

VIA = "cli"
"""Whoever can reach Temporal from this machine is who they say they are: nobody asks further."""


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
