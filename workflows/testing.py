"""The phases that run in a region, shared by a pull request's workflow and the night: select, run, gather."""

import asyncio

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.assurance import AssuranceActivities
    from activities.execution import ExecutionActivities
    from activities.impact import ImpactActivities
    from maestro.model.artifact import ArtifactRef
    from maestro.model.conduct import Gathered, GatherRequest, SelectRequest, ShardRequest, Timings
    from maestro.model.pull_request import PullRequest
    from maestro.model.region import region_io_queue
    from maestro.model.tests import SelectionMode, ShardResult, TestPlan
    from workflows.region import RegionRunner


class RegionTests:
    """Selects, runs and gathers for one pull request, wherever ``runner`` places it."""

    def __init__(self, pull_request: PullRequest, timings: Timings, runner: RegionRunner) -> None:
        self._pull_request = pull_request
        self._timings = timings
        self._runner = runner

    async def select(self, mode: SelectionMode, *, round_number: int = 0, only: ArtifactRef | None = None) -> TestPlan:
        """The plan; ``only`` names a stored list of test ids where just those are wanted."""
        return await self._runner.execute(
            ImpactActivities.select,
            lambda region: SelectRequest(
                pull_request=self._pull_request, region=region, mode=mode, round=round_number, only=only
            ),
            timeout_seconds=self._timings.prepare_timeout_seconds,
            summary="select tests",
        )

    async def run(self, plan: TestPlan, *, attempt: int = 0, first_attempt: int = 0) -> tuple[ShardResult, ...]:
        """The verdicts of all shards. A lost region is left shard by shard.

        No more shards are asked for at a time than the region has slots: a shard that waits for its own siblings would
        look like one that nobody takes, and would keep other pull requests from their turn.
        """
        slots = asyncio.Semaphore(self._runner.placement.slots)

        async def shard(number: int) -> ShardResult:
            async with slots:
                return await conducted(number)

        async def conducted(number: int) -> ShardResult:
            return await self._runner.execute(
                ExecutionActivities.run_shard,
                lambda region: ShardRequest(
                    pull_request=self._pull_request,
                    region=region,
                    plan=plan,
                    shard=number,
                    attempt=attempt,
                    first_attempt=first_attempt,
                    heartbeat_timeout_seconds=self._timings.heartbeat_timeout_seconds,
                ),
                timeout_seconds=self._timings.shard_timeout_seconds,
                summary=f"run shard {number + 1} of {plan.shard_count}",
            )

        # Wait for all of them, also when one fails for good or all are cancelled: a shard that still runs holds a
        # worktree and a lease, and its verdicts are worth having.
        ended = await asyncio.gather(*(shard(number) for number in range(plan.shard_count)), return_exceptions=True)
        return tuple(_result(shard) for shard in ended)

    async def gather(
        self, plan: TestPlan, shards: tuple[ShardResult, ...], *, attempt: int = 0, first_attempt: int = 0
    ) -> Gathered:
        """The report and the answers of the controls."""
        return await self._runner.execute(
            AssuranceActivities.gather,
            lambda region: GatherRequest(
                pull_request=self._pull_request,
                region=region,
                placement=self._runner.placement,
                plan=plan,
                shards=shards,
                attempt=attempt,
                first_attempt=first_attempt,
            ),
            timeout_seconds=self._timings.prepare_timeout_seconds,
            summary="gather evidence",
            queue=region_io_queue,
        )


def _result(ended: ShardResult | BaseException) -> ShardResult:
    if isinstance(ended, BaseException):
        raise ended
    return ended
