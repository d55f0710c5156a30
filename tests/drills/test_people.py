"""What people do while real processes run: cancel, approve by signal and by update, act twice, be refused."""

import asyncio
import json
import subprocess

from maestro.model.decision import ActionKind, DecisionCard, DecisionState, Phase
from maestro.model.record import RecordKind
from tests.drills.stand import TEMPORAL, Handle, Stand, command_of, environment_of, until
from tests.execution.repositories import Files

CROWD = """
import subprocess
import sys
import time

def test_crowd():
    sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
    subprocess.Popen(sleeper)
    subprocess.Popen(sleeper, start_new_session=True)
    time.sleep(600)
"""
"""A test with a child in its own process group and one that has left it."""

QUICK: Files = {"test_quick.py": "def test_quick(): pass"}


async def waiting_for_a_person(stand: Stand, name: str) -> tuple[Handle, DecisionCard]:
    """A pull request by an agent, which the policy lets pass only with a person's approval."""
    handle = await stand.start(stand.propose(name, QUICK), "--agent")
    card = await stand.card_that(
        handle, lambda card: card.phase is Phase.WAITING_FOR_PERSON and card.version > 0, what="a person is waited for"
    )
    assert card.decision.state is DecisionState.NEEDS_PERSON
    return handle, card


async def signal(stand: Stand, handle: Handle, kind: ActionKind, **action: object) -> None:
    """Send a signal by Temporal's own command, with the JSON that one types into the UI."""
    command = (str(TEMPORAL), "workflow", "signal", "--workflow-id", handle.id, "--name", kind.value)
    await asyncio.to_thread(
        subprocess.run,
        (*command, "--input", json.dumps(action)),
        env=environment_of(stand),
        check=True,
        capture_output=True,
    )


def actions_recorded(stand: Stand, card: DecisionCard) -> list[str]:
    pull_request = card.pull_request
    found = stand.ledger.records.list(repo=pull_request.repo, head_sha=pull_request.head_sha, kind=RecordKind.ACTION)
    return [f"{stored.record.actor}: {stored.record.outcome}" for stored in found]


async def test_a_reviewer_cancels_and_every_process_of_the_run_is_gone(stand: Stand) -> None:
    head = stand.propose("crowd", {"test_crowd.py": CROWD})
    handle = await stand.start(head)

    async def crowd() -> bool:
        return sum("time.sleep(600)" in command_of(process) for process in stand.processes_of(head)) >= 2

    await until(crowd, what="the test has started its children")
    code, _, remarks = await stand.maestro("pr", "act", "cancel", handle.id, "--actor", "grace@example.org")
    assert code == 0, remarks
    outcome = await stand.ended(handle)
    assert outcome.decision.state is DecisionState.CANCELLED
    assert outcome.card.phase is Phase.DONE
    assert outcome.card.why == "cancelled by grace@example.org."
    await stand.nothing_is_left(head)


async def test_an_approval_typed_into_temporal_makes_the_pull_request_green(stand: Stand) -> None:
    handle, card = await waiting_for_a_person(stand, "by-signal")
    await signal(stand, handle, ActionKind.APPROVE, action_id="s-1", actor=card.pull_request.author, reason="mine")
    await stand.card_that(
        handle,
        lambda card: any("is the author" in entry.detail for entry in card.timeline),
        what="the author's own approval is refused on the timeline",
    )
    await signal(stand, handle, ActionKind.APPROVE, action_id="s-2", actor="grace@example.org", reason="looked at it")
    outcome = await stand.ended(handle)
    assert outcome.decision.state is DecisionState.GREEN
    assert outcome.decision.actor == "grace@example.org"
    assert actions_recorded(stand, card) == ["grace@example.org: approve: the approval is weighed by policy now"]


async def test_an_update_is_refused_in_words_and_acts_once_when_it_is_sent_twice(stand: Stand) -> None:
    handle, card = await waiting_for_a_person(stand, "by-update")
    act = ("pr", "act")
    code, _, remarks = await stand.maestro(*act, "approve", handle.id, "--actor", card.pull_request.author)
    assert code == 1
    assert "is the author; somebody else has to approve" in remarks
    code, _, remarks = await stand.maestro(*act, "reject", handle.id, "--actor", "grace@example.org")
    assert code == 1
    assert "a rejection needs a reason" in remarks
    code, _, remarks = await stand.maestro(
        *act, "approve", handle.id, "--actor", "grace@example.org", "--card-version", str(card.version + 1)
    )
    assert code == 1
    assert "look again" in remarks
    approve = (*act, "approve", handle.id, "--actor", "grace@example.org", "--action-id", "u-1", "--json")
    answers = await asyncio.gather(stand.maestro(*approve), stand.maestro(*approve))
    outcome = await stand.ended(handle)
    assert outcome.decision.state is DecisionState.GREEN
    assert actions_recorded(stand, card) == ["grace@example.org: approve: the approval is weighed by policy now"]
    assert [code for code, _, _ in answers] == [0, 0], answers
    assert answers[0][1] == answers[1][1]


async def test_one_head_started_twice_at_the_same_moment_is_one_workflow(stand: Stand) -> None:
    head = stand.propose("twice", QUICK)
    command = ("pr", "start", "--repo", str(stand.repository.folder), "--base", "main", "--head", head, "--json")
    answers = await asyncio.gather(*(stand.maestro(*command) for _ in range(2)))
    assert [code for code, _, _ in answers] == [0, 0], answers
    told = [json.loads(answer) for _, answer, _ in answers]
    assert told[0]["workflow_id"] == told[1]["workflow_id"]
    assert sorted(each["joined"] or each["finished"] for each in told) == [False, True]
    handle = stand.handle(told[0]["workflow_id"])
    outcome = await stand.ended(handle)
    assert outcome.decision.state is DecisionState.GREEN

    async def executions() -> int:
        return (await stand.client.count_workflows(f"WorkflowId = '{handle.id}'")).count

    assert await until(executions, what="the server lists it") == 1
