"""One run of tests that no pull request waits for: on its own head, at the lowest priority, traced and settled.

Shared by the night and by the replay after a decision.
"""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import Priority
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.nightly import NightlyActivities
    from maestro.model.conduct import Timings
    from maestro.model.night import NightTask, NightTaskResult
    from maestro.model.region import Placement
    from maestro.model.tests import Problem, SelectionMode, ShardResult
    from workflows.leaving import Leaving
    from workflows.region import PATIENT, NoRegionError, RegionRunner, problem_of
    from workflows.testing import RegionTests
    from workflows.tracing import RegionTrace

LOWEST = Priority(priority_key=5)
"""Work that somebody waits for goes first wherever both wait for the same worker."""

TRACED = "failures-are-traced"


async def conduct_task(task: NightTask, timings: Timings, *, leaving: Leaving) -> NightTaskResult:
    """What the run found, recorded in the ledger. What keeps it from being run is a problem of the result."""
    try:
        result = await _test(task, timings, leaving)
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


async def _test(task: NightTask, timings: Timings, leaving: Leaving) -> NightTaskResult:
    def placed(placement: Placement) -> None:
        workflow.logger.info("placed", extra={"detail": placement.reason})

    runner = RegionRunner(task.pull_request, timings, placed=placed, priority=LOWEST, leaving=leaving)
    tests = RegionTests(task.pull_request, timings, runner)
    plan = await tests.select(SelectionMode.ALL, only=task.only)
    shards: tuple[ShardResult, ...] = await tests.run(plan) if plan.applicable else ()
    report = (await tests.gather(plan, shards)).report
    result = NightTaskResult(task=task, report=report, problem=plan.problem)
    # A quarantined failure is traced as well: it may be real this time. Older nights replay without tracing.
    if not report.failed_count + report.quarantined_count or not workflow.patched(TRACED):
        return result
    try:
        trace = await RegionTrace(task, timings, runner).trace(plan, report)
    except ActivityError as error:
        if is_cancelled_exception(error):
            raise
        # What was found stands, also where nobody can say who owes it.
        return result.model_copy(update={"problem": problem_of(error)})
    return result.model_copy(update={"trace": trace})
