"""Conducting as a command does it: start or join, watch up to the verdict, answer with card, page and exit code."""

import asyncio
import sys

import click

from gateway import answers, terminal
from gateway.conduct import Started, card_of, handle_of, start
from gateway.connection import Connection, explained, reach
from gateway.finding import find
from gateway.watching import verdict
from maestro.errors import PlatformUnavailable
from maestro.model.decision import DecisionCard, DecisionState
from maestro.model.pull_request import PullRequest
from maestro.model.tests import SelectionMode

INTERRUPTED = 130
"""The shell's code for a command that ended by Ctrl-C."""


async def conduct(pull_request: PullRequest, *, mode: SelectionMode, again: bool) -> tuple[Connection, Started]:
    """Start or join, and say on standard error which it was and where it can be seen."""
    connection = await reach()
    started = await start(connection, pull_request, mode=mode, again=again)
    if started.finished:
        say("this head was conducted before; its result follows (--again conducts it once more)")
    elif started.joined:
        say("this head is being conducted already; joined it")
    say(f"workflow: {started.workflow_id}")
    if page := connection.page(started.workflow_id):
        say(f"Temporal: {page}")
    if connection.is_served:
        say(f"live card: {connection.topology.gateway.card_page(pull_request)}")
    return connection, started


async def watched(
    connection: Connection, workflow_id: str, *, person: bool, timeout_seconds: float | None
) -> DecisionCard:
    """The card with the verdict, after showing the way there; with ``person`` an approval is waited for."""
    handle = handle_of(connection, workflow_id)
    try:
        async with asyncio.timeout(timeout_seconds):
            card = await terminal.show(verdict(connection, handle, person=person))
    except TimeoutError as error:
        raise PlatformUnavailable(
            f"there is no verdict after {timeout_seconds:g} s; the pull request is still being conducted",
            field=workflow_id,
            fix=f"go on watching with `maestro pr watch {workflow_id}`",
        ) from error
    if card is None:
        with explained():
            return await card_of(handle_of(connection, workflow_id))
    return card


async def card_by_name(text: str) -> DecisionCard:
    """The card of the pull request that somebody named, as it stands."""
    connection = await reach()
    workflow_id = await find(connection, text)
    with explained():
        return await card_of(handle_of(connection, workflow_id))


def finish(connection: Connection, card: DecisionCard, *, as_json: bool) -> int:
    """Print the card, write its page and the step summary; the exit code."""
    answers.answer(card, as_json=as_json)
    answers.append_step_summary(card)
    page = answers.write_page(card)
    say(f"card: {page.as_uri()}")
    if address := connection.page(card.pull_request.workflow_id):
        say(f"Temporal: {address}")
    if card.decision.state is DecisionState.NEEDS_PERSON:
        say("a person is needed: see what can be done on the card; `maestro pr watch` waits for it")
    return answers.exit_code(card)


def interrupted(workflow_id: str) -> int:
    """What to say and to end with when somebody stopped watching."""
    say(f"stopped watching; the pull request goes on: maestro pr watch {workflow_id}")
    return INTERRUPTED


def say(text: str) -> None:
    """Tell the person; standard output is kept for the answer."""
    click.echo(text, err=True)
    sys.stderr.flush()
