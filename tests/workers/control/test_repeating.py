"""A reviewer's action that a failover has lost, on a real server: the ledger has it, the workflow has not."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import pytest_asyncio
from temporalio.client import Client
from temporalio.testing import ActivityEnvironment, WorkflowEnvironment

from activities.decision import DecisionActivities
from maestro.artifacts import ArtifactStore
from maestro.ledger import Ledger
from maestro.model.conduct import ActionRecord
from maestro.model.decision import ActionKind, ActionResult, DecisionState, Phase
from tests.workflows.conftest import action, card_in, conducting, server_options
from tests.workflows.fakes import Fakes, at, needs_person_until_approved, pull_request
from workers.control.repeating import repeat_actions


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}") as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def client() -> AsyncIterator[Client]:
    async with await WorkflowEnvironment.start_local(**server_options()) as environment:
        yield environment.client


@pytest.mark.parametrize("seen_later", [0, 3], ids=["as it is", "a card that the failover took"])
async def test_an_approval_that_only_the_ledger_has_is_taken_once(
    client: Client, ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seen_later: int
) -> None:
    monkeypatch.setenv("MAESTRO_HOME", str(tmp_path / "home"))
    fakes = Fakes(decide_as=needs_person_until_approved)
    asked = action(actor="grace")
    async with conducting(client, fakes) as conductor:
        handle = await conductor.start()
        card = await card_in(handle, Phase.WAITING_FOR_PERSON)
        asked = asked.model_copy(update={"card_version": card.version + seen_later})
        result = ActionResult(
            action_id=asked.action_id,
            kind=ActionKind.APPROVE,
            accepted=True,
            changed="the approval is weighed by policy now",
            card_version=card.version,
            state=DecisionState.NEEDS_PERSON,
        )
        record = ActionRecord(
            pull_request=card.pull_request, kind=ActionKind.APPROVE, action=asked, result=result, at=at()
        )
        recording = DecisionActivities(
            cast("Any", SimpleNamespace(ledger=ledger, artifacts=ArtifactStore(tmp_path / "artifacts")))
        )
        ActivityEnvironment().run(recording.record_action, record)
        assert await repeat_actions(ledger, handle, card.pull_request) == 1
        # Another controller that carries the failover on sends it once more.
        await repeat_actions(ledger, handle, card.pull_request)
        outcome = await handle.result()
    assert outcome.decision.state is DecisionState.GREEN
    assert [entry.actor for entry in outcome.card.timeline if entry.event == "approve"] == ["grace"]


async def test_who_did_nothing_is_asked_nothing(client: Client, ledger: Ledger) -> None:
    handle = client.get_workflow_handle("nobody")
    assert await repeat_actions(ledger, handle, pull_request()) == 0
