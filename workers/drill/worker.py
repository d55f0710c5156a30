"""The worker process of one region for the drill's own steps: ``python -m workers.drill.worker --region ID``.

Maestro's way is served as Maestro's own work is, bound to the cluster of the ledger's epoch. The other ways are served
as Temporal's documentation says: each region's worker polls its own cluster, and knows of no epoch.
"""

import argparse
import asyncio
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from temporalio.client import Client
from temporalio.runtime import Runtime
from temporalio.worker import FixedSizeSlotSupplier, PollerBehaviorAutoscaling, Worker, WorkerTuner

from activities.failures import FailureInterceptor
from activities.services import Reach
from activities.standing import StandingInterceptor
from maestro.config.topology import RegionConfig, Topology, load_topology
from maestro.errors import MaestroError, PlatformUnavailable
from maestro.home import ledger_url
from maestro.ledger import Ledger
from maestro.model.region import Standing
from workers.binding import Binding, Bound
from workers.clusters.clients import connect_cluster
from workers.connection import worker_runtime
from workers.drill.sink import Sink, Way
from workers.drill.steps import DrillActivities, queue
from workers.drill.workload import DrillWorkflow
from workers.exit import Leave
from workers.logging import configure_logging
from workers.region import STICKY_TIMEOUT, region_of, workflow_runner
from workers.slots import RetirableSlots

AT_A_TIME = 20
RETRY_SECONDS = 0.5


@dataclass(frozen=True)
class Place:
    """Where this process works and with what."""

    topology: Topology
    region: RegionConfig
    ledger: Ledger
    activities: DrillActivities
    runtime: Runtime
    identity: str

    def bound(self, client: Client, standing: Standing, cluster: str) -> Bound:
        """Maestro's way: the workers of one epoch."""
        slots = RetirableSlots(AT_A_TIME)
        steps = Worker(
            client,
            task_queue=queue(Way.MAESTRO),
            activities=[self.activities.of(Way.MAESTRO)],
            tuner=WorkerTuner.create_composite(
                workflow_supplier=FixedSizeSlotSupplier(1),
                activity_supplier=slots,
                local_activity_supplier=FixedSizeSlotSupplier(1),
                nexus_supplier=FixedSizeSlotSupplier(1),
            ),
            activity_task_poller_behavior=PollerBehaviorAutoscaling(),
            interceptors=[FailureInterceptor(), StandingInterceptor(self.ledger, standing)],
        )
        orchestration = Worker(
            client,
            task_queue=queue(Way.MAESTRO),
            workflows=[DrillWorkflow],
            no_remote_activities=True,
            workflow_runner=workflow_runner(),
            sticky_queue_schedule_to_start_timeout=STICKY_TIMEOUT,
        )
        return Bound(
            standing=standing, cluster=cluster, orchestrators=(orchestration,), workers=(steps,), slots=(slots,)
        )

    async def serve_plainly(self, way: Way) -> None:
        """Work at the region's own cluster, whichever the namespace is active in."""
        while True:
            try:
                client = await connect_cluster(
                    self.topology, self.region.cluster or "", runtime=self.runtime, identity=self.identity
                )
                await Worker(
                    client,
                    task_queue=queue(way),
                    workflows=[DrillWorkflow],
                    activities=[self.activities.of(way)],
                    max_concurrent_activities=AT_A_TIME,
                    workflow_runner=workflow_runner(),
                    sticky_queue_schedule_to_start_timeout=STICKY_TIMEOUT,
                    interceptors=[FailureInterceptor()],
                ).run()
            except (PlatformUnavailable, RuntimeError):
                # Its cluster is away: a worker cannot begin without it.
                await asyncio.sleep(RETRY_SECONDS)


async def serve(name: str, *, sink: Path, ready_file: Path) -> None:
    """Work until SIGTERM."""
    topology = load_topology()
    region = region_of(topology, name)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    runtime = worker_runtime(topology, metrics_port=None)
    identity = f"drill-{region.id}@{socket.gethostname()}:{os.getpid()}"
    with ExitStack() as stack:
        ledger = stack.enter_context(Ledger.open(ledger_url(), migrate=False))
        activities = DrillActivities(ledger, Sink(sink), region=region.id)
        place = Place(topology, region, ledger, activities, runtime, identity)
        plainly = [asyncio.create_task(place.serve_plainly(way)) for way in Way if way is not Way.MAESTRO]
        binding = Binding(topology, region.id, ledger, runtime=runtime, identity=identity)
        client, standing, cluster = await binding.reach()
        try:
            bound = place.bound(client, standing, cluster)
            await binding.run(bound, place.bound, Reach(client), stop=stop, ready=_ready(ready_file))
        finally:
            for task in plainly:
                task.cancel()
            await asyncio.wait(plainly)


def _ready(file: Path) -> Callable[[], Awaitable[None]]:
    async def ready() -> None:
        await asyncio.to_thread(file.write_text, str(os.getpid()), encoding="ascii")

    return ready


def main() -> None:
    leave = Leave()
    parser = argparse.ArgumentParser(prog="python -m workers.drill.worker", description=__doc__)
    parser.add_argument("--region", required=True, help="the id of the region to work for")
    parser.add_argument("--sink", type=Path, required=True, help="the folder of what the steps do")
    parser.add_argument("--ready-file", type=Path, required=True, help="written once the worker polls")
    arguments = parser.parse_args()
    configure_logging()
    code = 0
    try:
        asyncio.run(serve(arguments.region, sink=arguments.sink, ready_file=arguments.ready_file))
    except MaestroError as error:
        sys.stderr.write(f"{error}\n")
        code = error.exit_code
    leave(code)


if __name__ == "__main__":
    main()
