"""The drill's own workflow: step after step, in one way."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from workers.drill.sink import Way
    from workers.drill.steps import DrillActivities, DrillPlan, Step

START_TO_CLOSE = timedelta(seconds=60)

RETRY = RetryPolicy(initial_interval=timedelta(seconds=0.5), maximum_interval=timedelta(seconds=2))

ACTIVITIES = {
    Way.MAESTRO: DrillActivities.maestro_step,
    Way.DOCUMENTED: DrillActivities.documented_step,
    Way.PLAIN: DrillActivities.plain_step,
}


@workflow.defn
class DrillWorkflow:
    """Ends when each of its effects was done, as far as Temporal knows."""

    @workflow.run
    async def run(self, plan: DrillPlan) -> int:
        for effect in plan.effects:
            await workflow.execute_activity_method(
                ACTIVITIES[plan.way],
                Step(effect=effect, pause_seconds=plan.pause_seconds),
                start_to_close_timeout=START_TO_CLOSE,
                heartbeat_timeout=timedelta(seconds=plan.heartbeat_timeout_seconds),
                retry_policy=RETRY,
                summary=f"{effect} by {plan.way.value}",
            )
        return plan.steps
