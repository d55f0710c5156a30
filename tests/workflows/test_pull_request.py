"""The order of things in a pull request's life, on a real server, with stand-ins for the activities."""

import asyncio

import pytest
from temporalio.client import Client, WorkflowFailureError, WorkflowUpdateFailedError
from temporalio.exceptions import CancelledError

from maestro.model.conduct import SelectRequest
from maestro.model.decision import ActionKind, ActionResult, DecisionState, Phase
from maestro.model.tests import Problem, SelectionMode, TestPlan
from tests.workflows.conftest import act, action, card_in, conducting, eventually
from tests.workflows.fakes import Fakes, artifact, needs_person_until_approved
from workflows.pull_request import PullRequestWorkflow


async def test_a_green_pull_request_goes_through_every_phase_once(temporal: Client) -> None:
    fakes = Fakes(shards=3)
    async with conducting(temporal, fakes) as conductor:
        outcome = await (await conductor.start()).result()
    assert outcome.decision.state is DecisionState.GREEN
    assert outcome.card.phase is Phase.DONE
    assert outcome.card.actions == ()
    assert [len(calls) for calls in (fakes.placed, fakes.selected, fakes.ran, fakes.gathered)] == [1, 1, 3, 1]
    assert len(fakes.decided) == 1
    assert [request.card.phase for request in fakes.rendered] == [Phase.RENDER, Phase.DONE]


async def test_a_pull_request_takes_no_more_slots_than_its_region_has(temporal: Client) -> None:
    fakes = Fakes(shards=9, slots=2)
    async with conducting(temporal, fakes) as conductor:
        await (await conductor.start()).result()
    assert len(fakes.ran) == 9
    assert fakes.most_running <= 2


async def test_no_affected_test_is_a_verdict_and_runs_nothing(temporal: Client) -> None:
    fakes = Fakes(applicable=False)
    async with conducting(temporal, fakes) as conductor:
        outcome = await (await conductor.start()).result()
    assert outcome.decision.state is DecisionState.GREEN
    assert fakes.ran == []
    assert "no test imports the change" in outcome.card.plan.reason if outcome.card.plan else False


async def test_an_approval_lifts_a_pull_request_that_needs_a_person(temporal: Client) -> None:
    fakes = Fakes(decide_as=needs_person_until_approved)
    async with conducting(temporal, fakes) as conductor:
        handle = await conductor.start()
        card = await card_in(handle, Phase.WAITING_FOR_PERSON)
        asked = action(card_version=card.version)
        result = await act(handle, ActionKind.APPROVE, asked)
        outcome = await handle.result()
    assert result.accepted
    assert outcome.decision.state is DecisionState.GREEN
    assert [(record.kind, record.action.actor) for record in fakes.recorded] == [(ActionKind.APPROVE, "grace")]
    assert fakes.decided[-1].reviews[0].actor == "grace"


async def test_the_same_action_id_acts_once_and_answers_twice(temporal: Client) -> None:
    fakes = Fakes(decide_as=lambda request: DecisionState.NEEDS_PERSON)
    async with conducting(temporal, fakes) as conductor:
        handle = await conductor.start()
        await card_in(handle, Phase.WAITING_FOR_PERSON)
        asked = action()
        first = await act(handle, ActionKind.APPROVE, asked)
        # Another update id with the same action id, as a client does that lost its answer and knows no better.
        second = await handle.execute_update("approve", asked, result_type=ActionResult)
        await handle.signal("approve", asked)
        await act(handle, ActionKind.CANCEL, action())
        await handle.result()
    assert first == second
    assert [record.kind for record in fakes.recorded] == [ActionKind.APPROVE, ActionKind.CANCEL]


async def test_a_signal_of_the_same_name_does_the_same(temporal: Client) -> None:
    fakes = Fakes(decide_as=needs_person_until_approved)
    async with conducting(temporal, fakes) as conductor:
        handle = await conductor.start()
        await card_in(handle, Phase.WAITING_FOR_PERSON)
        await handle.signal("approve", action())
        outcome = await handle.result()
    assert outcome.decision.state is DecisionState.GREEN


async def test_a_signal_that_does_not_fit_is_on_the_timeline_as_refused(temporal: Client) -> None:
    fakes = Fakes(decide_as=needs_person_until_approved)
    async with conducting(temporal, fakes) as conductor:
        handle = await conductor.start()
        await card_in(handle, Phase.WAITING_FOR_PERSON)
        await handle.signal("approve", action(actor="ada"))
        await handle.signal("reject", action())
        outcome = await handle.result()
    refusals = [entry for entry in outcome.card.timeline if entry.event.startswith("refused")]
    assert [entry.detail for entry in refusals] == ["ada is the author; somebody else has to approve"]
    assert outcome.decision.state is DecisionState.BLOCKED


@pytest.mark.parametrize(
    ("kind", "changes", "words"),
    [
        pytest.param(ActionKind.APPROVE, {"actor": "ada"}, "is the author", id="nobody approves their own change"),
        pytest.param(ActionKind.APPROVE, {"card_version": 99}, "look again", id="an approval of another card"),
        pytest.param(ActionKind.REJECT, {"reason": " "}, "needs a reason", id="a rejection says why"),
        pytest.param(ActionKind.DOWNSHIFT, {}, "nothing is left to save", id="tests that ran cannot be saved"),
        pytest.param(ActionKind.RETRY, {}, "nothing failed", id="only what failed is retried"),
    ],
)
async def test_an_update_that_does_not_fit_is_refused_with_the_reason(
    temporal: Client, kind: ActionKind, changes: dict[str, object], words: str
) -> None:
    fakes = Fakes(decide_as=needs_person_until_approved)
    async with conducting(temporal, fakes) as conductor:
        handle = await conductor.start()
        await card_in(handle, Phase.WAITING_FOR_PERSON)
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await act(handle, kind, action(**changes))
        assert words in str(refused.value.cause)
        await act(handle, ActionKind.CANCEL, action())
        outcome = await handle.result()
    assert outcome.decision.state is DecisionState.CANCELLED
    assert [record.kind for record in fakes.recorded] == [ActionKind.CANCEL]


async def test_a_retry_asks_again_for_the_same_plan_as_a_new_attempt(temporal: Client) -> None:
    fakes = Fakes(failing=[2, 0])
    async with conducting(temporal, fakes) as conductor:
        handle = await conductor.start()
        await card_in(handle, Phase.WAITING_FOR_PERSON)
        await act(handle, ActionKind.RETRY, action())
        outcome = await handle.result()
    assert outcome.decision.state is DecisionState.GREEN
    assert {request.attempt for request in fakes.ran} == {0, 1}
    assert len({request.ordinal for request in fakes.ran}) == 4


async def test_an_escalation_stops_the_running_shards_and_selects_everything(temporal: Client) -> None:
    fakes = Fakes(hold_shards=asyncio.Event())
    assert fakes.hold_shards
    async with conducting(temporal, fakes) as conductor:
        handle = await conductor.start()
        await card_in(handle, Phase.RUN)
        await eventually(lambda: len(fakes.ran) == 2)
        await act(handle, ActionKind.ESCALATE_TESTS, action())
        await eventually(lambda: len(fakes.selected) == 2)
        fakes.hold_shards.set()
        outcome = await handle.result()
    assert [request.mode for request in fakes.selected] == [SelectionMode.STANDARD, SelectionMode.ALL]
    assert len(fakes.cancelled) == 2
    assert outcome.decision.state is DecisionState.GREEN


async def test_a_rejection_ends_a_run_at_once(temporal: Client) -> None:
    fakes = Fakes(hold_shards=asyncio.Event(), decide_as=needs_person_until_approved)
    async with conducting(temporal, fakes) as conductor:
        handle = await conductor.start()
        await card_in(handle, Phase.RUN)
        await act(handle, ActionKind.REJECT, action())
        outcome = await handle.result()
    assert outcome.decision.state is DecisionState.BLOCKED
    assert fakes.gathered == []


async def test_a_cancellation_from_temporal_cancels_the_shards_and_says_so(temporal: Client) -> None:
    fakes = Fakes(hold_shards=asyncio.Event())
    async with conducting(temporal, fakes) as conductor:
        handle = await conductor.start()
        await card_in(handle, Phase.RUN)
        await eventually(lambda: len(fakes.ran) == 2)
        await handle.cancel()
        with pytest.raises(WorkflowFailureError) as ended:
            await handle.result()
        card = await handle.query(PullRequestWorkflow.card)
    assert isinstance(ended.value.cause, CancelledError)
    assert len(fakes.cancelled) == 2
    assert card.decision.state is DecisionState.CANCELLED


async def test_a_problem_that_no_retry_mends_blocks_with_its_fix(temporal: Client) -> None:
    problem = Problem(kind="no_tests", message="no test was found", fix="add one")

    def without_tests(request: SelectRequest) -> TestPlan:
        return TestPlan(applicable=False, reason="nothing to run", mode=request.mode, body=artifact(), problem=problem)

    fakes = Fakes(on_select=without_tests)
    async with conducting(temporal, fakes) as conductor:
        handle = await conductor.start()
        card = await card_in(handle, Phase.WAITING_FOR_PERSON)
        await act(handle, ActionKind.CANCEL, action())
        await handle.result()
    assert card.decision.state is DecisionState.BLOCKED
    assert fakes.decided[0].problem == problem
