"""Statuses: what the forge shows of a head from its start to its end, also where the forge is away."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from temporalio import activity
from temporalio.client import Client, WorkflowFailureError
from temporalio.exceptions import ApplicationError

from maestro.forges.forge import StatusState
from maestro.model.conduct import ConductRequest, Outcome, RenderRequest, StatusRequest, Timings
from maestro.model.decision import ActionKind, DecisionState, Links, Phase
from maestro.render.status import status_of
from tests.workflows.conftest import Conductor, Handle, act, action, card_in, conducting, eventually
from tests.workflows.fakes import SHA, Fakes, needs_person_until_approved
from tests.workflows.stating import (
    ASKS,
    CANCELLED,
    FAILS,
    MERGED,
    OPEN,
    PASSES,
    SHOWN,
    away,
    shown,
)
from workflows.pull_request import PullRequestWorkflow


async def test_a_head_is_shown_as_being_conducted_and_then_as_green(temporal: Client) -> None:
    fakes = Fakes(hold_shards=asyncio.Event())
    async with conducting(temporal, fakes) as conductor:
        handle = await conductor.start(**SHOWN)
        await eventually(lambda: shown(fakes) == [OPEN])
        assert fakes.hold_shards is not None
        fakes.hold_shards.set()
        outcome = await handle.result()
    assert shown(fakes) == [OPEN, PASSES]
    assert {request.card.pull_request.head_sha for request in fakes.stated} == {SHA}
    assert [request.version for request in fakes.stated] == [0, 1]
    # It says so only of what is on record.
    sealing = fakes.stated[-1].card.sealing
    assert sealing is not None
    assert sealing.done
    assert [one.detail for one in outcome.card.publications] == ["version 1 is shown"]
    # What is stored at last says what was told.
    assert fakes.rendered[-1].card.publications == outcome.card.publications


async def test_who_asks_for_no_status_gets_none(temporal: Client) -> None:
    fakes = Fakes()
    async with conducting(temporal, fakes) as conductor:
        await (await conductor.start(base_ref="main", publish=("comment", "merge"))).result()
    assert fakes.stated == []


async def _as_it_is(_: Conductor, handle: Handle) -> None:
    await handle.result()


async def _rejected(_: Conductor, handle: Handle) -> None:
    card = await card_in(handle, Phase.WAITING_FOR_PERSON)
    await act(handle, ActionKind.REJECT, action(card_version=card.version))
    await handle.result()


async def _approved(_: Conductor, handle: Handle) -> None:
    card = await card_in(handle, Phase.WAITING_FOR_PERSON)
    await act(handle, ActionKind.APPROVE, action(card_version=card.version))
    await handle.result()


async def _cancelled(_: Conductor, handle: Handle) -> None:
    card = await card_in(handle, Phase.WAITING_FOR_PERSON)
    await act(handle, ActionKind.CANCEL, action(card_version=card.version))
    await handle.result()


async def _cancelled_by_temporal(_: Conductor, handle: Handle) -> None:
    await card_in(handle, Phase.WAITING_FOR_PERSON)
    await handle.cancel()
    with pytest.raises(WorkflowFailureError):
        await handle.result()


async def _cancelled_while_running(conductor: Conductor, handle: Handle) -> None:
    await eventually(lambda: bool(conductor.fakes.ran))
    await handle.cancel()
    with pytest.raises(WorkflowFailureError):
        await handle.result()


def _broken(fakes: Fakes) -> Fakes:
    """A platform that can decide and not store what it decided."""

    @activity.defn(name="render")
    async def render(request: RenderRequest) -> Links:
        raise ApplicationError("the template cannot be used", type="BadInput", non_retryable=True)

    fakes.render = render  # type: ignore[method-assign]
    return fakes


async def _failed(_: Conductor, handle: Handle) -> None:
    with pytest.raises(WorkflowFailureError):
        await handle.result()


@pytest.mark.parametrize(
    ("fakes", "play", "last", "title"),
    [
        pytest.param(Fakes, _as_it_is, PASSES, "Green: 2 of 2 tests", id="green"),
        pytest.param(
            lambda: Fakes(applicable=False), _as_it_is, PASSES, "Green: no test applies", id="no test applies"
        ),
        pytest.param(
            lambda: Fakes(decide_as=needs_person_until_approved),
            _approved,
            PASSES,
            "Green: 2 of 2 tests",
            id="approved",
        ),
        pytest.param(lambda: Fakes(failing=[1]), _as_it_is, FAILS, "Blocked: 1 test failed", id="blocked, then closed"),
        pytest.param(
            lambda: Fakes(decide_as=needs_person_until_approved),
            _rejected,
            FAILS,
            "Blocked: because the stand-in says so",
            id="rejected",
        ),
        pytest.param(
            lambda: Fakes(decide_as=needs_person_until_approved),
            _as_it_is,
            FAILS,
            "Blocked: because the stand-in says so",
            id="nobody acted before the deadline",
        ),
        pytest.param(
            lambda: Fakes(decide_as=lambda _: DecisionState.NEEDS_PERSON),
            _as_it_is,
            FAILS,
            "Nobody has decided: because the stand-in says so",
            id="a policy that still wants a person after the deadline",
        ),
        pytest.param(
            lambda: Fakes(decide_as=needs_person_until_approved),
            _cancelled,
            CANCELLED,
            "Cancelled by grace",
            id="cancelled by a reviewer",
        ),
        pytest.param(
            lambda: Fakes(decide_as=needs_person_until_approved),
            _cancelled_by_temporal,
            CANCELLED,
            "Cancelled by a cancellation request to Temporal",
            id="cancelled by Temporal's own means",
        ),
        pytest.param(
            lambda: Fakes(hold_shards=asyncio.Event()),
            _cancelled_while_running,
            CANCELLED,
            "Cancelled by a cancellation request to Temporal",
            id="cancelled by Temporal while tests run",
        ),
        pytest.param(
            lambda: Fakes(refuse_seal="an artifact is gone"),
            _as_it_is,
            FAILS,
            "Green, but evidence not sealed: an artifact is gone",
            id="green, but its evidence cannot be kept",
        ),
        pytest.param(
            lambda: Fakes(regions=[None]),
            _as_it_is,
            FAILS,
            "Blocked: because the stand-in says so",
            id="no region will have it",
        ),
        pytest.param(
            lambda: _broken(Fakes()),
            _failed,
            FAILS,
            "Not decided: the template cannot be used",
            id="the workflow fails",
        ),
    ],
)
async def test_no_end_leaves_a_status_open(
    skipping: Client,
    fakes: Callable[[], Fakes],
    play: Callable[[Conductor, Handle], Any],
    last: StatusState,
    title: str,
) -> None:
    made = fakes()
    async with conducting(skipping, made) as conductor:
        timings = Timings(placement_deadline_seconds=1, region_poll_seconds=1)
        await play(conductor, await conductor.start(timings=timings, **SHOWN))
    assert shown(made)[-1] is last
    assert shown(made).count(last) == 1 or last is FAILS
    assert status_of(made.stated[-1], link="").title == title
    assert not status_of(made.stated[-1], link="").buttons


async def test_a_person_is_asked_for_and_every_round_is_shown(temporal: Client) -> None:
    fakes = Fakes(failing=[1, 0], decide_as=None)
    async with conducting(temporal, fakes) as conductor:
        handle = await conductor.start(**SHOWN)
        card = await card_in(handle, Phase.WAITING_FOR_PERSON)
        await eventually(lambda: shown(fakes)[-1:] == [FAILS])
        blocked = status_of(fakes.stated[-1], link="")
        await act(handle, ActionKind.RETRY, action(card_version=card.version))
        await handle.result()
    assert shown(fakes) in ([OPEN, FAILS, OPEN, PASSES], [FAILS, OPEN, PASSES], [OPEN, FAILS, PASSES])
    assert [button.kind for button in blocked.buttons] == [
        ActionKind.RETRY,
        ActionKind.ESCALATE_TESTS,
        ActionKind.CANCEL,
    ]
    versions = [request.version for request in fakes.stated]
    assert versions == sorted(set(versions))


async def test_a_status_that_hangs_gives_way_to_a_newer_one_and_two_are_never_under_way(temporal: Client) -> None:
    fakes = Fakes()
    under_way: list[int] = []
    most: list[int] = []

    async def hang(request: StatusRequest) -> None:
        under_way.append(request.version)
        most.append(len(under_way))
        try:
            while request.version == 0:
                activity.heartbeat()
                await asyncio.sleep(0.05)
        finally:
            under_way.remove(request.version)

    fakes.on_status = hang
    async with conducting(temporal, fakes) as conductor:
        handle = await conductor.start(timings=Timings(heartbeat_timeout_seconds=1), **SHOWN)
        await handle.result()
    assert shown(fakes) == [PASSES]
    assert max(most) == 1


async def test_a_cancellation_while_the_end_is_told_still_tells_it(temporal: Client) -> None:
    fakes, go = Fakes(), asyncio.Event()

    async def wait(request: StatusRequest) -> None:
        if request.final:
            while not go.is_set():
                activity.heartbeat()
                await asyncio.sleep(0.05)

    fakes.on_status = wait
    async with conducting(temporal, fakes) as conductor:
        handle = await conductor.start(**SHOWN)
        await card_in(handle, Phase.DONE)
        await handle.cancel()
        go.set()
        with pytest.raises(WorkflowFailureError):
            await handle.result()
    # What was decided before stands.
    assert shown(fakes)[-1] is PASSES


async def test_the_statuses_of_a_head_that_is_conducted_again_count_on(temporal: Client) -> None:
    fakes = Fakes()
    async with conducting(temporal, fakes) as conductor:
        first = await conductor.start(**SHOWN)
        outcome: Outcome = await first.result()
        again = await temporal.start_workflow(
            PullRequestWorkflow.run,
            ConductRequest(pull_request=outcome.pull_request, state=outcome.again(outcome.state.mode)),
            id=first.id,
            task_queue=conductor.queue,
        )
        await again.result()
    versions = [request.version for request in fakes.stated]
    assert versions == sorted(set(versions))
    assert outcome.state.statuses > fakes.stated[0].version
    assert shown(fakes)[-1] is PASSES
    assert fakes.stated[-1].version >= outcome.state.statuses


async def test_what_could_not_be_told_before_a_new_run_is_told_by_it(temporal: Client) -> None:
    fakes, is_back = Fakes(decide_as=needs_person_until_approved), asyncio.Event()
    away(fakes, until=lambda request: request.version == 0 or is_back.is_set())
    async with conducting(temporal, fakes) as conductor:
        handle = await conductor.start(**SHOWN)
        card = await card_in(handle, Phase.WAITING_FOR_PERSON)
        first = (await handle.describe()).run_id
        newest: Handle = conductor.client.get_workflow_handle(handle.id, result_type=Outcome)
        async with asyncio.timeout(60):
            while (await newest.describe()).run_id == first:
                await newest.signal("approve", action(actor="ada"))
        is_back.set()
        await eventually(lambda: shown(fakes)[-1:] == [ASKS])
        card = await card_in(newest, Phase.WAITING_FOR_PERSON)
        await act(newest, ActionKind.APPROVE, action(card_version=card.version))
        await newest.result()
    assert shown(fakes)[-2:] == [ASKS, PASSES]
    versions = [request.version for request in fakes.stated]
    assert versions == sorted(set(versions))


async def test_statuses_replay_when_no_worker_remembers_anything(temporal: Client) -> None:
    fakes = Fakes(failing=[1, 0])
    async with conducting(temporal, fakes, max_cached_workflows=0) as conductor:
        handle = await conductor.start(**MERGED)
        card = await card_in(handle, Phase.WAITING_FOR_PERSON)
        await act(handle, ActionKind.RETRY, action(card_version=card.version))
        outcome = await handle.result()
    assert outcome.decision.state is DecisionState.GREEN
    assert shown(fakes)[-1] is PASSES
