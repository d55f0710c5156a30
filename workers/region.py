"""The worker process of one region: it polls the region's queue, and orchestrates for everybody.

``python -m workers.region --region ID``. SIGTERM stops polling, lets running work finish within its grace, then
cancels it; nothing is published by a cancelled activity.
"""

import argparse
import asyncio
import os
import signal
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import structlog
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import PollerBehaviorAutoscaling, Worker, WorkerDeploymentConfig
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import SandboxImportNotificationPolicy

from activities.assurance import AssuranceActivities
from activities.calibration import CalibrationActivities
from activities.decision import DecisionActivities
from activities.execution import ExecutionActivities
from activities.failures import FailureInterceptor
from activities.impact import ImpactActivities
from activities.latency import LatencyInterceptor
from activities.nightly import NightlyActivities
from activities.placement import PlacementActivities
from activities.render import RenderActivities
from activities.services import Services, open_services
from activities.tracing import TracingActivities
from maestro.config.topology import RegionConfig, Topology, load_topology
from maestro.errors import BadInput, MaestroError
from maestro.impact.calibration.method import METHOD
from maestro.model.region import region_io_queue, region_task_queue
from workers.connection import connect, worker_runtime
from workers.exit import Leave
from workers.logging import configure_logging
from workflows.calibration import CalibrationWorkflow
from workflows.nightly import NightlyWorkflow
from workflows.pull_request import PullRequestWorkflow
from workflows.replay import ReplayWorkflow

GRACE = timedelta(seconds=20)
"""How long running work may go on after SIGTERM before it is cancelled."""

CONTROL_THREADS = 16
"""Threads for ledger and policy calls, which wait for a database rather than for a processor."""

HEARTBEAT_THROTTLE = timedelta(seconds=2)
"""A cancellation reaches an activity with the answer to a heartbeat, so this is how long a cancelled shard goes on."""

STICKY_TIMEOUT = timedelta(seconds=5)
"""How long a workflow waits for the worker that has it cached; each second is added when that worker has died."""

PASSED_THROUGH = ("maestro", "activities", "structlog", "sqlalchemy", "regorus", "opentelemetry")
"""Imported once instead of once per workflow run. The files that define workflows stay in the sandbox, which is what
makes a call to the clock or to chance there an error; what they import, they pass through themselves.
"""


def workflow_runner() -> SandboxedWorkflowRunner:
    """The sandbox that workflows run in; an import that it would repeat per run is an error, not a warning."""
    restrictions = SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH)
    return SandboxedWorkflowRunner(
        restrictions=restrictions.with_import_notification_policy(
            SandboxImportNotificationPolicy.WARN_ON_DYNAMIC_IMPORT
            | SandboxImportNotificationPolicy.RAISE_ON_UNINTENTIONAL_PASSTHROUGH
        )
    )


def deployment(topology: Topology) -> WorkerDeploymentConfig | None:
    """The deployment version that this worker belongs to, where the topology rolls workers out by version.

    Pinned: a pull request ends under the code that it began with. (The workflows do not say so themselves, because
    Temporal refuses a versioning behaviour from a worker without a version.)
    """
    if topology.versioning is None:
        return None
    return WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(topology.versioning.deployment, topology.versioning.build_id),
        use_worker_versioning=True,
        default_versioning_behavior=VersioningBehavior.PINNED,
    )


def workers(client: Client, services: Services, region: RegionConfig, executor: ThreadPoolExecutor) -> list[Worker]:
    """The three workers of a process: one that orchestrates for everybody, one for the region's tests, as many at a
    time as it has slots, and one for its short work.
    """
    execution = ExecutionActivities(services)
    decision = DecisionActivities(services)
    nightly = NightlyActivities(services)
    calibration = CalibrationActivities(services, METHOD)
    orchestration = Worker(
        client,
        task_queue=services.topology.temporal.task_queue,
        workflows=[PullRequestWorkflow, NightlyWorkflow, ReplayWorkflow, CalibrationWorkflow],
        activities=[
            PlacementActivities(services).place,
            RenderActivities(services).render,
            decision.decide,
            decision.remind,
            decision.record_action,
            nightly.plan_night,
            nightly.settle,
            calibration.plan_calibration,
            calibration.calibrate_repository,
        ],
        activity_executor=executor,
        workflow_runner=workflow_runner(),
        workflow_task_poller_behavior=PollerBehaviorAutoscaling(),
        activity_task_poller_behavior=PollerBehaviorAutoscaling(),
        sticky_queue_schedule_to_start_timeout=STICKY_TIMEOUT,
        graceful_shutdown_timeout=GRACE,
        deployment_config=deployment(services.topology),
        interceptors=[FailureInterceptor()],
    )
    tests = Worker(
        client,
        task_queue=region_task_queue(region.id),
        activities=[ImpactActivities(services).select, execution.run_shard],
        activity_executor=executor,
        max_concurrent_activities=region.slots,
        graceful_shutdown_timeout=GRACE,
        max_heartbeat_throttle_interval=HEARTBEAT_THROTTLE,
        deployment_config=deployment(services.topology),
        interceptors=[FailureInterceptor(), LatencyInterceptor(services, region.id)],
    )
    short = Worker(
        client,
        task_queue=region_io_queue(region.id),
        activities=[AssuranceActivities(services).gather, TracingActivities(services).trace],
        activity_executor=executor,
        graceful_shutdown_timeout=GRACE,
        deployment_config=deployment(services.topology),
        interceptors=[FailureInterceptor()],
    )
    return [orchestration, tests, short]


def region_of(topology: Topology, name: str) -> RegionConfig:
    """The region called ``name``; ``BadInput`` names those that there are."""
    for region in topology.regions:
        if region.id == name:
            return region
    known = ", ".join(region.id for region in topology.regions)
    raise BadInput(f"the topology has no region {name!r}", field="--region", fix=f"use one of: {known}")


async def serve(name: str, *, ready_file: Path | None = None) -> None:
    """Work for a region until SIGTERM or SIGINT. ``ready_file`` is written once both queues are polled."""
    topology = load_topology()
    region = region_of(topology, name)
    log = structlog.get_logger("workers.region").bind(region=region.id)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    runtime = worker_runtime(topology, metrics_port=region.metrics_port)
    identity = f"{region.id}@{socket.gethostname()}:{os.getpid()}"
    client = await connect(topology, runtime=runtime, identity=identity)
    async with AsyncExitStack() as stack:
        executor = stack.enter_context(ThreadPoolExecutor(CONTROL_THREADS, thread_name_prefix="maestro"))
        services = stack.enter_context(open_services(topology, client))
        for worker in workers(client, services, region, executor):
            await stack.enter_async_context(worker)
        if ready_file is not None:
            await asyncio.to_thread(ready_file.write_text, str(os.getpid()), encoding="ascii")
        log.info("worker_ready", identity=identity)
        await stop.wait()
        log.info("worker_stopping")


def main() -> None:
    leave = Leave()
    parser = argparse.ArgumentParser(prog="python -m workers.region", description=__doc__)
    parser.add_argument("--region", required=True, help="the id of the region to work for")
    parser.add_argument("--ready-file", type=Path, help="written once the worker polls")
    arguments = parser.parse_args()
    configure_logging()
    code = 0
    try:
        asyncio.run(serve(arguments.region, ready_file=arguments.ready_file))
    except MaestroError as error:
        # Whoever starts a stack reads the end of this log.
        sys.stderr.write(f"{error}\n")
        code = error.exit_code
    leave(code)


if __name__ == "__main__":
    main()
