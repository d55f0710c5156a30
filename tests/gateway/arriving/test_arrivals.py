"""From a delivery to what is conducted: a real repository, a GitHub with state, a real Temporal server."""

import asyncio

from temporalio.client import WorkflowExecutionStatus as Status

from maestro.model.decision import DecisionState, Phase
from maestro.model.pull_request import AuthorKind
from tests.gateway.arriving.conftest import World


async def test_an_opened_pull_request_is_conducted_as_the_forge_and_the_topology_say(world: World) -> None:
    head = world.open(labels=["urgent"], title="Round <b>prices</b>\x1b[31m once")
    await world.tell("pull_request", world.payload("opened"))
    asked = (await world.card(head)).pull_request
    assert (asked.repo, asked.pr, asked.head_sha, asked.base_ref) == (world.repo, "7", head, "main")
    assert asked.base_sha == world.site.refs["main"] == asked.merge_base_sha
    assert (asked.author, asked.author_kind, asked.tenant) == ("ada", AuthorKind.HUMAN, "acme")
    assert (asked.labels, asked.publish) == (("urgent",), ("status",))
    assert asked.title == "Round <b>prices</b> [31m once"


async def test_the_same_delivery_and_its_copies_start_one_run(world: World) -> None:
    head = world.open()
    payload = world.payload("opened")
    answers = await asyncio.gather(*(world.deliver("pull_request", payload) for _ in range(4)))
    assert [answer.status_code for answer in answers] == [202] * 4
    await world.followed(1)
    await world.tell("pull_request", world.payload("synchronize"))
    assert await world.status(head) is Status.RUNNING
    assert await world.runs(head) == 1


async def test_a_late_delivery_about_an_earlier_head_conducts_the_head_of_now(world: World) -> None:
    first = world.open()
    second = world.push()
    await world.tell("pull_request", world.payload("opened", head=first))
    assert await world.status(first) is None
    assert await world.status(second) is Status.RUNNING


async def test_a_force_push_while_it_runs_ends_the_earlier_head(world: World) -> None:
    first = world.open()
    await world.tell("pull_request", world.payload("opened"))
    second = world.push(forced=True)
    await world.tell("pull_request", world.payload("synchronize"))
    assert await world.status(second) is Status.RUNNING
    card = await world.card_in(first, Phase.DONE)
    assert card.decision.state is DecisionState.CANCELLED
    assert card.decision.actor == "maestro"
    assert any(second[:12] in entry.detail for entry in card.timeline)


async def test_two_heads_in_quick_succession_leave_the_newest(world: World) -> None:
    first = world.open()
    await world.deliver("pull_request", world.payload("opened"))
    second = world.push()
    await world.deliver("pull_request", world.payload("synchronize"))
    third = world.push()
    await world.deliver("pull_request", world.payload("synchronize"))
    await world.until_running(third)
    for earlier in (first, second):
        if await world.status(earlier) is not None:
            assert (await world.card_in(earlier, Phase.DONE)).decision.state is DecisionState.CANCELLED


async def test_a_head_that_comes_back_is_conducted_again(world: World) -> None:
    first = world.open()
    await world.tell("pull_request", world.payload("opened"))
    world.push(forced=True)
    await world.tell("pull_request", world.payload("synchronize"))
    world.point(7, first)
    await world.tell("pull_request", world.payload("synchronize"))
    assert await world.status(first) is Status.RUNNING
    assert await world.runs(first) == 2


async def test_a_pull_request_that_is_closed_is_cancelled_and_conducted_again_when_it_opens(world: World) -> None:
    head = world.open()
    await world.tell("pull_request", world.payload("opened"))
    world.prs[7]["state"] = "closed"
    await world.tell("pull_request", world.payload("closed"))
    assert (await world.card_in(head, Phase.DONE)).decision.state is DecisionState.CANCELLED
    world.prs[7]["state"] = "open"
    await world.tell("pull_request", world.payload("reopened"))
    assert await world.status(head) is Status.RUNNING
