"""What happens while something else happens: actions that arrive in the middle of a phase, ends that overlap."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

import pytest
from temporalio import activity
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowFailureError, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from maestro.model.conduct import (
    ActionRecord,
    ConductRequest,
    DecideRequest,
    Gathered,
    GatherRequest,
    Outcome,
    PlaceRequest,
    RenderRequest,
    SelectRequest,
    ShardRequest,
    Timings,
)
from maestro.model.decision import ActionKind, ActionResult, Decision, DecisionState, Links, Phase
from maestro.model.region import Placement
from maestro.model.tests import SelectionMode, ShardResult, TestPlan
from tests.histories.test_replay import replayer
from tests.workflows.conftest import Conductor, Handle, act, action, card_in, conducting, eventually
from tests.workflows.fakes import Fakes, needs_person_until_approved, pull_request
from workflows.pull_request import PullRequestWorkflow


@dataclass
class Held(Fakes):
    """Stand-ins that answer only when they are let go, and do not listen when they are cancelled.

    Real ones are like that for seconds: a cancellation reaches an activity with the answer to a heartbeat.
    """

    holds: dict[str, asyncio.Event] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    broken_shard: int | None = None
    slow_to_stop: asyncio.Event | None = None
    unrecordable: bool = False

    async def _held(self, name: str) -> None:
        self.told.append(name)
        event = self.holds.get(name)
        if event is not None:
            await event.wait()

    @activity.defn(name="place")
    async def place(self, request: PlaceRequest) -> Placement:
        await self._held("wait" if request.wait_seconds else "place")
        return await super().place(request)

    @activity.defn(name="select")
    async def select(self, request: SelectRequest) -> TestPlan:
        await self._held("select")
        return await super().select(request)

    @activity.defn(name="run_shard")
    async def run_shard(self, request: ShardRequest) -> ShardResult:
        if request.shard == self.broken_shard:
            raise ApplicationError("maestro.yaml: no such setting", type="BadInput", non_retryable=True)
        try:
            return await super().run_shard(request)
        except asyncio.CancelledError:
            if self.slow_to_stop is not None and request.shard:
                await self.slow_to_stop.wait()
            self.told.append("shard stopped")
            raise

    @activity.defn(name="gather")
    async def gather(self, request: GatherRequest) -> Gathered:
        await self._held("gather")
        return await super().gather(request)

    @activity.defn(name="decide")
    async def decide(self, request: DecideRequest) -> Decision:
        await self._held("decide")
        return await super().decide(request)

    @activity.defn(name="render")
    async def render(self, request: RenderRequest) -> Links:
        await self._held("render")
        return await super().render(request)

    @activity.defn(name="record_action")
    async def record_action(self, record: ActionRecord) -> ActionResult:
        if self.unrecordable:
            raise ApplicationError("the key stands for another request", type="Conflict", non_retryable=True)
        return await super().record_action(record)


async def start_impatient(conductor: Conductor) -> Handle:
    """A pull request that reports to the server every second or two while a local activity runs; only then can the
    server hand it an action.
    """
    asked = pull_request()
    return await conductor.client.start_workflow(
        PullRequestWorkflow.run,
        ConductRequest(pull_request=asked),
        id=f"{asked.workflow_id}/{uuid4()}",
        task_queue=conductor.queue,
        task_timeout=timedelta(seconds=2),
    )


def holding(*names: str) -> dict[str, asyncio.Event]:
    return {name: asyncio.Event() for name in names}


async def told_to_the_workflow(handle: Handle, kind: EventType.ValueType) -> None:
    """Wait until the workflow has taken in an event of this kind."""
    async with asyncio.timeout(30):
        while True:
            kinds = [event.event_type async for event in handle.fetch_history_events()]
            if kind in kinds and EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED in kinds[kinds.index(kind) :]:
                return
            await asyncio.sleep(0.05)


async def test_an_escalation_at_the_last_moment_is_not_overtaken_by_the_old_round(temporal: Client) -> None:
    fakes = Held(holds=holding("gather"))
    async with conducting(temporal, fakes) as conductor:
        handle = await conductor.start()
        await eventually(lambda: "gather" in fakes.told)
        await act(handle, ActionKind.ESCALATE_TESTS, action())
        fakes.holds["gather"].set()
        outcome = await handle.result()
    assert [request.mode for request in fakes.selected] == [SelectionMode.STANDARD, SelectionMode.ALL]
    assert outcome.card.plan is not None
    assert outcome.card.plan.mode is SelectionMode.ALL
    # Nobody may see a verdict on half a round.
    assert [entry.event for entry in outcome.card.timeline].count("decided") == 1


@pytest.mark.parametrize(
    ("kind", "ends"),
    [(ActionKind.REJECT, DecisionState.BLOCKED), (ActionKind.CANCEL, DecisionState.CANCELLED)],
)
async def test_an_action_while_policy_is_asked_is_not_overtaken_by_its_answer(
    temporal: Client, kind: ActionKind, ends: DecisionState
) -> None:
    def green_unless_rejected(request: DecideRequest) -> DecisionState:
        return DecisionState.BLOCKED if request.reviews else DecisionState.GREEN

    fakes = Held(holds=holding("decide"), decide_as=green_unless_rejected)
    async with conducting(temporal, fakes) as conductor:
        handle = await start_impatient(conductor)
        await eventually(lambda: "decide" in fakes.told)
        result = await act(handle, kind, action())
        fakes.holds["decide"].set()
        outcome = await handle.result()
    assert result.accepted
    assert outcome.decision.state is ends


async def test_an_approval_of_the_old_evidence_is_no_approval_of_the_new(temporal: Client) -> None:
    fakes = Held(decide_as=needs_person_until_approved)
    async with conducting(temporal, fakes) as conductor:
        handle = await start_impatient(conductor)
        await card_in(handle, Phase.WAITING_FOR_PERSON)
        fakes.holds = holding("decide")
        await act(handle, ActionKind.ESCALATE_TESTS, action())
        await eventually(lambda: fakes.told.count("decide") == 2)
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await act(handle, ActionKind.APPROVE, action())
        assert "nothing to approve yet" in str(refused.value.cause)
        fakes.holds["decide"].set()
        card = await card_in(handle, Phase.WAITING_FOR_PERSON)
        await act(handle, ActionKind.CANCEL, action())
        await handle.result()
    assert card.decision.state is DecisionState.NEEDS_PERSON


async def test_nothing_starts_after_a_cancellation_that_its_step_did_not_hear(temporal: Client) -> None:
    fakes = Held(holds=holding("place"))
    async with conducting(temporal, fakes) as conductor:
        handle = await conductor.start()
        await eventually(lambda: "place" in fakes.told)
        await act(handle, ActionKind.CANCEL, action())
        fakes.holds["place"].set()
        outcome = await handle.result()
    assert outcome.decision.state is DecisionState.CANCELLED
    assert fakes.selected == []


async def test_a_pull_request_can_be_cancelled_while_it_waits_for_a_region(temporal: Client) -> None:
    fakes = Held(regions=[None, "eu-north"], holds=holding("wait"))
    async with conducting(temporal, fakes) as conductor:
        handle = await conductor.start()
        await card_in(handle, Phase.WAITING_FOR_REGION)
        await act(handle, ActionKind.CANCEL, action())
        fakes.holds["wait"].set()
        outcome = await handle.result()
    assert outcome.decision.state is DecisionState.CANCELLED
    assert fakes.selected == []


async def test_after_waiting_for_another_region_the_card_shows_the_phase_that_goes_on(temporal: Client) -> None:
    fakes = Held(regions=["eu-dead", None, "eu-north"], dead=frozenset({"eu-dead"}), holds=holding("select", "wait"))
    async with conducting(temporal, fakes) as conductor:
        handle = await conductor.start(timings=Timings(schedule_to_start_timeout_seconds=1))
        await card_in(handle, Phase.WAITING_FOR_REGION)
        fakes.holds["wait"].set()
        await eventually(lambda: "select" in fakes.told)
        card = await handle.query(PullRequestWorkflow.card)
        fakes.holds["select"].set()
        await handle.result()
    assert card.phase is Phase.SELECT


async def test_the_next_round_waits_until_every_shard_of_the_last_one_has_stopped(temporal: Client) -> None:
    fakes = Held(hold_shards=asyncio.Event(), slow_to_stop=asyncio.Event(), shards=2)
    assert fakes.hold_shards
    assert fakes.slow_to_stop
    async with conducting(temporal, fakes) as conductor:
        handle = await conductor.start()
        await eventually(lambda: len(fakes.ran) == 2)
        await act(handle, ActionKind.ESCALATE_TESTS, action())
        await eventually(lambda: "shard stopped" in fakes.told)
        await told_to_the_workflow(handle, EventType.EVENT_TYPE_ACTIVITY_TASK_CANCELED)
        assert fakes.told.count("select") == 1
        fakes.slow_to_stop.set()
        await eventually(lambda: fakes.told.count("select") == 2)
        fakes.hold_shards.set()
        await handle.result()
    assert [what for what in fakes.told if what in {"select", "shard stopped"}] == [
        "select",
        "shard stopped",
        "shard stopped",
        "select",
    ]


async def test_a_shard_that_fails_for_good_does_not_leave_its_siblings_unattended(temporal: Client) -> None:
    fakes = Held(hold_shards=asyncio.Event(), shards=3, broken_shard=0)
    assert fakes.hold_shards
    async with conducting(temporal, fakes) as conductor:
        handle = await conductor.start()
        await eventually(lambda: len(fakes.ran) == 2)
        assert (await handle.query(PullRequestWorkflow.card)).phase is Phase.RUN
        fakes.hold_shards.set()
        card = await card_in(handle, Phase.WAITING_FOR_PERSON)
        await act(handle, ActionKind.CANCEL, action())
        await handle.result()
    assert card.decision.state is DecisionState.BLOCKED
    assert fakes.decided[0].problem is not None
    assert fakes.decided[0].problem.message == "maestro.yaml: no such setting"
    assert fakes.cancelled == []


@pytest.mark.parametrize("step", ["decide", "render"])
async def test_a_cancellation_from_temporal_closes_the_card_in_every_step(temporal: Client, step: str) -> None:
    fakes = Held(holds=holding(step), decide_as=needs_person_until_approved)
    async with conducting(temporal, fakes) as conductor:
        handle = await conductor.start()
        await eventually(lambda: step in fakes.told)
        await handle.cancel()
        fakes.holds[step].set()
        with pytest.raises(WorkflowFailureError):
            await handle.result()
        card = await handle.query(PullRequestWorkflow.card)
    assert card.decision.state is DecisionState.CANCELLED
    assert card.phase is Phase.DONE
    assert card.actions == ()


async def test_an_action_that_cannot_be_recorded_is_refused_and_changes_nothing(temporal: Client) -> None:
    fakes = Held(decide_as=needs_person_until_approved, unrecordable=True)
    async with conducting(temporal, fakes) as conductor:
        handle = await conductor.start()
        await card_in(handle, Phase.WAITING_FOR_PERSON)
        await handle.signal("approve", action(action_id="taken"))
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await act(handle, ActionKind.APPROVE, action())
        fakes.unrecordable = False
        await act(handle, ActionKind.CANCEL, action())
        outcome = await handle.result()
    assert "the key stands for another request" in str(refused.value.cause)
    assert outcome.decision.state is DecisionState.CANCELLED
    refusals = [entry.detail for entry in outcome.card.timeline if entry.event == "refused: approve"]
    assert len(refusals) == 1
    assert "'taken' cannot be recorded, so it does nothing" in refusals[0]


async def test_an_action_id_acts_once_for_a_head_that_is_conducted_again(temporal: Client) -> None:
    fakes = Held(decide_as=needs_person_until_approved)
    asked = action()
    async with conducting(temporal, fakes) as conductor:
        first = await conductor.start()
        await card_in(first, Phase.WAITING_FOR_PERSON)
        answer = await act(first, ActionKind.APPROVE, asked)
        outcome = await first.result()
        again = await temporal.start_workflow(
            PullRequestWorkflow.run,
            ConductRequest(pull_request=outcome.pull_request, state=outcome.again(SelectionMode.STANDARD)),
            id=first.id,
            task_queue=conductor.queue,
        )
        await card_in(again, Phase.WAITING_FOR_PERSON)
        assert await act(again, ActionKind.APPROVE, asked) == answer
        assert (await again.query(PullRequestWorkflow.card)).phase is Phase.WAITING_FOR_PERSON
        await act(again, ActionKind.CANCEL, action())
        await again.result()
    assert [record.kind for record in fakes.recorded] == [ActionKind.APPROVE, ActionKind.CANCEL]


async def test_nothing_is_accepted_after_a_rejection_but_a_cancellation(temporal: Client) -> None:
    fakes = Held(decide_as=needs_person_until_approved, failing=[1])
    async with conducting(temporal, fakes) as conductor:
        handle = await conductor.start()
        await card_in(handle, Phase.WAITING_FOR_PERSON)
        fakes.holds = holding("decide")
        await handle.signal("reject", action())
        await handle.signal("retry", action())
        fakes.holds["decide"].set()
        outcome = await handle.result()
    assert outcome.decision.state is DecisionState.BLOCKED
    assert "refused: retry" in [entry.event for entry in outcome.card.timeline]


async def test_a_run_that_is_looked_at_all_the_time_can_be_replayed(temporal: Client) -> None:
    """A query that is answered while a local activity runs parts its marker from what follows."""
    async with conducting(temporal, Fakes()) as conductor:
        handles = await asyncio.gather(*(conductor.start() for _ in range(30)))
        ends = [asyncio.create_task(handle.result()) for handle in handles]

        async def look(handle: Handle, ended: "asyncio.Task[Outcome]") -> None:
            while not ended.done():
                await handle.query(PullRequestWorkflow.card)

        await asyncio.gather(*(look(handle, ended) for handle, ended in zip(handles, ends, strict=True)))
        for handle in handles:
            await replayer().replay_workflow(await handle.fetch_history())
