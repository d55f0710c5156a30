"""After a forced failover: what was started and lost with the unreplicated tail is started again, and every open pull
request hears which regions were left, so that it waits for nothing that runs there, and what reviewers did just before.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import structlog
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from maestro.config.topology import Topology
from maestro.ledger import Ledger
from maestro.ledger.starts import Start
from maestro.model.conduct import ConductRequest, RegionLeft
from workers.clusters.clients import HERE, serves
from workers.control.repeating import repeat_actions
from workers.starting import start_workflow

SIGNAL = "region_left"
RPC_TIMEOUT = timedelta(seconds=2)
TRIES = 10
PAUSE_SECONDS = 0.5
AT_A_TIME = 16

CLOCK_SLACK = timedelta(seconds=5)
"""How far the clocks of a cluster and of the ledger may be apart, when an ended run is told from a lost one."""

log = structlog.get_logger("workers.control")


async def rescue(
    topology: Topology, ledger: Ledger, client: Client, *, left: Sequence[str], reason: str, epoch: int
) -> None:
    """See to every open pull request; one that cannot be seen to now is left to its own timeouts."""
    await serves(client, topology.temporal.task_queue)
    starts = await asyncio.to_thread(ledger.starts.open, topology.temporal.namespace)
    turn = asyncio.Semaphore(AT_A_TIME)

    async def one(start: Start) -> None:
        async with turn:
            for tries_left in reversed(range(TRIES)):
                try:
                    await _see_to(topology, ledger, client, start, left=left, reason=reason, epoch=epoch)
                    break
                except RPCError as error:
                    # A frontend that has not heard of the failover refuses, or forwards to where nobody answers.
                    log.warning("not_rescued", pr=start.workflow_id, detail=error.message, tries_left=tries_left)
                await asyncio.sleep(PAUSE_SECONDS)

    await asyncio.gather(*(one(start) for start in starts))
    log.info("rescued", detail=f"{len(starts)} open pull requests")


async def _see_to(
    topology: Topology, ledger: Ledger, client: Client, start: Start, *, left: Sequence[str], reason: str, epoch: int
) -> None:
    request = ConductRequest.model_validate_json(start.request_json)
    if await _is_lost(client, request, start):
        log.warning("started_again", pr=request.pull_request.workflow_id)
        await start_workflow(client, topology, request)
        return
    handle = client.get_workflow_handle(request.pull_request.workflow_id)
    for region in left:
        try:
            word = RegionLeft(region=region, reason=reason, epoch=epoch)
            await handle.signal(SIGNAL, word, rpc_metadata=HERE, rpc_timeout=RPC_TIMEOUT)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            # It ended meanwhile.
            return
    await repeat_actions(ledger, handle, request.pull_request)


async def _is_lost(client: Client, request: ConductRequest, start: Start) -> bool:
    """Whether the cluster knows nothing of this run: no such workflow, or only one that ended before it was started."""
    try:
        handle = client.get_workflow_handle(request.pull_request.workflow_id)
        description = await handle.describe(rpc_metadata=HERE, rpc_timeout=RPC_TIMEOUT)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return True
        raise
    if description.status is WorkflowExecutionStatus.RUNNING:
        return False
    return description.start_time < start.started_at - CLOCK_SLACK
