"""The night's order of things: one run after the other, what fails is traced, and a long night continues as new."""

from uuid import uuid4

from temporalio.client import Client

from maestro.model.night import NightPlan, NightReport, NightRequest, NightTask, TraceProbe
from maestro.model.tests import SelectionMode
from maestro.model.tracing import FindingKind
from tests.workflows.conftest import conducting
from tests.workflows.fakes import Fakes, artifact, pull_request
from workflows.nightly import NightlyWorkflow

TASK = NightTask(pull_request=pull_request(), title="left out", only=artifact("owed"), settles=pull_request())
BASE, HEAD = "b" * 40, "a" * 40


async def night(temporal: Client, fakes: Fakes) -> tuple[NightReport, int]:
    """The report, and how many runs of the workflow the night took."""
    async with conducting(temporal, fakes) as conductor:
        handle = await temporal.start_workflow(
            NightlyWorkflow.run, NightRequest(), id=f"night-{uuid4()}", task_queue=conductor.queue
        )
        report = await handle.result()
        query = f"WorkflowId = '{handle.id}'"
        runs = [each async for each in temporal.list_workflows(query)]
    return report, len(runs)


async def test_a_green_run_of_the_night_is_not_traced(temporal: Client) -> None:
    fakes = Fakes(night=NightPlan(tasks=(TASK,)))
    report, _ = await night(temporal, fakes)
    assert not fakes.traced
    assert report.results[0].trace is None


async def test_what_fails_is_probed_until_its_findings_are_there(temporal: Client) -> None:
    probes = [
        TraceProbe(revision=HEAD, attempt=1, tests=artifact()),
        TraceProbe(revision=BASE, attempt=0, tests=artifact()),
    ]
    fakes = Fakes(night=NightPlan(tasks=(TASK,)), failing=[1], probes=probes, shards=1)
    report, _ = await night(temporal, fakes)
    assert report.results[0].trace is not None
    assert report.results[0].trace.counts == {FindingKind.ESCAPE: 1}
    assert [probed.probe for probed in fakes.traced[-1].probed] == probes
    asked = fakes.selected[1:]
    assert [(each.pull_request.head_sha, each.round, each.mode) for each in asked] == [
        (HEAD, 1, SelectionMode.ALL),
        (BASE, 2, SelectionMode.ALL),
    ]
    # A probe is a run of its own in the ledger, so nothing that an earlier one saw passes for its verdict.
    assert [(each.attempt, each.first_attempt) for each in fakes.ran[1:]] == [(1, 1), (0, 0)]


async def test_a_failure_that_cannot_be_traced_is_reported_and_the_night_goes_on(temporal: Client) -> None:
    fakes = Fakes(night=NightPlan(tasks=(TASK, TASK)), failing=[1, 0], trace_fails=True)
    report, _ = await night(temporal, fakes)
    first, second = report.results
    assert first.problem is not None
    assert first.problem.message == "the mirror is damaged"
    assert first.report is not None
    assert first.report.failed_count == 1
    assert second.problem is None


async def test_a_night_too_long_for_one_history_continues_as_new_and_settles_each_run_once(temporal: Client) -> None:
    tasks = tuple(TASK.model_copy(update={"title": f"run {number}"}) for number in range(12))
    fakes = Fakes(night=NightPlan(tasks=tasks))
    report, runs = await night(temporal, fakes)
    assert runs > 1
    assert [result.task.title for result in report.results] == [task.title for task in tasks]
    assert [result.task.title for result in fakes.settled] == [task.title for task in tasks]
