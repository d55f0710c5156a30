"""``maestro pr start``: conduct a pull request from a CI job, on a stack or server that runs."""

import asyncio
import json
import sys
from typing import Any

import click

from gateway import flow
from gateway.commands.options import Wanted, conducting


@click.command()
@conducting
@click.option("--wait", is_flag=True, help="Wait for the verdict and end with its exit code.")
@click.option(
    "--wait-for-person/--no-wait-for-person",
    default=True,
    show_default=True,
    help="With --wait: wait also for an approval, or end with exit code 1 and the card that says it is needed.",
)
@click.option("--timeout", type=click.FloatRange(min=0, min_open=True), help="Seconds to wait for the verdict.")
@click.option("--json", "as_json", is_flag=True, help="The card as JSON on standard output.")
def start(again: bool, wait: bool, wait_for_person: bool, timeout: float | None, as_json: bool, **wanted: Any) -> None:
    """Conduct a pull request on a running stack; for CI.

    The same head started twice is conducted once: the second call joins the first. Without --wait the answer is the
    workflow's id (as JSON: workflow_id, joined, finished, temporal_ui).
    """
    asked = Wanted(**wanted)
    pull_request = asked.resolve()

    async def started() -> int:
        connection, begun = await flow.conduct(pull_request, mode=asked.selection, again=again)
        if wait:
            card = await flow.watched(connection, begun.workflow_id, person=wait_for_person, timeout_seconds=timeout)
            return flow.finish(connection, card, as_json=as_json)
        told = {
            "workflow_id": begun.workflow_id,
            "joined": begun.joined,
            "finished": begun.finished,
            "temporal_ui": connection.page(begun.workflow_id),
        }
        click.echo(json.dumps(told) if as_json else begun.workflow_id)
        return 0

    try:
        sys.exit(asyncio.run(started()))
    except KeyboardInterrupt:
        sys.exit(flow.interrupted(pull_request.workflow_id))
