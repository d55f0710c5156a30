"""Waiting: for a person with a reminder and a deadline, for a region, through continue-as-new and without a cache."""

from temporalio.client import Client

from maestro.model.conduct import Outcome, Timings
from maestro.model.decision import ActionKind, DecisionState, Phase
from tests.workflows.conftest import Handle, act, action, card_in, conducting, eventually
from tests.workflows.fakes import Fakes, needs_person_until_approved

DAY = 86_400.0


async def test_nobody_acts_and_the_deadline_blocks_after_one_reminder(skipping: Client) -> None:
    fakes = Fakes(decide_as=needs_person_until_approved)
    async with conducting(skipping, fakes) as conductor:
        timings = Timings(person_deadline_seconds=3 * DAY, reminder_after_seconds=DAY)
        outcome = await (await conductor.start(timings=timings)).result()
    assert outcome.decision.state is DecisionState.BLOCKED
    assert [request.expired for request in fakes.decided] == [False, True]
    assert len(fakes.reminded) == 1
    assert [entry.event for entry in outcome.card.timeline][-4:] == [
        "reminded",
        "expired",
        "decided",
        "evidence sealed",
    ]
    started, ended = outcome.card.timeline[0].at, outcome.card.timeline[-1].at
    assert 3 * DAY <= (ended - started).total_seconds() < 3 * DAY + 600


async def test_a_blocked_pull_request_stays_open_for_a_day_without_a_reminder(skipping: Client) -> None:
    fakes = Fakes(failing=[1])
    async with conducting(skipping, fakes) as conductor:
        outcome = await (await conductor.start()).result()
    assert outcome.decision.state is DecisionState.BLOCKED
    assert fakes.reminded == []
    assert "expired" in [entry.event for entry in outcome.card.timeline]


async def test_a_pull_request_waits_for_a_region_and_goes_on_when_there_is_one(temporal: Client) -> None:
    fakes = Fakes(regions=[None, None, "eu-north"])
    async with conducting(temporal, fakes) as conductor:
        outcome = await (await conductor.start()).result()
    assert outcome.decision.state is DecisionState.GREEN
    assert [request.wait_seconds > 0 for request in fakes.placed] == [False, True, True]
    assert {request.ordinal for request in fakes.placed} == {0}
    events = [entry.event for entry in outcome.card.timeline]
    assert events.count("waiting for a region") == 2
    assert events.count("placed") == 1


async def test_no_region_until_the_deadline_blocks_with_the_reason(skipping: Client) -> None:
    fakes = Fakes(regions=[None])
    async with conducting(skipping, fakes) as conductor:
        timings = Timings(placement_deadline_seconds=0.001, blocked_open_seconds=60)
        outcome = await (await conductor.start(timings=timings)).result()
    assert outcome.decision.state is DecisionState.BLOCKED
    problem = fakes.decided[0].problem
    assert problem is not None
    assert problem.message == "no healthy region is allowed"


async def test_a_region_without_workers_is_left_with_the_reason_and_verdicts_come_from_the_next(
    temporal: Client,
) -> None:
    fakes = Fakes(regions=["eu-dead", "eu-north"], dead=frozenset({"eu-dead"}), shards=3)
    async with conducting(temporal, fakes) as conductor:
        timings = Timings(schedule_to_start_timeout_seconds=1)
        outcome = await (await conductor.start(timings=timings)).result()
    assert outcome.decision.state is DecisionState.GREEN
    assert len(fakes.placed) == 2
    (reason,) = fakes.placed[1].lost.values()
    assert reason.endswith("took “select tests” within 1 s")
    assert fakes.placed[1].ordinal == 1


async def test_a_pull_request_that_is_shouted_at_continues_as_new_and_remembers_everything(temporal: Client) -> None:
    fakes = Fakes(decide_as=needs_person_until_approved)
    async with conducting(temporal, fakes) as conductor:
        handle = await conductor.start()
        await card_in(handle, Phase.WAITING_FOR_PERSON)
        first = (await handle.describe()).run_id
        for _ in range(40):
            await handle.signal("approve", action(actor="ada"))
        newest: Handle = conductor.client.get_workflow_handle(handle.id, result_type=Outcome)

        async def continued() -> bool:
            return (await newest.describe()).run_id != first

        for _ in range(200):
            if await continued():
                break
            await newest.signal("approve", action(actor="ada"))
        assert await continued()
        card = await card_in(newest, Phase.WAITING_FOR_PERSON)
        assert card.plan is not None
        await act(newest, ActionKind.APPROVE, action())
        outcome = await newest.result()
    assert outcome.decision.state is DecisionState.GREEN
    assert len(fakes.selected) == 1
    # Going on as a new run is nothing that a reviewer should notice: the same card, no second decision.
    assert len(fakes.decided) == 2


async def test_every_step_replays_when_no_worker_remembers_anything(temporal: Client) -> None:
    fakes = Fakes(failing=[1, 0], shards=3)
    async with conducting(temporal, fakes, max_cached_workflows=0) as conductor:
        handle = await conductor.start()
        await card_in(handle, Phase.WAITING_FOR_PERSON)
        await act(handle, ActionKind.RETRY, action())
        outcome = await handle.result()
    assert outcome.decision.state is DecisionState.GREEN
    await eventually(lambda: len(fakes.ran) == 6)
