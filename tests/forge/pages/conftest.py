"""The pages before a real browser. Without a Chromium these tests fail and say what to install."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from maestro.model.decision import DecisionState
from tests.forge.overlay.conftest import browser, violations
from tests.gateway.overlay.stage import Running
from tests.gateway.pages.stage import Stage, built, found
from tests.value.past import plan, pull_request

__all__ = ["browser", "violations"]

STATES = (
    ("run", "pending"),
    ("waiting_for_person", "needs_person"),
    ("done", "green"),
    ("done", "blocked"),
    ("done", "cancelled"),
    ("waiting_for_region", "pending"),
)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A site with something in every state, and names that nobody wants on a page."""
    stage = built(tmp_path, monkeypatch)
    for number, (phase, decision) in enumerate(STATES, start=1):
        one = pull_request(number)
        stage.desk.listed.append(found(number, phase=phase, decision=decision, running=phase != "done"))
        stage.past.decided(one, "needs_person", "green", ago=timedelta(days=number))
        stage.past.sealed(one, DecisionState.GREEN, planned=plan(), ago=timedelta(days=number))
        stage.past.visited(one)
        stage.past.acted(one, "a-1", ago=timedelta(days=number))
    stage.desk.listed.append(found(99, repo="x" * 200, pr="\u202e" * 50, author="<b>" * 60))
    stage.desk.cursor = "more"
    yield stage
    stage.past.ledger.close()


@pytest.fixture
def gateway(stage: Stage) -> Iterator[Running]:
    running = Running(stage.app)
    running.start()
    yield running
    running.kill()
