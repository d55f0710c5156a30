"""What the forge is told: one merge of a green head, and a comment for each thing that was decided."""

from typing import Any

from temporalio.client import Client

from maestro.model.conduct import ConductRequest, Timings
from maestro.model.decision import ActionKind, DecisionState, Phase
from tests.workflows.conftest import act, action, card_in, conducting, eventually
from tests.workflows.fakes import SHA, Fakes, needs_person_until_approved
from workflows.pull_request import PullRequestWorkflow

BOTH: dict[str, Any] = {"base_ref": "main", "publish": ("comment", "merge")}


async def test_a_green_head_is_merged_and_then_commented_once(temporal: Client) -> None:
    fakes = Fakes()
    async with conducting(temporal, fakes) as conductor:
        outcome = await (await conductor.start(**BOTH)).result()
    assert [request.pull_request.head_sha for request in fakes.merged] == [SHA]
    [comment] = fakes.commented
    assert [publication.detail for publication in comment.card.publications] == [f"main is at {SHA[:12]}"]
    assert [entry.event for entry in outcome.card.timeline][-4:] == [
        "evidence sealed",
        "merged",
        "commented",
        "evidence sealed",
    ]
    assert {publication.kind: publication.done for publication in outcome.card.publications} == {
        "merge": True,
        "comment": True,
    }
    # What is stored at last says what was published.
    assert fakes.rendered[-1].card.publications == outcome.card.publications
    assert fakes.rendered[-1].card.phase is Phase.DONE


async def test_who_asks_for_nothing_gets_nothing_published(temporal: Client) -> None:
    fakes = Fakes()
    async with conducting(temporal, fakes) as conductor:
        outcome = await (await conductor.start(base_ref="main")).result()
    assert (fakes.merged, fakes.commented, outcome.card.publications) == ([], [], ())


async def test_a_comment_that_waits_for_a_person_is_rewritten_when_one_has_acted(temporal: Client) -> None:
    fakes = Fakes(decide_as=needs_person_until_approved)
    async with conducting(temporal, fakes) as conductor:
        handle = await conductor.start(**BOTH)
        await eventually(lambda: len(fakes.commented) == 1)
        assert fakes.merged == []
        waiting = await card_in(handle, Phase.WAITING_FOR_PERSON)
        await act(handle, ActionKind.APPROVE, action(card_version=waiting.version))
        outcome = await handle.result()
    assert [request.card.decision.state for request in fakes.commented] == [
        DecisionState.NEEDS_PERSON,
        DecisionState.GREEN,
    ]
    assert [request.version for request in fakes.commented] == [0, 1]
    # Somebody who acts by what the comment says has to see the version that can be acted on.
    assert fakes.commented[0].card.version == waiting.version
    assert len(fakes.merged) == 1
    assert outcome.state.comments == 2


async def test_what_is_not_green_is_commented_and_not_merged(temporal: Client) -> None:
    fakes = Fakes(failing=[1])
    async with conducting(temporal, fakes) as conductor:
        handle = await conductor.start(timings=Timings(blocked_open_seconds=0.5), **BOTH)
        outcome = await handle.result()
    assert outcome.decision.state is DecisionState.BLOCKED
    assert fakes.merged == []
    assert [request.card.decision.state for request in fakes.commented] == [DecisionState.BLOCKED] * 2


async def test_a_merge_that_is_refused_is_told_on_the_card_and_changes_no_decision(temporal: Client) -> None:
    fakes = Fakes(refuse_merge="the base has moved to x since: conduct it again")
    async with conducting(temporal, fakes) as conductor:
        outcome = await (await conductor.start(**BOTH)).result()
    assert outcome.decision.state is DecisionState.GREEN
    assert ("not merged", "not merged: the base has moved to x since: conduct it again") in [
        (entry.event, entry.detail) for entry in outcome.card.timeline
    ]
    assert not fakes.commented[0].card.publications[0].done


async def test_nobody_can_act_while_the_forge_is_told(temporal: Client) -> None:
    fakes = Fakes(frozen=frozenset({"merge"}))
    async with conducting(temporal, fakes) as conductor:
        handle = await conductor.start(**BOTH)
        try:
            await eventually(lambda: fakes.stuck == ["merge"])
            card = await card_in(handle, Phase.PUBLISH)
            await handle.signal("cancel", action())
        finally:
            fakes.thaw.set()
        outcome = await handle.result()
    assert card.actions == ()
    assert outcome.decision.state is DecisionState.GREEN
    assert "refused: cancel" in [entry.event for entry in outcome.card.timeline]


async def test_the_comments_of_a_head_that_is_conducted_again_count_on(temporal: Client) -> None:
    fakes = Fakes()
    async with conducting(temporal, fakes) as conductor:
        first = await conductor.start(**BOTH)
        outcome = await first.result()
        again = await temporal.start_workflow(
            PullRequestWorkflow.run,
            ConductRequest(pull_request=outcome.pull_request, state=outcome.again(outcome.state.mode)),
            id=first.id,
            task_queue=conductor.queue,
        )
        await again.result()
    assert [request.version for request in fakes.commented] == [0, 1]
