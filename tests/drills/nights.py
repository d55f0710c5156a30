"""A night on a real stack, started as the schedule starts it."""

from temporalio.client import ScheduleActionExecutionStartWorkflow, WorkflowExecutionStatus

from maestro.model.night import NightReport
from tests.drills.stand import Stand, until
from workers.schedules import NIGHTLY


async def night(stand: Stand) -> NightReport:
    """Trigger the schedule, and wait for the night that it starts."""
    schedule = stand.client.get_schedule_handle(NIGHTLY)

    async def nights() -> set[str]:
        actions = [result.action for result in (await schedule.describe()).info.recent_actions]
        return {each.workflow_id for each in actions if isinstance(each, ScheduleActionExecutionStartWorkflow)}

    earlier = await nights()
    await schedule.trigger()

    async def started() -> str:
        return next(iter(await nights() - earlier), "")

    handle = stand.client.get_workflow_handle(
        await until(started, what="the schedule starts a night"), result_type=NightReport
    )

    async def report() -> NightReport | None:
        description = await handle.describe()
        return None if description.status is WorkflowExecutionStatus.RUNNING else await handle.result()

    return await until(report, what="the night ends")
