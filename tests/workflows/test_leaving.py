"""A region that is given up while work runs there: the work runs elsewhere at once, and what comes late does no harm.

The heartbeat timeout is longer than any of these tests may take: a pull request that waited for it would never end.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from temporalio.client import Client

from maestro.model.conduct import RegionLeft, Timings
from maestro.model.decision import ActionKind, DecisionState, Phase
from maestro.model.night import NightPlan, NightReport, NightRequest, NightTask
from tests.histories.test_replay import replayer
from tests.workflows.conftest import Conductor, Handle, act, action, card_in, conducting, eventually
from tests.workflows.fakes import Fakes, artifact, needs_person_until_approved, pull_request
from workflows.nightly import NightlyWorkflow
from workflows.pull_request import PullRequestWorkflow

PATIENT = Timings(heartbeat_timeout_seconds=3_600, schedule_to_start_timeout_seconds=3_600)
REASON = "its cluster does not answer since 12:00:03"


@asynccontextmanager
async def freezing(client: Client, fakes: Fakes) -> AsyncIterator[Conductor]:
    """As ``conducting``; what is frozen thaws at the end, or no worker could stop."""
    async with conducting(client, fakes) as conductor:
        try:
            yield conductor
        finally:
            fakes.thaw.set()


async def leave(handle: Handle, *, epoch: int = 2) -> str:
    """Say that the region in which the pull request is now is given up; its name."""
    placement = (await handle.query(PullRequestWorkflow.card)).placement
    assert placement is not None
    assert placement.region is not None
    await handle.signal("region_left", RegionLeft(region=placement.region, reason=REASON, epoch=epoch))
    return placement.region


@pytest.mark.parametrize("step", ["select", "run_shard", "gather", "merge"])
async def test_work_of_a_region_that_is_left_runs_elsewhere_at_once(temporal: Client, step: str) -> None:
    fakes = Fakes(regions=["eu-north", "eu-west"], frozen=frozenset({step}))
    async with freezing(temporal, fakes) as conductor:
        handle = await conductor.start(timings=PATIENT, base_ref="main", publish=("merge",))
        await eventually(lambda: step in fakes.stuck)
        region = await leave(handle)
        outcome = await handle.result()
        replayed = await replayer().replay_workflow(await handle.fetch_history())
    assert replayed.replay_failure is None
    assert outcome.decision.state is DecisionState.GREEN
    assert outcome.card.placement is not None
    assert outcome.card.placement.region != region
    assert [request.lost for request in fakes.placed] == [{}, {region: REASON}]
    assert [entry.event for entry in outcome.card.timeline].count("region left") == 1
    assert fakes.merged[-1].region == outcome.card.placement.region


async def test_the_late_end_of_what_was_left_changes_nothing(temporal: Client) -> None:
    fakes = Fakes(
        regions=["eu-north", "eu-west"], frozen=frozenset({"run_shard"}), decide_as=needs_person_until_approved
    )
    async with freezing(temporal, fakes) as conductor:
        handle = await conductor.start(timings=PATIENT)
        await eventually(lambda: len(fakes.stuck) == fakes.shards)
        await leave(handle)
        before = await card_in(handle, Phase.WAITING_FOR_PERSON)
        fakes.thaw.set()
        await eventually(lambda: fakes.running == 0)
        await act(handle, ActionKind.APPROVE, action(card_version=before.version))
        outcome = await handle.result()
    assert outcome.decision.state is DecisionState.GREEN
    assert len(fakes.gathered) == 1
    assert [entry.event for entry in outcome.card.timeline].count("placed") == 2


async def test_the_same_word_twice_leaves_once(temporal: Client) -> None:
    fakes = Fakes(regions=["eu-north", "eu-west", "eu-north"], frozen=frozenset({"run_shard"}))
    async with freezing(temporal, fakes) as conductor:
        handle = await conductor.start(timings=PATIENT)
        await eventually(lambda: len(fakes.stuck) == fakes.shards)
        region = await leave(handle)
        await handle.signal("region_left", RegionLeft(region=region, reason="said again", epoch=2))
        outcome = await handle.result()
    assert len(fakes.placed) == 2
    assert [entry.detail for entry in outcome.card.timeline if entry.event == "region left"] == [f"{region}: {REASON}"]


async def test_another_region_that_is_left_moves_nothing(temporal: Client) -> None:
    fakes = Fakes(frozen=frozenset({"run_shard"}))
    async with freezing(temporal, fakes) as conductor:
        handle = await conductor.start(timings=PATIENT)
        await eventually(lambda: len(fakes.stuck) == fakes.shards)
        await handle.signal("region_left", RegionLeft(region="us-east", reason=REASON, epoch=2))
        await card_in(handle, Phase.RUN)
        fakes.thaw.set()
        outcome = await handle.result()
    assert outcome.decision.state is DecisionState.GREEN
    assert len(fakes.placed) == 1
    assert len(fakes.ran) == fakes.shards


async def test_who_may_run_nowhere_else_waits_and_the_card_says_so(temporal: Client) -> None:
    fakes = Fakes(regions=["eu-north", None, None, "eu-north"], frozen=frozenset({"run_shard"}))
    async with freezing(temporal, fakes) as conductor:
        handle = await conductor.start(timings=PATIENT)
        await eventually(lambda: len(fakes.stuck) == fakes.shards)
        await leave(handle)
        await eventually(lambda: len(fakes.placed) >= 3)
        fakes.thaw.set()
        outcome = await handle.result()
    assert outcome.decision.state is DecisionState.GREEN
    waits = [entry.detail for entry in outcome.card.timeline if entry.event == "waiting for a region"]
    assert waits == ["no healthy region is allowed"] * 2


async def test_a_region_that_is_left_while_a_person_is_waited_for_is_not_gone_back_to(temporal: Client) -> None:
    fakes = Fakes(regions=["eu-north", "eu-west"], failing=[1, 0])
    async with freezing(temporal, fakes) as conductor:
        handle = await conductor.start(timings=PATIENT)
        await card_in(handle, Phase.WAITING_FOR_PERSON)
        region = await leave(handle)
        await act(handle, ActionKind.RETRY, action())
        outcome = await handle.result()
    assert outcome.decision.state is DecisionState.GREEN
    assert {request.region for request in fakes.selected[1:]}.isdisjoint({region})
    assert fakes.placed[1].lost == {region: REASON}


async def test_a_reviewer_who_cancels_need_not_wait_for_a_region_that_is_left(temporal: Client) -> None:
    fakes = Fakes(frozen=frozenset({"run_shard"}))
    async with freezing(temporal, fakes) as conductor:
        handle = await conductor.start(timings=PATIENT)
        await eventually(lambda: len(fakes.stuck) == fakes.shards)
        await act(handle, ActionKind.CANCEL, action())
        await leave(handle)
        outcome = await handle.result()
    assert outcome.decision.state is DecisionState.CANCELLED
    assert len(fakes.placed) == 1


async def test_the_night_leaves_a_region_as_well(temporal: Client) -> None:
    task = NightTask(pull_request=pull_request(), title="left out", only=artifact(), settles=pull_request())
    fakes = Fakes(regions=["eu-north", "eu-west"], frozen=frozenset({"run_shard"}), night=NightPlan(tasks=(task,)))
    async with freezing(temporal, fakes) as conductor:
        handle = await temporal.start_workflow(
            NightlyWorkflow.run,
            NightRequest(timings=PATIENT),
            id=f"night-{conductor.queue}",
            task_queue=conductor.queue,
        )
        await eventually(lambda: len(fakes.stuck) == fakes.shards)
        region = fakes.ran[0].region
        await handle.signal("region_left", RegionLeft(region=region, reason=REASON, epoch=2))
        report: NightReport = await handle.result()
    assert [result.problem for result in report.results] == [None]
    assert fakes.placed[1].lost == {region: REASON}


async def test_an_action_that_the_ledger_has_and_the_workflow_has_lost_acts_once(temporal: Client) -> None:
    """What a failover loses: the reviewer's command sends the action again, under the id that it was recorded with."""
    asked = action()
    fakes = Fakes(decide_as=needs_person_until_approved)
    async with conducting(temporal, fakes) as conductor:
        first = await conductor.start()
        await card_in(first, Phase.WAITING_FOR_PERSON)
        answer = await act(first, ActionKind.APPROVE, asked)
        await first.result()
        # The same head on the other side, which knows nothing of the approval.
        second = await conductor.start()
        await card_in(second, Phase.WAITING_FOR_PERSON)
        assert await act(second, ActionKind.APPROVE, asked) == answer
        outcome = await second.result()
    assert outcome.decision.state is DecisionState.GREEN
    assert [entry.event for entry in outcome.card.timeline].count("approve") == 1
    assert len(fakes.known_actions) == 1
