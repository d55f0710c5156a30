"""Starting the workflow of a pull request, once per head: a second start joins it, a finished one is shown."""

from dataclasses import dataclass
from datetime import timedelta

from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError, WorkflowHandle
from temporalio.common import (
    Priority,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError

from gateway import contract
from gateway.connection import Connection, explained
from maestro.config.timings import timings_of
from maestro.errors import BadInput
from maestro.model.conduct import ConductRequest, ConductState, Outcome
from maestro.model.decision import DecisionCard, DecisionState, Phase
from maestro.model.pull_request import PullRequest
from maestro.model.tests import SelectionMode

QUERY_TIMEOUT = timedelta(seconds=10)
"""A worker that lives answers in milliseconds; the first answer after its start replays the history."""

Handle = WorkflowHandle[object, Outcome]

SUMMARY_LIMIT_BYTES = 400
"""What the server takes as a summary, which the Temporal UI shows in its lists."""


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
    )
    with explained():
        if await _start(connection, request, reuse=WorkflowIDReusePolicy.REJECT_DUPLICATE):
            return Started(workflow_id)
        handle = handle_of(connection, workflow_id)
        description = await handle.describe()
        _require_tenant(description.typed_search_attributes.get(contract.TENANT), pull_request)
        if description.status is WorkflowExecutionStatus.RUNNING:
            return Started(workflow_id, joined=True)
        if not again:
            return Started(workflow_id, finished=True)
        request = request.model_copy(update={"state": await _state_after(handle, mode)})
        fresh = await _start(connection, request, reuse=WorkflowIDReusePolicy.ALLOW_DUPLICATE)
        return Started(workflow_id, joined=not fresh)


def fairness_key(pull_request: PullRequest) -> str:
    """What shares a turn at the workers' queues, within the 64 bytes that the server takes."""
    return f"{pull_request.tenant}/{pull_request.repo}".encode()[:64].decode(errors="ignore")


def handle_of(connection: Connection, workflow_id: str) -> Handle:
    """The newest run of a workflow, with the type of its result."""
    handle: Handle = connection.client.get_workflow_handle(workflow_id, result_type=Outcome)
    return handle


async def card_of(handle: Handle) -> DecisionCard:
    """The card as it stands, also of a workflow that has ended; needs a worker that runs."""
    card: DecisionCard = await handle.query(contract.CARD_QUERY, result_type=DecisionCard, rpc_timeout=QUERY_TIMEOUT)
    return card


async def _start(connection: Connection, request: ConductRequest, *, reuse: WorkflowIDReusePolicy) -> bool:
    """Start it; False where one runs, or has ended and may not be repeated."""
    pull_request = request.pull_request
    try:
        await connection.client.start_workflow(
            contract.WORKFLOW,
            request,
            id=pull_request.workflow_id,
            task_queue=connection.topology.temporal.task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            id_reuse_policy=reuse,
            search_attributes=_search_attributes(connection, pull_request),
            static_summary=pull_request.title.encode()[:SUMMARY_LIMIT_BYTES].decode(errors="ignore"),
            static_details=_details(pull_request),
            # One repository with a hundred pull requests must not keep the others from their turn.
            priority=Priority(priority_key=3, fairness_key=fairness_key(pull_request)),
        )
    except WorkflowAlreadyStartedError:
        return False
    return True


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
            placements=card.placement.ordinal + 1 if card.placement else 0,
        )


def _search_attributes(connection: Connection, pull_request: PullRequest) -> TypedSearchAttributes:
    values = {
        contract.REPO: pull_request.repo,
        contract.PULL_REQUEST: pull_request.pr,
        contract.TENANT: pull_request.tenant,
        contract.AUTHOR: pull_request.author,
        contract.PHASE: Phase.PLACE.value,
        contract.DECISION: DecisionState.PENDING.value,
    }
    registered = connection.topology.search_attributes
    return TypedSearchAttributes(
        [SearchAttributePair(key, value) for key, value in values.items() if key.name in registered and value]
    )


def _details(pull_request: PullRequest) -> str:
    return "\n".join(
        (
            f"Repository: `{pull_request.repo}`",
            f"Base: `{pull_request.base_sha}`",
            f"Head: `{pull_request.head_sha}`",
            f"Author: {pull_request.author or 'unknown'} ({pull_request.author_kind.value})",
            *(f"Note: {note}" for note in pull_request.notes),
        )
    )
