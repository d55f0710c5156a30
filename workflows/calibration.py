"""The weekly calibration: each repository's model is refitted and held against the one that selects.

One repository after the other, since a fit takes a whole processor; one that fails does not stop the others.
"""

from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.calibration import CalibrationActivities
    from maestro.model.calibration import (
        CalibrationProgress,
        CalibrationReport,
        CalibrationRequest,
        CalibrationResult,
        CalibrationTask,
    )
    from maestro.model.conduct import Timings
    from workflows.region import BUDGET_FACTOR, PATIENT, problem_of

FIT_TIMEOUT = timedelta(hours=1)
"""A fit of ten million outcomes takes minutes; after an hour something is wrong."""


@workflow.defn(name="CalibrationWorkflow")
class CalibrationWorkflow:
    """Started by the schedule; also by hand, for a week that was missed."""

    @workflow.run
    async def run(self, request: CalibrationRequest) -> CalibrationReport:
        progress = request.progress or await self._planned(request)
        tasks, results = list(progress.tasks), list(progress.results)
        total = len(results) + len(tasks)
        while tasks:
            if workflow.info().is_continue_as_new_suggested():
                rest = CalibrationProgress(tasks=tuple(tasks), results=tuple(results))
                workflow.continue_as_new(request.model_copy(update={"progress": rest}))
            workflow.set_current_details(f"{len(results) + 1} of {total}: {tasks[0].repo}")
            results.append(await self._calibrated(tasks.pop(0), request.timings))
        return CalibrationReport(results=tuple(results))

    async def _planned(self, request: CalibrationRequest) -> CalibrationProgress:
        return await workflow.execute_activity_method(
            CalibrationActivities.plan_calibration,
            request,
            start_to_close_timeout=timedelta(seconds=request.timings.prepare_timeout_seconds),
            retry_policy=PATIENT,
            summary="see which repositories have a history",
        )

    async def _calibrated(self, task: CalibrationTask, timings: Timings) -> CalibrationResult:
        try:
            return await workflow.execute_activity_method(
                CalibrationActivities.calibrate_repository,
                task,
                start_to_close_timeout=FIT_TIMEOUT,
                schedule_to_close_timeout=FIT_TIMEOUT * BUDGET_FACTOR,
                heartbeat_timeout=timedelta(seconds=timings.heartbeat_timeout_seconds),
                retry_policy=PATIENT,
                summary=f"calibrate {task.repo}",
            )
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            return CalibrationResult(repo=task.repo, tenant=task.tenant, problem=problem_of(error))
