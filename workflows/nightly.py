"""The night: what was left out during the day runs on its own head, then the full suite of each main branch.

One run after the other, so that the night never competes with itself; a run that fails does not stop the others. What
fails is traced at once, while its revision is still prepared, to the pull request that owes it.
"""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.nightly import NightlyActivities
    from maestro.model.night import NightProgress, NightReport, NightRequest
    from workflows.leaving import LeavesRegions, Leaving
    from workflows.night_task import conduct_task
    from workflows.region import PATIENT


@workflow.defn(name="NightlyWorkflow")
class NightlyWorkflow(LeavesRegions):
    """Started by the schedule; also by hand, for a night that was missed."""

    def __init__(self) -> None:
        self._leaving = Leaving()

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
            results.append(await conduct_task(tasks.pop(0), request.timings, leaving=self._leaving))
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
