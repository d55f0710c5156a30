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
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import (
    FixedSizeSlotSupplier,
    Interceptor,
    PollerBehaviorAutoscaling,
    Worker,
    WorkerDeploymentConfig,
    WorkerTuner,
)
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import SandboxImportNotificationPolicy

from activities.assurance import AssuranceActivities, ReassessActivities
from activities.calibration import CalibrationActivities
from activities.decision import DecisionActivities
from activities.evidence import EvidenceActivities
from activities.execution import ExecutionActivities
from activities.failures import FailureInterceptor
from activities.impact import ImpactActivities
from activities.latency import LatencyInterceptor
from activities.nightly import NightlyActivities
from activities.placement import PlacementActivities
from activities.publishing import PublishingActivities
from activities.render import RenderActivities
from activities.services import Services, open_services
from activities.standing import StandingInterceptor
from activities.tracing import TracingActivities
from maestro.config.topology import RegionConfig, Topology, load_topology
from maestro.errors import BadInput, MaestroError
from maestro.forges.lending import lend
from maestro.home import ledger_url
from maestro.impact.calibration.method import METHOD
from maestro.ledger import Ledger
from maestro.model.region import Standing, region_io_queue, region_task_queue
from workers.binding import Binding, Bound
from workers.connection import worker_runtime
from workers.exit import Leave
from workers.logging import configure_logging
from workers.slots import RetirableSlots
from workflows.calibration import CalibrationWorkflow
from workflows.nightly import NightlyWorkflow
from workflows.pull_request import PullRequestWorkflow
from workflows.replay import ReplayWorkflow

GRACE = timedelta(seconds=20)
"""How long running work may go on after SIGTERM before it is cancelled."""

CONTROL_THREADS = 16
"""Threads for ledger and policy calls, which wait for a database rather than for a processor."""

CHORES = 100
"""Short activities at a time, which mostly wait: for a region, for git, for the ledger."""

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


def bound_workers(
    services: Services,
    region: RegionConfig,
    executor: ThreadPoolExecutor,
    *,
    client: Client,
    standing: Standing,
    cluster: str,
) -> Bound:
    """The workers of a process for one epoch: one that orchestrates for everybody, one for the chores of orchestration,
    one for the region's tests, as many at a time as it has slots, and one for its short work.

    What can take longer than a moment can be retired, so that it need not be cancelled when the namespace moves.
    """
    execution = ExecutionActivities(services)
    decision = DecisionActivities(services)
    nightly = NightlyActivities(services)
    calibration = CalibrationActivities(services, METHOD)
    publishing = PublishingActivities(services)
    interceptors = [FailureInterceptor(), StandingInterceptor(services.ledger, standing)]
    # A workflow task that is under way when the namespace moves keeps its worker until its local activities end: under
    # an epoch that was left they never would.
    local = [FailureInterceptor(), StandingInterceptor(services.ledger, lambda: services.reach.standing)]
    orchestration = Worker(
        client,
        task_queue=services.topology.temporal.task_queue,
        workflows=[PullRequestWorkflow, NightlyWorkflow, ReplayWorkflow, CalibrationWorkflow],
        activities=[
            RenderActivities(services).render,
            ReassessActivities(services).reassess,
            decision.decide,
            decision.remind,
            decision.record_action,
        ],
        # Local activities only: what waits or computes is a chore.
        no_remote_activities=True,
        activity_executor=executor,
        workflow_runner=workflow_runner(),
        workflow_task_poller_behavior=PollerBehaviorAutoscaling(),
        sticky_queue_schedule_to_start_timeout=STICKY_TIMEOUT,
        graceful_shutdown_timeout=GRACE,
        deployment_config=deployment(services.topology),
        interceptors=local,
    )
    slots: list[RetirableSlots] = []

    def activity_worker(
        queue: str, activities: Sequence[Callable[..., Any]], limit: int, *more: Interceptor, **options: Any
    ) -> Worker:
        slots.append(RetirableSlots(limit))
        return Worker(
            client,
            task_queue=queue,
            activities=activities,
            activity_executor=executor,
            tuner=WorkerTuner.create_composite(
                workflow_supplier=FixedSizeSlotSupplier(1),
                activity_supplier=slots[-1],
                local_activity_supplier=FixedSizeSlotSupplier(1),
                nexus_supplier=FixedSizeSlotSupplier(1),
            ),
            activity_task_poller_behavior=PollerBehaviorAutoscaling(),
            graceful_shutdown_timeout=GRACE,
            deployment_config=deployment(services.topology),
            interceptors=[*interceptors, *more],
            **options,
        )

    chores = activity_worker(
        services.topology.temporal.task_queue,
        [
            PlacementActivities(services).place,
            publishing.comment,
            publishing.status,
            EvidenceActivities(services).seal,
            nightly.plan_night,
            nightly.settle,
            calibration.plan_calibration,
            calibration.calibrate_repository,
        ],
        CHORES,
    )
    tests = activity_worker(
        region_task_queue(region.id),
        [ImpactActivities(services).select, execution.run_shard],
        region.slots,
        LatencyInterceptor(services, region.id),
        max_heartbeat_throttle_interval=HEARTBEAT_THROTTLE,
    )
    short = activity_worker(
        region_io_queue(region.id),
        [AssuranceActivities(services).gather, TracingActivities(services).trace, publishing.merge],
        CHORES,
    )
    return Bound(
        standing=standing,
        cluster=cluster,
        orchestrators=(orchestration,),
        workers=(chores, tests, short),
        slots=tuple(slots),
    )


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
    # Before any thread: the gits of every one of them get it.
    lend(topology.forges, os.environ)
    log = structlog.get_logger("workers.region").bind(region=region.id)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    runtime = worker_runtime(topology, metrics_port=region.metrics_port)
    identity = f"{region.id}@{socket.gethostname()}:{os.getpid()}"
    with ExitStack() as stack:
        executor = stack.enter_context(ThreadPoolExecutor(CONTROL_THREADS, thread_name_prefix="maestro"))
        ledger = stack.enter_context(Ledger.open(ledger_url()))
        binding = Binding(topology, region.id, ledger, runtime=runtime, identity=identity)
        client, standing, cluster = await binding.reach()
        services = open_services(topology, client, ledger, standing)
        # What is configured wrongly is refused here, and not when the first decision is to be told.
        services.forges.open()

        def make(client: Client, standing: Standing, cluster: str) -> Bound:
            return bound_workers(services, region, executor, client=client, standing=standing, cluster=cluster)

        async def is_ready() -> None:
            if ready_file is not None:
                await asyncio.to_thread(ready_file.write_text, str(os.getpid()), encoding="ascii")
            log.info("worker_ready", identity=identity, cluster=cluster, epoch=standing.epoch)

        try:
            await binding.run(make(client, standing, cluster), make, services.reach, stop=stop, ready=is_ready)
        finally:
            await services.close()
        log.info("worker_stopped")


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
