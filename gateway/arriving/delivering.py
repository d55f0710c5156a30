"""Handing over to Temporal what has arrived: durable when this returns, and followed by whichever gateway is there."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta

from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError, RPCStatusCode

from gateway.connection import PASSING, Connection
from maestro.errors import PlatformUnavailable
from maestro.model.arrival import ARRIVAL_WORKFLOW, ARRIVED_SIGNAL, ArrivalRequest, Arrived, arrivals_queue

TRY_SECONDS = 2.5
TRIES = 3
"""Together below the ten seconds for which GitHub waits; it delivers nothing again by itself."""

PAUSE_SECONDS = 0.5

_FULL = frozenset({RPCStatusCode.INVALID_ARGUMENT, RPCStatusCode.FAILED_PRECONDITION})


async def deliver(connection: Connection, arrivals: Iterable[Arrived]) -> None:
    """Hand over each of them, in order. Raises PlatformUnavailable where Temporal does not take one.

    What was handed over before is so: delivered once more, it counts once.
    """
    for arrived in arrivals:
        await _handed_over(connection, arrived)


async def _handed_over(connection: Connection, arrived: Arrived) -> None:
    for attempt in range(1, TRIES + 1):
        try:
            await _signal_with_start(connection, arrived)
        except RPCError as error:
            if error.status not in PASSING or attempt == TRIES:
                raise PlatformUnavailable(
                    f"Temporal does not take what arrived: {error.message}",
                    field="temporal",
                    fix="let the forge deliver it again when Temporal is there; until then nothing follows from it",
                ) from error
            await asyncio.sleep(PAUSE_SECONDS)
            await connection.renew()
        else:
            return


async def _signal_with_start(connection: Connection, arrived: Arrived) -> None:
    await connection.client.start_workflow(
        ARRIVAL_WORKFLOW,
        ArrivalRequest(),
        id=arrived.workflow_id,
        task_queue=arrivals_queue(connection.topology.temporal.task_queue),
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        start_signal=ARRIVED_SIGNAL,
        start_signal_args=[arrived],
        static_summary=f"{arrived.repo} {arrived.pr or arrived.head_sha[:12]} at {arrived.forge}",
        rpc_timeout=timedelta(seconds=TRY_SECONDS),
    )
