"""Actions on a running pull request, against a real server: offers that hold, incidents that hold back, races."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest
from temporalio import activity
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from gateway.acting import StaleCardError, take
from gateway.connection import Connection
from maestro.config.topology import load_topology
from maestro.errors import PolicyDenied
from maestro.model.conduct import ActionRecord, ConductRequest, DecideRequest
from maestro.model.decision import ActionKind, ActionResult, DecisionState, Phase
from maestro.model.pull_request import AuthorKind
from maestro.model.tests import SelectionMode
from tests.localstack import TOPOLOGY
from tests.workflows.conftest import Conductor, Handle, act, action, card_in, conducting, eventually
from tests.workflows.fakes import Fakes, needs_person_until_approved
from tests.workflows.test_races import Held, holding, start_impatient
from workflows.pull_request import PullRequestWorkflow

APPROVE, REJECT, CANCEL = ActionKind.APPROVE, ActionKind.REJECT, ActionKind.CANCEL
ALL, DIRECT, RETRY = ActionKind.ESCALATE_TESTS, ActionKind.DOWNSHIFT, ActionKind.RETRY
REPORT = ActionKind.INCIDENT
PUBLISHED: dict[str, Any] = {"base_ref": "main", "publish": ("merge",)}


def unless_held(request: DecideRequest) -> DecisionState:
    """What the policy does with incidents, on top of green."""
    if any(review.kind == "reject" for review in request.reviews):
        return DecisionState.BLOCKED
    opened = [incident for incident in request.incidents if incident.answer is None]
    return DecisionState.NEEDS_PERSON if opened else DecisionState.GREEN


async def placing(conductor: Conductor, fakes: Held) -> Handle:
    fakes.holds = holding("place")
    handle = await conductor.start()
    await eventually(lambda: "place" in fakes.told)
    return handle


async def running(conductor: Conductor, fakes: Held) -> Handle:
    fakes.hold_shards = asyncio.Event()
    handle = await conductor.start()
    await eventually(lambda: len(fakes.ran) == fakes.shards)
    return handle


async def deciding(conductor: Conductor, fakes: Held) -> Handle:
    fakes.holds = holding("decide")
    handle = await start_impatient(conductor)
    await eventually(lambda: "decide" in fakes.told)
    return handle


async def waiting(conductor: Conductor, fakes: Held) -> Handle:
    fakes.decide_as = needs_person_until_approved
    handle = await conductor.start()
    await card_in(handle, Phase.WAITING_FOR_PERSON)
    return handle


async def blocked(conductor: Conductor, fakes: Held) -> Handle:
    fakes.failing = [1]
    handle = await conductor.start()
    await card_in(handle, Phase.WAITING_FOR_PERSON)
    return handle


async def rejected(conductor: Conductor, fakes: Held) -> Handle:
    return await _stopping(conductor, fakes, REJECT)


async def cancelled(conductor: Conductor, fakes: Held) -> Handle:
    return await _stopping(conductor, fakes, CANCEL)


async def _stopping(conductor: Conductor, fakes: Held, kind: ActionKind) -> Handle:
    """A shard is slow to stop, so that what was asked for can be seen while it is done."""
    fakes.slow_to_stop = asyncio.Event()
    handle = await running(conductor, fakes)
    await act(handle, kind, action())
    await eventually(lambda: bool(fakes.cancelled))
    return handle


async def closing(conductor: Conductor, fakes: Held) -> Handle:
    fakes.hold_seal = asyncio.Event()
    handle = await conductor.start(**PUBLISHED)
    await eventually(lambda: bool(fakes.sealed))
    return handle


STATES = [
    pytest.param(placing, {REJECT, ALL, DIRECT, CANCEL, REPORT}, id="placing"),
    pytest.param(running, {REJECT, ALL, DIRECT, CANCEL, REPORT}, id="running"),
    pytest.param(deciding, {REJECT, ALL, CANCEL, REPORT}, id="policy is asked"),
    pytest.param(waiting, {APPROVE, REJECT, ALL, CANCEL, REPORT}, id="waiting for a person"),
    pytest.param(blocked, {REJECT, ALL, RETRY, CANCEL, REPORT}, id="blocked"),
    pytest.param(rejected, {CANCEL}, id="rejected"),
    pytest.param(cancelled, set(), id="cancelled"),
    pytest.param(closing, set(), id="closing"),
]


@pytest.mark.parametrize(("reach", "possible"), STATES)
async def test_the_card_offers_what_an_update_would_be_taken_for(
    temporal: Client, reach: Any, possible: set[ActionKind]
) -> None:
    fakes = Held()
    async with conducting(temporal, fakes) as conductor:
        handle = await reach(conductor, fakes)
        before = len(fakes.recorded)
        card = await handle.query(PullRequestWorkflow.card)
        assert {offer.kind for offer in card.actions} == possible
        for kind in set(ActionKind) - possible:
            with pytest.raises(WorkflowUpdateFailedError) as refused:
                await act(handle, kind, action(card_version=card.version))
            assert isinstance(refused.value.cause, ApplicationError)
            assert refused.value.cause.type == "ActionRefused"
            assert len(refused.value.cause.message) > 20
        assert len(fakes.recorded) == before
        if possible:
            assert (await act(handle, CANCEL, action(card_version=card.version))).card_version == card.version + 1
        _let_go(fakes)
        await handle.result()


@pytest.mark.parametrize(("kind", "reach"), [(kind, placing) for kind in (REJECT, ALL, DIRECT, REPORT)])
async def test_what_is_offered_is_taken(temporal: Client, kind: ActionKind, reach: Any) -> None:
    fakes = Held()
    async with conducting(temporal, fakes) as conductor:
        handle = await reach(conductor, fakes)
        assert (await act(handle, kind, action(card_version=0))).kind is kind
        assert (await handle.query(PullRequestWorkflow.card)).version == 1
        await act(handle, CANCEL, action(card_version=1))
        _let_go(fakes)
        await handle.result()


async def test_nothing_can_be_done_to_one_that_is_done(temporal: Client) -> None:
    async with conducting(temporal, Fakes()) as conductor:
        handle = await conductor.start()
        outcome = await handle.result()
        assert outcome.card.actions == ()
        for kind in ActionKind:
            with pytest.raises(PolicyDenied, match="has ended"):
                await take(reached(temporal), handle.id, kind, action())


def reached(client: Client) -> Connection:
    return Connection(client=client, topology=load_topology(TOPOLOGY), ui="")


def _let_go(fakes: Held) -> None:
    for event in (*fakes.holds.values(), fakes.hold_shards, fakes.slow_to_stop, fakes.hold_seal):
        if event is not None:
            event.set()


async def test_an_incident_lets_the_tests_go_on_and_nothing_be_merged_before_it_is_answered(temporal: Client) -> None:
    fakes = Fakes(hold_shards=asyncio.Event(), decide_as=unless_held)
    assert fakes.hold_shards
    async with conducting(temporal, fakes) as conductor:
        handle = await conductor.start(**PUBLISHED)
        await eventually(lambda: len(fakes.ran) == fakes.shards)
        reported = await act(handle, REPORT, action(actor="eve", reason="it deleted a table"))
        assert reported.changed == "an incident is open: nothing is merged before somebody else answers it"
        card = await handle.query(PullRequestWorkflow.card)
        assert [(incident.actor, incident.reason) for incident in card.incidents] == [("eve", "it deleted a table")]
        fakes.hold_shards.set()
        await card_in(handle, Phase.WAITING_FOR_PERSON)
        assert (fakes.cancelled, fakes.merged, len(fakes.gathered)) == ([], [], 1)
        for changes in ({"actor": "ada"}, {"reason": " "}):
            with pytest.raises(WorkflowUpdateFailedError):
                await act(handle, APPROVE, action(**changes))
        await act(handle, APPROVE, action(reason="the table was a copy"))
        outcome = await handle.result()
    assert outcome.decision.state is DecisionState.GREEN
    assert len(fakes.merged) == 1
    [incident] = outcome.card.incidents
    assert incident.answer is not None
    assert (incident.answer.actor, incident.answer.reason) == ("grace", "the table was a copy")
    assert [len(record.incidents) for record in fakes.recorded] == [1, 1]


async def test_an_agents_approval_leaves_the_incident_open(temporal: Client) -> None:
    fakes = Fakes(decide_as=lambda request: DecisionState.NEEDS_PERSON)
    async with conducting(temporal, fakes) as conductor:
        handle = await conductor.start()
        await card_in(handle, Phase.WAITING_FOR_PERSON)
        await act(handle, REPORT, action())
        await eventually(lambda: len(fakes.decided) == 2)
        await card_in(handle, Phase.WAITING_FOR_PERSON)
        await act(handle, APPROVE, action(actor="bot", actor_kind=AuthorKind.AGENT))
        await eventually(lambda: len(fakes.decided) == 3)
        assert fakes.decided[-1].incidents[0].answer is None
        await act(handle, CANCEL, action())
        await handle.result()


async def test_an_incident_between_green_and_the_end_is_weighed_first(temporal: Client) -> None:
    fakes = Held(holds=holding("decide"), decide_as=unless_held)
    async with conducting(temporal, fakes) as conductor:
        handle = await start_impatient(conductor)
        await eventually(lambda: "decide" in fakes.told)
        await act(handle, REPORT, action())
        fakes.holds["decide"].set()
        card = await card_in(handle, Phase.WAITING_FOR_PERSON)
        assert card.decision.state is DecisionState.NEEDS_PERSON
        await act(handle, CANCEL, action())
        await handle.result()


async def test_an_incident_that_nobody_answered_holds_the_head_also_when_it_is_started_again(temporal: Client) -> None:
    fakes = Fakes(hold_shards=asyncio.Event(), decide_as=unless_held)
    assert fakes.hold_shards
    async with conducting(temporal, fakes) as conductor:
        handle = await conductor.start()
        await card_in(handle, Phase.RUN)
        await act(handle, REPORT, action())
        await act(handle, CANCEL, action())
        outcome = await handle.result()
        fakes.hold_shards.set()
        again = await temporal.start_workflow(
            PullRequestWorkflow.run,
            ConductRequest(pull_request=outcome.pull_request, state=outcome.again(SelectionMode.STANDARD)),
            id=handle.id,
            task_queue=conductor.queue,
        )
        await card_in(again, Phase.WAITING_FOR_PERSON)
        await act(again, APPROVE, action())
        assert (await again.result()).decision.state is DecisionState.GREEN


async def test_an_incident_comes_in_as_a_signal_too(temporal: Client) -> None:
    fakes = Fakes(hold_shards=asyncio.Event(), decide_as=unless_held)
    assert fakes.hold_shards
    async with conducting(temporal, fakes) as conductor:
        handle = await conductor.start()
        await card_in(handle, Phase.RUN)
        await handle.signal("incident", action(reason=" "))
        await handle.signal("incident", action(reason="it deleted a table"))
        fakes.hold_shards.set()
        card = await card_in(handle, Phase.WAITING_FOR_PERSON)
        assert [incident.reason for incident in card.incidents] == ["it deleted a table"]
        assert "refused: incident" in [entry.event for entry in card.timeline]
        await act(handle, REJECT, action())
        await handle.result()


@dataclass
class Slow(Held):
    """A ledger that takes its time, so that whoever is second has to wait for the first."""

    @activity.defn(name="record_action")
    async def record_action(self, record: ActionRecord) -> ActionResult:
        await self._held("record")
        return await super().record_action(record)


async def _accepted(handle: Handle, count: int) -> None:
    """Wait until so many updates have passed their validators, and wait for each other."""
    async with asyncio.timeout(30):
        while True:
            kinds = [event.event_type async for event in handle.fetch_history_events()]
            if kinds.count(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED) == count:
                return
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(APPROVE, REJECT, id="one approves and one rejects"),
        pytest.param(ALL, CANCEL, id="one wants all tests and one wants it to stop"),
        pytest.param(REPORT, APPROVE, id="one reports an incident and one has not seen it"),
    ],
)
async def test_of_two_actions_at_once_on_the_same_card_exactly_one_wins(
    temporal: Client, one: ActionKind, other: ActionKind
) -> None:
    fakes = Slow(decide_as=needs_person_until_approved)
    async with conducting(temporal, fakes) as conductor:
        handle = await start_impatient(conductor)
        card = await card_in(handle, Phase.WAITING_FOR_PERSON)
        fakes.holds = holding("record")
        asked = [
            asyncio.create_task(take(reached(temporal), handle.id, kind, action(actor=who, card_version=card.version)))
            for who, kind in (("grace", one), ("bob", other))
        ]
        await _accepted(handle, 2)
        fakes.holds["record"].set()
        answers = await asyncio.gather(*asked, return_exceptions=True)
        taken = [answer for answer in answers if isinstance(answer, ActionResult)]
        refused = [answer for answer in answers if isinstance(answer, PolicyDenied)]
        assert (len(taken), len(refused)) == (1, 1)
        assert len(fakes.recorded) == 1
        if taken[0].kind in {REJECT, CANCEL}:
            assert "rejected already" in refused[0].message or "has cancelled it" in refused[0].message
        else:
            assert isinstance(refused[0], StaleCardError)
            assert (refused[0].seen, refused[0].now) == (card.version, card.version + 1)
        if (await handle.describe()).status is WorkflowExecutionStatus.RUNNING:
            await handle.terminate()


async def test_a_stale_action_is_told_what_is_new(temporal: Client) -> None:
    fakes = Fakes(hold_shards=asyncio.Event())
    async with conducting(temporal, fakes) as conductor:
        handle = await conductor.start()
        await card_in(handle, Phase.RUN)
        await act(handle, ALL, action(actor="bob", card_version=0))
        with pytest.raises(StaleCardError) as refused:
            await take(reached(temporal), handle.id, CANCEL, action(card_version=0))
        assert (refused.value.seen, refused.value.now) == (0, 1)
        assert "newest: escalate tests by bob" in refused.value.message
        await act(handle, CANCEL, action(card_version=1))
        await handle.result()
