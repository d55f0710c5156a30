"""Starting the workflow of a pull request, once per head: a second start joins it, a finished one is shown."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError, WorkflowHandle
from temporalio.service import RPCError

from gateway.connection import PASSING, Connection, explained
from maestro.config.timings import timings_of
from maestro.errors import BadInput
from maestro.home import ledger_url
from maestro.ledger import Ledger
from maestro.model.conduct import ConductRequest, ConductState, Outcome
from maestro.model.decision import DecisionCard
from maestro.model.pull_request import PullRequest
from maestro.model.tests import SelectionMode
from workers.starting import start_key, start_workflow
from workflows import contract

QUERY_TIMEOUT = timedelta(seconds=10)
"""A worker that lives answers in milliseconds; the first answer after its start replays the history."""

RPC_TIMEOUT = timedelta(seconds=10)
"""A frozen server accepts a call and never answers it."""

FAILOVER_SECONDS = 60.0
"""How long a start waits for the namespace to move from a cluster that is gone."""

RETRY_SECONDS = 0.5

Handle = WorkflowHandle[object, Outcome]


@dataclass(frozen=True)
class Started:
    """A workflow to look at. ``joined``: it ran already; ``finished``: it had ended already and was left so."""

    workflow_id: str
    joined: bool = False
    finished: bool = False


async def start(connection: Connection, pull_request: PullRequest, *, mode: SelectionMode, again: bool) -> Started:
    """Conduct this head, or join whoever does; ``again`` conducts one that is finished once more."""
    workflow_id = pull_request.workflow_id
    request = ConductRequest(
        pull_request=pull_request,
        mode=mode,
        timings=timings_of(connection.topology),
        temporal_ui=connection.page(workflow_id),
        card_page=connection.topology.gateway.card_page(pull_request),
    )
    with explained():
        if await _start(connection, request):
            return Started(workflow_id)
        handle = handle_of(connection, workflow_id)
        description = await handle.describe(rpc_timeout=RPC_TIMEOUT)
        _require_tenant(description.typed_search_attributes.get(contract.TENANT), pull_request)
        if description.status is WorkflowExecutionStatus.RUNNING:
            return Started(workflow_id, joined=True)
        if not again:
            return Started(workflow_id, finished=True)
        request = request.model_copy(update={"state": await _state_after(handle, mode)})
        fresh = await _start(connection, request)
        return Started(workflow_id, joined=not fresh)


def handle_of(connection: Connection, workflow_id: str) -> Handle:
    """The newest run of a workflow, with the type of its result."""
    handle: Handle = connection.client.get_workflow_handle(workflow_id, result_type=Outcome)
    return handle


async def card_of(handle: Handle) -> DecisionCard:
    """The card as it stands, also of a workflow that has ended; needs a worker that runs."""
    card: DecisionCard = await handle.query(contract.CARD_QUERY, result_type=DecisionCard, rpc_timeout=QUERY_TIMEOUT)
    return card


async def _start(connection: Connection, request: ConductRequest) -> bool:
    """Start it; False where one runs, or has ended and may not be repeated.

    With clusters the start is noted in the ledger first: one that a failover loses is then started again. A cluster
    that is gone is asked again until the namespace has moved.
    """
    if not connection.topology.active_clusters():
        return await start_workflow(connection.client, connection.topology, request)
    await asyncio.to_thread(_note, connection, request)
    give_up = asyncio.get_running_loop().time() + FAILOVER_SECONDS
    while True:
        try:
            return await start_workflow(connection.client, connection.topology, request)
        except RPCError as error:
            if error.status not in PASSING or asyncio.get_running_loop().time() > give_up:
                raise
        await asyncio.sleep(RETRY_SECONDS)
        await connection.renew()


def _note(connection: Connection, request: ConductRequest) -> None:
    with Ledger.open(ledger_url()) as ledger:
        ledger.starts.begin(start_key(request), connection.client.namespace, request.model_dump_json())


def _require_tenant(known: str | None, pull_request: PullRequest) -> None:
    """A tenant's rules decide where code may run, so nobody may be shown another tenant's verdict as their own."""
    if known is not None and known != pull_request.tenant:
        raise BadInput(
            f"this head is conducted for tenant {known}, not {pull_request.tenant}",
            field="--tenant",
            fix=f"say --tenant {known}, or conduct it under another --pr for the other tenant",
        )


async def _state_after(handle: Handle, mode: SelectionMode) -> ConductState:
    """The counters go on from the earlier run, so that no effect of the new one finds its key taken."""
    try:
        return (await handle.result()).again(mode)
    except WorkflowFailureError:
        # Cancelled or terminated by Temporal's own means, so without a result: what its card shows is a bound.
        card = await card_of(handle)
        rounds = 1 + sum(entry.event in {"retry", "escalate tests", "downshift"} for entry in card.timeline)
        return ConductState(
            mode=mode,
            round=rounds,
            attempt=rounds,
            first_attempt=rounds,
            card_version=card.version,
            decisions=card.version + 1,
            comments=card.version + 1,
            # One for each round and each waiting, and two at the end.
            statuses=2 * card.version + 4,
            placements=card.placement.ordinal + 1 if card.placement else 0,
            incidents=card.incidents,
        )
