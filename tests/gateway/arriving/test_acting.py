"""Reviewers act from their forge: those whom Maestro's roles let, on the head that they looked at, and once."""

from typing import Any

import pytest
from temporalio.client import WorkflowExecutionStatus as Status

from maestro.model.decision import DecisionState, Phase
from tests.gateway.arriving.conftest import World


async def waiting(world: World, **changes: Any) -> str:
    """A pull request that waits for a person; its head."""
    head = world.open(**changes)
    await world.tell("pull_request", world.payload("opened"))
    await world.card_in(head, Phase.WAITING_FOR_PERSON)
    return head


async def test_an_approval_of_somebody_who_may_makes_it_green_in_their_name(reviewed: World) -> None:
    head = await waiting(reviewed)
    await reviewed.tell("pull_request_review", reviewed.review("grace", "approved", sha=head))
    card = await reviewed.card_in(head, Phase.DONE)
    assert card.decision.state is DecisionState.GREEN
    assert any(entry.event == "approve" and entry.actor == "grace" for entry in card.timeline)
    [approval] = [one for one in reviewed.fakes.recorded if one.kind == "approve"]
    assert (approval.action.via, approval.action.role) == ("forge:github", "reviewer")


@pytest.mark.parametrize(
    ("login", "kind"),
    [
        pytest.param("nobody", "User", id="without a role"),
        pytest.param("vi", "User", id="with a role that only reads"),
        pytest.param("olga", "User", id="who has a role for another tenant"),
        pytest.param("eve", "User", id="whose namesake at another forge may"),
        pytest.param("grace", "Bot", id="a program, whatever its login was given"),
        pytest.param("ada", "User", id="the author"),
        pytest.param("ADA", "User", id="the author, spelt otherwise"),
    ],
)
async def test_an_approval_of_somebody_who_may_not_changes_nothing(reviewed: World, login: str, kind: str) -> None:
    head = await waiting(reviewed)
    said = await reviewed.tell("pull_request_review", reviewed.review(login, "approved", sha=head, kind=kind))
    assert said.startswith("refused")
    assert (await reviewed.card(head)).phase is Phase.WAITING_FOR_PERSON
    assert reviewed.fakes.recorded == []


async def test_an_approval_of_an_earlier_head_approves_no_other(reviewed: World) -> None:
    first = await waiting(reviewed)
    second = reviewed.push()
    await reviewed.tell("pull_request", reviewed.payload("synchronize"))
    await reviewed.card_in(second, Phase.WAITING_FOR_PERSON)
    said = await reviewed.tell("pull_request_review", reviewed.review("grace", "approved", sha=first))
    assert said.startswith("refused")
    assert (await reviewed.card(second)).phase is Phase.WAITING_FOR_PERSON


async def test_an_approval_of_a_head_that_nobody_conducts_is_refused(reviewed: World) -> None:
    await waiting(reviewed)
    said = await reviewed.tell("pull_request_review", reviewed.review("grace", "approved", sha="f" * 40))
    assert said == "refused: this head is not conducted"


async def test_a_click_that_was_refused_does_not_act_when_it_is_delivered_again_later(world: World) -> None:
    head = world.open()
    await world.tell("pull_request", world.payload("opened"))
    payload = world.review("grace", "approved", sha=head) | {"at": "once"}
    await world.deliver("pull_request_review", payload)
    assert "nothing to approve yet" in (await world.followed(2))[-1]
    world.fakes.decide_as = lambda _: DecisionState.NEEDS_PERSON
    assert world.fakes.hold_shards is not None
    world.fakes.hold_shards.set()
    await world.card_in(head, Phase.WAITING_FOR_PERSON)
    await world.connection.client.get_workflow_handle(f"arrival/github/{world.repo}/7").terminate()
    await world.deliver("pull_request_review", payload)
    assert "before" in (await world.followed(1))[0]
    assert world.fakes.recorded == []


async def test_a_button_acts_for_whoever_pressed_it_also_on_a_fork(world: World) -> None:
    head = world.open()
    await world.tell("pull_request", world.payload("opened"))
    pressed = world.check_run("requested_action", "grace", sha=head, requested_action={"identifier": "escalate_tests"})
    answer = await world.deliver("check_run", pressed)
    assert answer.json()["meaning"] == "act"
    assert "every test" in (await world.followed(2))[-1]
    assert await world.status(head) is Status.RUNNING


async def test_a_button_of_a_status_that_names_no_pull_request_acts_on_the_heads(world: World) -> None:
    head = world.open()
    await world.tell("pull_request", world.payload("opened"))
    pressed = world.check_run("requested_action", "grace", sha=head, pr="", requested_action={"identifier": "cancel"})
    await world.deliver("check_run", pressed)
    await world.followed(1, subject=head)
    assert (await world.card_in(head, Phase.DONE)).decision.actor == "grace"


async def test_a_review_that_is_dismissed_takes_nothing_back(reviewed: World) -> None:
    head = await waiting(reviewed)
    payload = reviewed.review("grace", "approved", sha=head) | {"action": "dismissed"}
    answer = await reviewed.deliver("pull_request_review", payload)
    assert answer.status_code == 202
    assert "takes nothing back" in answer.json()["ignored"]


async def test_an_approval_of_a_review_answers_no_incident(reviewed: World) -> None:
    head = await waiting(reviewed)
    pressed = reviewed.check_run("requested_action", "grace", sha=head, requested_action={"identifier": "incident"})
    said = await reviewed.tell("check_run", pressed)
    assert said.startswith("refused")
