"""run: one shard in the region's sandbox, under its lease, with its verdicts recorded as they come."""

import asyncio
from collections.abc import Sequence

from temporalio import activity

from activities.heartbeat import heartbeating
from activities.recording import is_recorded
from activities.services import Services
from activities.standing import current_standing
from activities.trees import opened
from maestro.execution.runners import OnOutcomes
from maestro.execution.shard import Ran, Shard, conduct_shard, keep
from maestro.impact.knowledge.recording import Recording
from maestro.model.conduct import ShardRequest
from maestro.model.progress import Progress
from maestro.model.tests import PlanBody, ShardResult, TestOutcome


class ExecutionActivities:
    """Runs tests."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @activity.defn
    async def run_shard(self, request: ShardRequest) -> ShardResult:
        """The shard's result. The lease lasts as long as Temporal waits for a heartbeat: when a worker dies, the next
        one is told at about the time at which the lease is free.
        """
        services = self._services
        body = await asyncio.to_thread(services.artifacts.read_model, request.plan.body, PlanBody)
        info = activity.info()
        shard = Shard(
            pull_request=request.pull_request,
            plan=request.plan,
            body=body,
            number=request.shard,
            attempt=request.attempt,
            first_attempt=request.first_attempt,
            region=request.region,
            # One holder for each try: a try that Temporal gave up on must not pass for the one that replaced it.
            holder=f"{request.region}/{info.workflow_run_id}/{info.activity_id}/{info.attempt}",
        )
        finished = 0

        async def run_tests(tests: Sequence[str], on_outcomes: OnOutcomes) -> Ran:
            async def counted(outcomes: tuple[TestOutcome, ...]) -> None:
                nonlocal finished
                await on_outcomes(outcomes)
                finished += len(outcomes)

            async with opened(services, request.pull_request) as (tree, folder):
                recording: Recording | None = None
                if is_recorded(request, services.topology.run.recording):
                    output, recording = await tree.record(tests, on_outcomes=counted, workdir=folder)
                else:
                    output = await tree.run(tests, on_outcomes=counted, workdir=folder)
                return await asyncio.to_thread(
                    keep,
                    output,
                    services.artifacts,
                    isolation=tree.isolation.value,
                    name=shard.name,
                    recording=recording,
                )

        def progress() -> Progress:
            return Progress(done=finished, total=len(shard.tests), detail=f"shard {request.shard + 1}")

        async with heartbeating(progress):
            return await conduct_shard(
                shard,
                ledger=services.ledger,
                artifacts=services.artifacts,
                run_tests=run_tests,
                ttl_seconds=request.heartbeat_timeout_seconds,
                standing=current_standing(),
            )
