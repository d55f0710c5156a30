"""The evidence of a decision is sealed: once for what was decided, and before anything is merged."""

import asyncio
from typing import Any

import pytest
from temporalio.client import Client, WorkflowUpdateFailedError

from maestro.model.conduct import Timings
from maestro.model.decision import ActionKind, DecisionState, Phase
from tests.workflows.conftest import act, action, card_in, conducting, eventually
from tests.workflows.fakes import Fakes, artifact, needs_person_until_approved

MERGED: dict[str, Any] = {"base_ref": "main", "publish": ("merge",)}


async def test_what_was_decided_is_sealed_and_the_last_card_says_so(temporal: Client) -> None:
    fakes = Fakes()
    async with conducting(temporal, fakes) as conductor:
        outcome = await (await conductor.start()).result()
    [sealed] = fakes.sealed
    assert sealed.card == artifact("card")
    assert outcome.card.sealing is not None
    assert outcome.card.sealing.done
    assert fakes.rendered[-1].card.sealing == outcome.card.sealing
    assert [entry.event for entry in outcome.card.timeline][-2:] == ["decided", "evidence sealed"]


async def test_a_merge_waits_for_the_seal_and_is_sealed_again_with_what_landed(temporal: Client) -> None:
    fakes = Fakes()
    async with conducting(temporal, fakes) as conductor:
        outcome = await (await conductor.start(**MERGED)).result()
    assert [entry.event for entry in outcome.card.timeline][-4:] == [
        "decided",
        "evidence sealed",
        "merged",
        "evidence sealed",
    ]
    assert [request.ordinal for request in fakes.sealed] == [0, 1]
    assert outcome.state.seals == 2
    [asked] = fakes.reassessed
    assert asked.merged is not None
    assert asked.merged.commit == outcome.pull_request.head_sha


async def test_nothing_is_merged_whose_evidence_cannot_be_kept(temporal: Client) -> None:
    fakes = Fakes(refuse_seal="the artifact report.json is not in the store")
    async with conducting(temporal, fakes) as conductor:
        outcome = await (await conductor.start(**MERGED)).result()
    assert fakes.merged == []
    assert outcome.decision.state is DecisionState.GREEN
    [merge] = outcome.card.publications
    assert not merge.done
    assert "the artifact report.json is not in the store" in merge.detail
    assert outcome.card.sealing is not None
    assert not outcome.card.sealing.done


async def test_the_controls_hear_of_an_approval_before_it_is_decided(temporal: Client) -> None:
    fakes = Fakes(decide_as=needs_person_until_approved)
    async with conducting(temporal, fakes) as conductor:
        handle = await conductor.start()
        await card_in(handle, Phase.WAITING_FOR_PERSON)
        assert fakes.reassessed == []
        await act(handle, ActionKind.APPROVE, action(actor="grace"))
        await handle.result()
    assert [[review.actor for review in request.reviews] for request in fakes.reassessed] == [["grace"], ["grace"]]


async def test_what_was_blocked_is_sealed_as_well(temporal: Client) -> None:
    fakes = Fakes(failing=[1])
    async with conducting(temporal, fakes) as conductor:
        handle = await conductor.start(timings=Timings(blocked_open_seconds=0.2))
        outcome = await handle.result()
    assert outcome.decision.state is DecisionState.BLOCKED
    assert len(fakes.sealed) == 1


async def test_nobody_can_change_a_decision_that_is_being_sealed(temporal: Client) -> None:
    fakes = Fakes(hold_seal=asyncio.Event())
    async with conducting(temporal, fakes) as conductor:
        handle = await conductor.start()
        await eventually(lambda: len(fakes.sealed) == 1)
        with pytest.raises(WorkflowUpdateFailedError):
            await act(handle, ActionKind.REJECT, action())
        assert fakes.hold_seal is not None
        fakes.hold_seal.set()
        outcome = await handle.result()
    assert outcome.decision.state is DecisionState.GREEN
