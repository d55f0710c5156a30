"""Tracing inside a workflow: ask what to run next, run it in the region, until it is known what every failure is."""

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.tracing import TracingActivities
    from maestro.model.conduct import Timings
    from maestro.model.night import NightTask, Probed, TraceProbe, TraceRequest, TraceStep
    from maestro.model.region import region_io_queue
    from maestro.model.tests import SelectionMode, ShardResult, TestPlan, TestReport
    from maestro.model.tracing import Trace
    from workflows.region import RegionRunner, problem_of
    from workflows.testing import RegionTests


class RegionTrace:
    """Traces the failures of one run, wherever ``runner`` places it."""

    def __init__(self, task: NightTask, timings: Timings, runner: RegionRunner) -> None:
        self._task = task
        self._timings = timings
        self._runner = runner

    async def trace(self, plan: TestPlan, report: TestReport) -> Trace:
        """What became of every failure. The loop ends: no search wants more than its limit of probes."""
        request = TraceRequest(task=self._task, body=plan.body, results=report.results)
        while True:
            step = await self._ask(request)
            if step.probe is None:
                if step.trace is None:
                    raise AssertionError("a step is a probe or the findings")
                return step.trace
            probed = await self._run(step.probe, number=len(request.probed) + 1)
            request = request.model_copy(update={"subject": step.subject, "probed": (*request.probed, probed)})

    async def _ask(self, request: TraceRequest) -> TraceStep:
        return await self._runner.execute(
            TracingActivities.trace,
            lambda _region: request,
            timeout_seconds=self._timings.prepare_timeout_seconds,
            summary="trace what failed",
            queue=region_io_queue,
        )

    async def _run(self, probe: TraceProbe, *, number: int) -> Probed:
        """Run a probe. A revision that cannot be tested is an answer too: the search goes around it."""
        at = dict.fromkeys(("base_sha", "merge_base_sha", "head_sha"), probe.revision)
        tests = RegionTests(self._task.pull_request.model_copy(update=at), self._timings, self._runner)
        plan: TestPlan | None = None
        try:
            # The number is the round, so that every probe has plans and shards of its own in the ledger.
            plan = await tests.select(SelectionMode.ALL, round_number=number, only=probe.tests)
            shards: tuple[ShardResult, ...] = ()
            if plan.applicable:
                shards = await tests.run(plan, attempt=probe.attempt, first_attempt=probe.attempt)
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            return Probed(probe=probe, plan=plan, problem=problem_of(error))
        problem = next((shard.problem for shard in shards if shard.problem), plan.problem)
        return Probed(probe=probe, plan=plan, problem=problem)
