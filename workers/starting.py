"""Starting the workflow of a pull request, as a command does it and as a controller does it again after a failover."""

from datetime import timedelta

from temporalio.client import Client
from temporalio.common import (
    Priority,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError

from maestro.config.topology import Topology
from maestro.ledger.starts import AGAIN
from maestro.model.conduct import ConductRequest
from maestro.model.decision import DecisionState, Phase
from maestro.model.pull_request import PullRequest
from workflows import contract

SUMMARY_LIMIT_BYTES = 400
"""What the server takes as a summary, which the Temporal UI shows in its lists."""

START_TIMEOUT = timedelta(seconds=5)
"""Right after a failover a frontend may still forward to the cluster that is gone; whoever starts asks again."""


async def start_workflow(client: Client, topology: Topology, request: ConductRequest) -> bool:
    """Start it; False where one runs, or has ended and may not be repeated.

    A head is started once, and again only with the state of the run before.
    """
    pull_request = request.pull_request
    again = request.state is not None
    try:
        await client.start_workflow(
            contract.WORKFLOW,
            request,
            id=pull_request.workflow_id,
            task_queue=topology.temporal.task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE if again else WorkflowIDReusePolicy.REJECT_DUPLICATE,
            search_attributes=_search_attributes(topology, pull_request),
            static_summary=pull_request.title.encode()[:SUMMARY_LIMIT_BYTES].decode(errors="ignore"),
            static_details=_details(pull_request),
            # One repository with a hundred pull requests must not keep the others from their turn.
            priority=Priority(priority_key=3, fairness_key=fairness_key(pull_request)),
            rpc_timeout=START_TIMEOUT,
        )
    except WorkflowAlreadyStartedError:
        return False
    return True


def start_key(request: ConductRequest) -> str:
    """What the ledger knows a start by: the workflow's id, and the round that a repeated one begins with."""
    workflow_id = request.pull_request.workflow_id
    return workflow_id if request.state is None else f"{workflow_id}{AGAIN}{request.state.round}"


def fairness_key(pull_request: PullRequest) -> str:
    """What shares a turn at the workers' queues, within the 64 bytes that the server takes."""
    return f"{pull_request.tenant}/{pull_request.repo}".encode()[:64].decode(errors="ignore")


def _search_attributes(topology: Topology, pull_request: PullRequest) -> TypedSearchAttributes:
    values = {
        contract.REPO: pull_request.repo,
        contract.PULL_REQUEST: pull_request.pr,
        contract.TENANT: pull_request.tenant,
        contract.AUTHOR: pull_request.author,
        contract.PHASE: Phase.PLACE.value,
        contract.DECISION: DecisionState.PENDING.value,
    }
    registered = topology.search_attributes
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
