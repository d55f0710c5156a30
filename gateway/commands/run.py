"""``maestro run``: conduct a pull request and watch it, on a stack that is started when none is up."""

import asyncio
import sys
from typing import Any

import click

from gateway import flow
from gateway.commands.options import Wanted, conducting
from gateway.connection import is_elsewhere
from workers.stack import control


@click.command()
@conducting
@click.option("--wait-for-person", is_flag=True, help="Wait also for an approval, where one is needed.")
def run(again: bool, wait_for_person: bool, **wanted: Any) -> None:
    """Conduct a pull request and watch it; starts the stack if none is up.

    Ends with the Decision Card, its page, and the exit code: 0 green, 1 everything else that was decided.
    """
    asked = Wanted(**wanted)
    pull_request = asked.resolve()
    if not is_elsewhere() and control.current() is None:
        flow.say("no stack is up: starting one (`maestro down` stops it)")
        control.up(flow.say)

    async def conducted() -> int:
        connection, started = await flow.conduct(pull_request, mode=asked.selection, again=again)
        card = await flow.watched(connection, started.workflow_id, person=wait_for_person, timeout_seconds=None)
        return flow.finish(connection, card, as_json=False)

    try:
        sys.exit(asyncio.run(conducted()))
    except KeyboardInterrupt:
        sys.exit(flow.interrupted(pull_request.workflow_id))
