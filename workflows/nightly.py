"""The night: what was left out during the day runs on its own head, then the full suite of each main branch.

One run after the other, so that the night never competes with itself; a run that fails does not stop the others.
"""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import Priority
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.nightly import NightlyActivities
    from maestro.model.night import NightReport, NightRequest, NightTask, NightTaskResult
    from maestro.model.region import Placement
    from maestro.model.tests import Problem, SelectionMode, ShardResult
    from workflows.region import PATIENT, NoRegionError, RegionRunner, problem_of
    from workflows.testing import RegionTests

LOWEST = Priority(priority_key=5)
"""Work of the day goes first wherever both wait for the same worker."""


@workflow.defn(name="NightlyWorkflow")
class NightlyWorkflow:
    """Started by the schedule; also by hand, for a night that was missed."""

    @workflow.run
    async def run(self, request: NightRequest) -> NightReport:
        plan = await workflow.execute_activity_method(
            NightlyActivities.plan_night,
            request,
            start_to_close_timeout=timedelta(seconds=request.timings.prepare_timeout_seconds),
            heartbeat_timeout=timedelta(seconds=request.timings.heartbeat_timeout_seconds),
            retry_policy=PATIENT,
            summary="see what the day left out",
        )
        results: list[NightTaskResult] = []
        for number, task in enumerate(plan.tasks, start=1):
            workflow.set_current_details(f"{number} of {len(plan.tasks)}: {task.title}")
            results.append(await self._conduct(request, task))
        return NightReport(results=tuple(results), problems=plan.problems)

    async def _conduct(self, request: NightRequest, task: NightTask) -> NightTaskResult:
        try:
            result = await self._test(request, task)
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            result = NightTaskResult(task=task, problem=problem_of(error))
        except NoRegionError as error:
            result = NightTaskResult(task=task, problem=Problem(kind="NoRegion", message=str(error)))
        return await workflow.execute_activity_method(
            NightlyActivities.settle,
            result,
            start_to_close_timeout=timedelta(seconds=60),
            retry_policy=PATIENT,
            summary=f"record the night of {task.title}",
        )

    async def _test(self, request: NightRequest, task: NightTask) -> NightTaskResult:
        def placed(placement: Placement) -> None:
            workflow.logger.info("placed", extra={"detail": placement.reason})

        runner = RegionRunner(task.pull_request, request.timings, placed=placed, priority=LOWEST)
        tests = RegionTests(task.pull_request, request.timings, runner)
        plan = await tests.select(SelectionMode.ALL, only=task.only)
        shards: tuple[ShardResult, ...] = await tests.run(plan) if plan.applicable else ()
        gathered = await tests.gather(plan, shards)
        return NightTaskResult(task=task, report=gathered.report, problem=plan.problem)
