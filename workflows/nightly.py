"""The night: what was left out during the day runs on its own head, then the full suite of each main branch.

One run after the other, so that the night never competes with itself; a run that fails does not stop the others. What
fails is traced at once, while its revision is still prepared, to the pull request that owes it.
"""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import Priority
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.nightly import NightlyActivities
    from maestro.model.night import NightProgress, NightReport, NightRequest, NightTask, NightTaskResult
    from maestro.model.region import Placement
    from maestro.model.tests import Problem, SelectionMode, ShardResult
    from workflows.region import PATIENT, NoRegionError, RegionRunner, problem_of
    from workflows.testing import RegionTests
    from workflows.tracing import RegionTrace

LOWEST = Priority(priority_key=5)
"""Work of the day goes first wherever both wait for the same worker."""

TRACED = "failures-are-traced"


@workflow.defn(name="NightlyWorkflow")
class NightlyWorkflow:
    """Started by the schedule; also by hand, for a night that was missed."""

    @workflow.run
    async def run(self, request: NightRequest) -> NightReport:
        progress = request.progress or await self._planned(request)
        tasks, results = list(progress.tasks), list(progress.results)
        total = len(results) + len(tasks)
        while tasks:
            if workflow.info().is_continue_as_new_suggested():
                rest = progress.model_copy(update={"tasks": tuple(tasks), "results": tuple(results)})
                workflow.continue_as_new(request.model_copy(update={"progress": rest}))
            workflow.set_current_details(f"{len(results) + 1} of {total}: {tasks[0].title}")
            results.append(await self._conduct(request, tasks.pop(0)))
        return NightReport(results=tuple(results), problems=progress.problems)

    async def _planned(self, request: NightRequest) -> NightProgress:
        plan = await workflow.execute_activity_method(
            NightlyActivities.plan_night,
            request,
            start_to_close_timeout=timedelta(seconds=request.timings.prepare_timeout_seconds),
            heartbeat_timeout=timedelta(seconds=request.timings.heartbeat_timeout_seconds),
            retry_policy=PATIENT,
            summary="see what the day left out",
        )
        return NightProgress(tasks=plan.tasks, problems=plan.problems)

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
        report = (await tests.gather(plan, shards)).report
        result = NightTaskResult(task=task, report=report, problem=plan.problem)
        # Nights that began before there was tracing replay without it.
        if not report.failed_count or not workflow.patched(TRACED):
            return result
        try:
            trace = await RegionTrace(task, request.timings, runner).trace(plan, report)
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            # What was found stands, also where nobody can say who owes it.
            return result.model_copy(update={"problem": problem_of(error)})
        return result.model_copy(update={"trace": trace})
