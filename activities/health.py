"""Measures a region through Temporal and the ledger: who is alive, what waits, how long starting takes."""

import asyncio
from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import TaskQueueType, WorkerStatus
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, ListWorkersRequest
from temporalio.client import Client
from temporalio.service import RPCError

from activities.services import Services
from maestro.clock import utc_now
from maestro.model.region import Region, RegionHealth
from maestro.placement.health import HealthSample, judge

START_LATENCY = "start_latency_seconds"
"""The kind of the ledger's samples: how long a task of the region waited for a worker."""

LATENCY_WINDOW_SECONDS = 300.0
"""A region that was too slow gets no work, so no new samples: it has its next chance after this."""

RPC_TIMEOUT = timedelta(seconds=5)
ALIVE = frozenset({WorkerStatus.WORKER_STATUS_RUNNING})


async def measure(services: Services, region: Region) -> RegionHealth:
    """The region's health now. What cannot be measured is a reason against it, never a guess in its favour."""
    try:
        beats, (polls, backlog), p95 = await asyncio.gather(
            _heartbeats(services.client, region),
            _queue(services.client, region),
            asyncio.to_thread(
                services.ledger.samples.p95, region.id, START_LATENCY, window_seconds=LATENCY_WINDOW_SECONDS
            ),
        )
        sample = HealthSample(
            workers=len(beats | polls),
            heartbeat_at=max((*beats.values(), *polls.values()), default=None),
            backlog=backlog,
            start_latency_p95_seconds=p95,
        )
    except RPCError as error:
        sample = HealthSample(problem=error.message)
    return judge(region, sample, limits=services.topology.health, now=utc_now())


async def _heartbeats(client: Client, region: Region) -> dict[str, datetime]:
    """When each worker of the region's queue was last heard of; workers that said goodbye are not among them."""
    response = await client.workflow_service.list_workers(
        ListWorkersRequest(namespace=client.namespace, page_size=100, query=f"TaskQueue = '{region.task_queue}'"),
        timeout=RPC_TIMEOUT,
    )
    beats = [info.worker_heartbeat for info in response.workers_info]
    return {beat.worker_identity: beat.heartbeat_time.ToDatetime(tzinfo=UTC) for beat in beats if beat.status in ALIVE}


async def _queue(client: Client, region: Region) -> tuple[dict[str, datetime], int]:
    """When each worker last asked for a task, and how many tasks wait. A worker that has just started asks for tasks
    some seconds before its first heartbeat.
    """
    response = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=region.task_queue),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
            report_stats=True,
        ),
        timeout=RPC_TIMEOUT,
    )
    polls = {poller.identity: poller.last_access_time.ToDatetime(tzinfo=UTC) for poller in response.pollers}
    return polls, int(response.stats.approximate_backlog_count)
