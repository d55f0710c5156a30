"""The replay of a risky pull request: after the decision, waited for by nobody, settled as the night would."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle

from maestro.model.decision import ActionKind, DecisionState, Phase
from maestro.model.tests import SelectionMode
from tests.workflows.conftest import Conductor, act, action, card_in, conducting, eventually
from tests.workflows.fakes import REPLAY, Fakes, needs_person_until_approved, pull_request, risky_plan


@pytest.fixture
def head() -> str:
    """A head of this test alone: a replay's id is a business id, and the tests share a server."""
    return (uuid4().hex + uuid4().hex)[:40]


def replay_of(conductor: Conductor, head: str) -> WorkflowHandle[Any, Any]:
    return conductor.client.get_workflow_handle(pull_request(head_sha=head).key("replay"))


async def test_the_decision_does_not_wait_for_the_replay(temporal: Client, head: str) -> None:
    fakes = Fakes(on_select=risky_plan, hold_replays=asyncio.Event())
    async with conducting(temporal, fakes) as conductor:
        outcome = await (await conductor.start(head_sha=head)).result()
        assert outcome.decision.state is DecisionState.GREEN
        replay = replay_of(conductor, head)
        assert (await replay.describe()).status is WorkflowExecutionStatus.RUNNING
        assert fakes.hold_replays
        fakes.hold_replays.set()
        await replay.result()
    assert [entry.detail for entry in outcome.card.timeline if entry.event == "replay started"] == [
        "3 tests that acme/shop 7 left out run on spare capacity, because its τ is at the tenant's floor of 0.01"
    ]


async def test_what_was_left_out_runs_under_a_name_of_its_own_and_is_settled(temporal: Client, head: str) -> None:
    fakes = Fakes(on_select=risky_plan)
    async with conducting(temporal, fakes) as conductor:
        await (await conductor.start(head_sha=head)).result()
        await replay_of(conductor, head).result()
    replayed = fakes.selected[-1]
    assert (replayed.only, replayed.mode) == (REPLAY.tests, SelectionMode.ALL)
    assert (replayed.pull_request.pr, replayed.pull_request.head_sha) == ("7.replay", head)
    assert [result.task.settles for result in fakes.settled] == [pull_request(head_sha=head)]


async def test_work_that_somebody_waits_for_goes_before_a_replay(temporal: Client, head: str) -> None:
    fakes = Fakes(on_select=risky_plan)
    async with conducting(temporal, fakes) as conductor:
        await (await conductor.start(head_sha=head)).result()
        await replay_of(conductor, head).result()
    assert {request.pull_request.pr: key for request, key in fakes.priorities} == {"7": None, "7.replay": 5}


@pytest.mark.parametrize(
    "fakes",
    [
        pytest.param(lambda: Fakes(on_select=risky_plan, failing=[1]), id="a blocked one is mended first"),
        pytest.param(Fakes, id="a usual one waits for the night"),
    ],
)
async def test_only_a_risky_pull_request_that_could_be_merged_is_replayed(
    temporal: Client, head: str, fakes: Callable[[], Fakes]
) -> None:
    async with conducting(temporal, fakes()) as conductor:
        handle = await conductor.start(head_sha=head)
        if conductor.fakes.failing:
            await card_in(handle, Phase.WAITING_FOR_PERSON)
            await act(handle, ActionKind.REJECT, action())
        outcome = await handle.result()
    assert not any(entry.event == "replay started" for entry in outcome.card.timeline)
    assert not any(result.task.settles for result in conductor.fakes.settled)


async def test_a_head_is_replayed_once_however_often_it_is_decided(temporal: Client, head: str) -> None:
    fakes = Fakes(on_select=risky_plan, decide_as=needs_person_until_approved)
    async with conducting(temporal, fakes) as conductor:
        told = []
        for _ in range(2):
            handle = await conductor.start(head_sha=head)
            await card_in(handle, Phase.WAITING_FOR_PERSON)
            await act(handle, ActionKind.APPROVE, action())
            outcome = await handle.result()
            told.append([entry.event for entry in outcome.card.timeline].count("replay started"))
        await replay_of(conductor, head).result()
    assert told == [1, 0]
    assert len(fakes.settled) == 1


async def test_cancelling_the_pull_request_leaves_the_replay_alone(temporal: Client, head: str) -> None:
    fakes = Fakes(on_select=risky_plan, decide_as=needs_person_until_approved, hold_replays=asyncio.Event())
    async with conducting(temporal, fakes) as conductor:
        handle = await conductor.start(head_sha=head)
        await card_in(handle, Phase.WAITING_FOR_PERSON)
        await eventually(lambda: any(request.pull_request.pr == "7.replay" for request in fakes.ran))
        await act(handle, ActionKind.CANCEL, action())
        assert (await handle.result()).decision.state is DecisionState.CANCELLED
        assert fakes.hold_replays
        fakes.hold_replays.set()
        await replay_of(conductor, head).result()
    assert fakes.cancelled == []
