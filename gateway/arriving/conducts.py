"""The workflows of pull requests, as whoever follows an event has to know them: with what they were asked, whether they
can still change, how they ended.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError
from temporalio.service import RPCError, RPCStatusCode

from gateway.acting import take
from gateway.arriving.people import via
from gateway.conduct import RPC_TIMEOUT, card_of, handle_of
from gateway.connection import Connection, explained
from gateway.finding import listed
from gateway.listing import Filters, Found
from maestro.errors import BadInput, PlatformUnavailable, PolicyDenied
from maestro.model.arrival import Arrived
from maestro.model.conduct import ConductRequest, Outcome
from maestro.model.decision import ActionKind, DecisionState, ReviewerAction
from maestro.model.pull_request import AuthorKind, PullRequest

MAESTRO = "maestro"
"""Who ends what nobody needs any more."""

ENDING_SECONDS = 20.0
"""How long an end is waited for at a time: shards are stopped, and the evidence is sealed."""

OF_ONE_REPOSITORY = 2_000
"""Newest conducts among which a head is looked for that the forge named alone."""


@dataclass(frozen=True)
class Asked:
    """The newest run of a head: what it was asked to conduct, and whether it runs."""

    pull_request: PullRequest
    is_running: bool


async def asked(connection: Connection, workflow_id: str) -> Asked | None:
    """The newest run with this id, also while no worker is there; None where there never was one."""
    handle = handle_of(connection, workflow_id)
    with explained():
        try:
            description = await handle.describe(rpc_timeout=RPC_TIMEOUT)
            of_run = connection.client.get_workflow_handle(workflow_id, run_id=description.run_id)
            events = of_run.fetch_history_events(page_size=1, rpc_timeout=RPC_TIMEOUT)
            first = await anext(events)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return None
            raise
    payloads = first.workflow_execution_started_event_attributes.input.payloads
    [request] = await connection.client.data_converter.decode(payloads, [ConductRequest])
    return Asked(request.pull_request, description.status is WorkflowExecutionStatus.RUNNING)


async def of_head(connection: Connection, repo: str, head_sha: str) -> list[Found]:
    """The conducts of a head in a repository, newest first."""
    newest = listed(connection, Filters(repo=repo), limit=OF_ONE_REPOSITORY)
    return [found async for found in newest if found.head_sha == head_sha]


async def running_of(connection: Connection, repo: str, pr: str) -> list[str]:
    """The ids of what runs for a pull request, as far as the list of workflows knows yet."""
    return [found.workflow_id async for found in listed(connection, Filters(repo=repo, pr=pr, running=True))]


async def stop_all(connection: Connection, workflow_ids: Iterable[str], arrived: Arrived, *, reason: str) -> list[str]:
    """Cancel those that can still be cancelled, and return their ids."""
    return [one for one in workflow_ids if await stop(connection, one, arrived, reason=reason)]


async def stop(connection: Connection, workflow_id: str, arrived: Arrived, *, reason: str) -> bool:
    """Cancel in Maestro's name; False for what has ended, is ending, or is publishing what was decided."""
    action = ReviewerAction(
        action_id=f"stop/{arrived.digest}",
        actor=MAESTRO,
        actor_kind=AuthorKind.AGENT,
        reason=reason,
        via=via(arrived),
    )
    try:
        await take(connection, workflow_id, ActionKind.CANCEL, action)
    except (PolicyDenied, BadInput):
        return False
    return True


async def is_live(connection: Connection, workflow_id: str) -> bool:
    """Whether a running one can still change: one that can, can be cancelled. Raises PlatformUnavailable without a
    worker.
    """
    with explained():
        card = await card_of(handle_of(connection, workflow_id))
    return any(offered.kind is ActionKind.CANCEL for offered in card.actions)


async def outcome_of(connection: Connection, workflow_id: str) -> Outcome | None:
    """How it ended; None for one that Temporal ended. Raises PlatformUnavailable while it is ending."""
    try:
        with explained():
            async with asyncio.timeout(ENDING_SECONDS):
                return await handle_of(connection, workflow_id).result()
    except WorkflowFailureError:
        return None
    except TimeoutError as error:
        raise PlatformUnavailable(
            f"{workflow_id} has not ended yet", field="workflow", fix="wait: it is asked again"
        ) from error


def was_rejected(outcome: Outcome) -> bool:
    """A rejection stands for the head that it was given to, whatever is asked of it later."""
    return outcome.state.rejected


def was_stopped(outcome: Outcome, *, by_maestro: bool) -> bool:
    """Whether it was cancelled, by Maestro because nobody needed it, or by somebody who wanted so."""
    decision = outcome.decision
    return decision.state is DecisionState.CANCELLED and (decision.actor == MAESTRO) is by_maestro
