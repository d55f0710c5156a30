"""``maestro pr show`` and ``maestro pr watch``: one pull request, as it stands or until it is decided."""

import asyncio
import sys

import click

from gateway import answers, flow
from gateway.connection import reach
from gateway.finding import find


@click.command()
@click.argument("pull_request", metavar="PR")
@click.option("--json", "as_json", is_flag=True, help="The card as JSON.")
def show(pull_request: str, as_json: bool) -> None:
    """Show the Decision Card of a pull request as it stands.

    PR is a workflow id, at least 4 characters of its head, or repo/pr. The exit code is 0 whatever was decided.
    """

    answers.answer(asyncio.run(flow.card_by_name(pull_request)), as_json=as_json)


@click.command()
@click.argument("pull_request", metavar="PR")
@click.option("--timeout", type=click.FloatRange(min=0, min_open=True), help="Seconds to wait for the verdict.")
@click.option("--json", "as_json", is_flag=True, help="The card as JSON at the end.")
def watch(pull_request: str, timeout: float | None, as_json: bool) -> None:
    """Watch a pull request until it is decided, also by a person.

    PR is a workflow id, at least 4 characters of its head, or repo/pr. The exit code is that of the decision.
    """
    watching = pull_request

    async def watched() -> int:
        nonlocal watching
        connection = await reach()
        watching = await find(connection, pull_request)
        card = await flow.watched(connection, watching, person=True, timeout_seconds=timeout)
        return flow.finish(connection, card, as_json=as_json)

    try:
        sys.exit(asyncio.run(watched()))
    except KeyboardInterrupt:
        sys.exit(flow.interrupted(watching))
