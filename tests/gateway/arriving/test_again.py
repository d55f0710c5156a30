"""The same head once more: only where that makes a difference, and never over a person's word."""

import asyncio
from pathlib import Path

import pytest
from temporalio.client import Client
from temporalio.client import WorkflowExecutionStatus as Status

from maestro.model.decision import DecisionState, Phase
from tests.gateway.arriving.conftest import World, world_of
from tests.workflows.fakes import Fakes


async def test_other_labels_while_it_runs_conduct_the_head_again_by_those(world: World) -> None:
    head = world.open(labels=["docs"])
    await world.tell("pull_request", world.payload("opened"))
    world.prs[7]["labels"] = ["docs", "risky"]
    await world.tell("pull_request", world.payload("labeled", label={"name": "risky"}))
    card = await world.card(head)
    assert set(card.pull_request.labels) == {"docs", "risky"}
    assert await world.status(head) is Status.RUNNING
    assert await world.runs(head) == 2


async def test_a_label_that_went_before_anybody_looked_changes_nothing(world: World) -> None:
    head = world.open(labels=["docs"])
    await world.tell("pull_request", world.payload("opened"))
    await world.tell("pull_request", world.payload("labeled", label={"name": "risky"}))
    assert await world.runs(head) == 1


async def test_another_base_conducts_the_head_again_against_it(world: World) -> None:
    head = world.open()
    await world.tell("pull_request", world.payload("opened"))
    world.origin.git("branch", "release")
    world.site.refs["release"] = world.site.refs["main"]
    world.prs[7]["base"] = "release"
    edited = {"base": {"ref": {"from": "main"}, "sha": {"from": world.site.refs["main"]}}}
    await world.tell("pull_request", world.payload("edited", changes=edited))
    assert (await world.card(head)).pull_request.base_ref == "release"
    assert await world.status(head) is Status.RUNNING


async def test_the_base_that_is_tested_is_the_branch_of_now(world: World) -> None:
    head = world.open()
    moved = world.origin.commit({"other.py": "y = 1\n"}, "Land something else")
    await world.tell("pull_request", world.payload("opened"))
    asked = (await world.card(head)).pull_request
    assert (asked.base_sha, asked.merge_base_sha) == (moved, world.site.refs["main"])


async def test_a_draft_is_conducted_when_it_is_ready(world: World) -> None:
    head = world.open(draft=True)
    await world.tell("pull_request", world.payload("opened"))
    assert await world.status(head) is None
    world.prs[7]["draft"] = False
    await world.tell("pull_request", world.payload("ready_for_review"))
    assert await world.status(head) is Status.RUNNING


async def test_a_push_to_what_became_a_draft_ends_the_earlier_head(world: World) -> None:
    first = world.open()
    await world.tell("pull_request", world.payload("opened"))
    world.prs[7]["draft"] = True
    second = world.push()
    await world.tell("pull_request", world.payload("synchronize"))
    assert (await world.card_in(first, Phase.DONE)).decision.state is DecisionState.CANCELLED
    assert await world.status(second) is None


async def test_asking_once_more_conducts_a_head_that_ended_and_a_replay_of_it_does_not(green: World) -> None:
    head = green.open()
    await green.tell("pull_request", green.payload("opened"))
    await green.card_in(head, Phase.DONE)
    payload = green.check_run("rerequested", "ada", sha=head) | {"at": "once"}
    await green.deliver("check_run", payload)
    await green.followed(2)
    await green.card_in(head, Phase.DONE)
    assert await green.runs(head) == 2
    handle = green.connection.client.get_workflow_handle(f"arrival/github/{green.repo}/7")
    await handle.terminate()
    await green.deliver("check_run", payload)
    assert "before" in (await green.followed(1))[0]
    assert await green.runs(head) == 2


async def test_asking_once_more_for_a_fork_goes_by_the_head(green: World) -> None:
    head = green.open()
    await green.tell("pull_request", green.payload("opened"))
    await green.card_in(head, Phase.DONE)
    await green.deliver("check_run", green.check_run("rerequested", "ada", sha=head, pr=""))
    await green.followed(1, subject=head)
    assert await green.runs(head) == 2


async def test_asking_once_more_for_an_earlier_head_does_nothing(green: World) -> None:
    first = green.open()
    await green.tell("pull_request", green.payload("opened"))
    await green.card_in(first, Phase.DONE)
    second = green.push()
    said = await green.tell("check_run", green.check_run("rerequested", "ada", sha=first))
    assert "not the head any more" in said
    assert await green.runs(first) == 1
    assert await green.status(second) is None


async def test_asking_once_more_for_what_failed_and_is_open_retries_its_tests(failing: World) -> None:
    head = failing.open()
    await failing.tell("pull_request", failing.payload("opened"))
    await failing.card_in(head, Phase.WAITING_FOR_PERSON)
    await failing.tell("check_run", failing.check_run("rerequested", "ada", sha=head))
    card = await failing.card_in(head, Phase.DONE)
    assert card.decision.state is DecisionState.GREEN
    assert any(entry.event == "retry" and entry.actor == "ada" for entry in card.timeline)


async def test_a_rejection_outlasts_labels_and_asking_once_more(reviewed: World) -> None:
    head = reviewed.open()
    await reviewed.tell("pull_request", reviewed.payload("opened"))
    await reviewed.card_in(head, Phase.WAITING_FOR_PERSON)
    await reviewed.tell("pull_request_review", reviewed.review("grace", "changes_requested", sha=head))
    assert (await reviewed.card_in(head, Phase.DONE)).decision.state is DecisionState.BLOCKED
    reviewed.prs[7]["labels"] = ["urgent"]
    await reviewed.tell("pull_request", reviewed.payload("labeled", label={"name": "urgent"}))
    said = await reviewed.tell("check_run", reviewed.check_run("rerequested", "ada", sha=head))
    assert "rejected" in said
    assert await reviewed.runs(head) == 1


async def test_what_a_person_cancelled_stays_so_until_somebody_asks_for_it(world: World) -> None:
    head = world.open()
    await world.tell("pull_request", world.payload("opened"))
    cancel = world.check_run("requested_action", "grace", sha=head, requested_action={"identifier": "cancel"})
    await world.tell("check_run", cancel)
    await world.card_in(head, Phase.DONE)
    world.prs[7]["labels"] = ["urgent"]
    await world.tell("pull_request", world.payload("labeled", label={"name": "urgent"}))
    assert await world.runs(head) == 1
    await world.tell("check_run", world.check_run("rerequested", "ada", sha=head))
    assert await world.status(head) is Status.RUNNING


async def test_a_run_that_temporal_ended_is_left_so_until_somebody_asks_for_it(world: World) -> None:
    head = world.open()
    await world.tell("pull_request", world.payload("opened"))
    await world.card(head)
    await world.connection.client.get_workflow_handle(world.id(head)).terminate("by hand")
    await world.tell("pull_request", world.payload("synchronize"))
    assert await world.status(head) is Status.TERMINATED
    await world.tell("check_run", world.check_run("rerequested", "ada", sha=head))
    assert await world.status(head) is Status.RUNNING


@pytest.mark.parametrize(
    ("merged", "said"),
    [pytest.param(True, "merged", id="merged by somebody else"), pytest.param(False, "closed", id="closed")],
)
async def test_a_card_says_why_its_pull_request_was_cancelled(world: World, merged: bool, said: str) -> None:
    head = world.open()
    await world.tell("pull_request", world.payload("opened"))
    world.prs[7].update(state="closed", merged=merged, landed="e" * 40 if merged else None)
    await world.tell("pull_request", world.payload("closed"))
    card = await world.card_in(head, Phase.DONE)
    assert any(said in entry.detail for entry in card.timeline if entry.actor == "maestro")


async def test_what_maestro_merges_itself_is_left_to_end(
    temporal: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fakes = Fakes(hold_seal=asyncio.Event())
    async with world_of(temporal, tmp_path, monkeypatch, fakes=fakes, publish=("merge",)) as world:
        head = world.open()
        await world.tell("pull_request", world.payload("opened"))
        async with asyncio.timeout(30):
            while not fakes.sealed:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        world.prs[7].update(state="closed", merged=True, landed=head)
        await world.tell("pull_request", world.payload("closed"))
        assert fakes.hold_seal is not None
        fakes.hold_seal.set()
        card = await world.card_in(head, Phase.DONE)
        assert card.decision.state is DecisionState.GREEN
        assert not any("refused" in entry.event for entry in card.timeline)
