"""The shadow replay of a risky pull request: what its plan left out runs after the decision, which waits for nothing.

A child that outlives the pull request's workflow. It runs at the lowest priority, on its own head, and what it finds is
traced and settled as the night would: an escape has its pull request, and the night has one debt less.
"""

from temporalio import workflow
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

with workflow.unsafe.imports_passed_through():
    from maestro.model.conduct import Timings
    from maestro.model.night import NightTask, NightTaskResult, ReplayRequest
    from maestro.model.pull_request import PullRequest
    from maestro.model.tests import TestPlan
    from maestro.words import count
    from workflows.leaving import LeavesRegions, Leaving
    from workflows.night_task import LOWEST, conduct_task

PATIENCE_SECONDS = 1_800.0
"""How long a replayed shard waits for a worker before its region counts as lost: spare capacity comes when it comes."""

REPLAYED = "shadow-replay"


@workflow.defn(name="ReplayWorkflow")
class ReplayWorkflow(LeavesRegions):
    """Runs the tests that one head's plan left out. Its id is a business id, so a head is replayed once."""

    def __init__(self) -> None:
        self._leaving = Leaving()

    @workflow.run
    async def run(self, request: ReplayRequest) -> NightTaskResult:
        workflow.set_current_details(request.task.title)
        patience = max(PATIENCE_SECONDS, request.timings.schedule_to_start_timeout_seconds)
        timings = request.timings.model_copy(update={"schedule_to_start_timeout_seconds": patience})
        return await conduct_task(request.task, timings, leaving=self._leaving)


def replay_of(pull_request: PullRequest, plan: TestPlan) -> NightTask | None:
    """The run of what the plan leaves out, under a name of its own so that no verdict is taken for the pull request's;
    None where the plan leaves it to the night.
    """
    if plan.replay is None:
        return None
    return NightTask(
        pull_request=pull_request.model_copy(update={"pr": f"{pull_request.pr}.replay"}),
        title=f"{count(plan.left_out_count, 'test')} that {pull_request.repo} {pull_request.pr} left out",
        only=plan.replay.tests,
        settles=pull_request,
    )


async def start_replay(pull_request: PullRequest, task: NightTask, timings: Timings) -> bool:
    """Start the replay and let go of it; False where this head was replayed before."""
    try:
        await workflow.start_child_workflow(
            ReplayWorkflow.run,
            ReplayRequest(task=task, timings=timings),
            id=pull_request.key("replay"),
            parent_close_policy=workflow.ParentClosePolicy.ABANDON,
            cancellation_type=workflow.ChildWorkflowCancellationType.ABANDON,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            priority=LOWEST,
        )
    except WorkflowAlreadyStartedError:
        return False
    return True
