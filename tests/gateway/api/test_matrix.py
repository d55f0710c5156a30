"""Who may do what and when: every caller, every action, every state of a pull request."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from maestro.model.decision import Phase
from tests.gateway.api.conftest import CALLERS, problem, serving
from tests.workflows.fakes import Fakes, needs_person_until_approved

ACTIONS: dict[str, dict[str, Any]] = {
    "approve": {},
    "reject": {},
    "tests": {"mode": "all"},
    "downshift": {},
    "retry": {},
    "incident": {},
    "cancel": {},
}
REVIEWS = {"approve", "reject", "incident"}

TAKES = {
    "running": {"reject", "tests", "downshift", "incident", "cancel"},
    "waiting": {"approve", "reject", "tests", "incident", "cancel"},
    "blocked": {"reject", "tests", "retry", "incident", "cancel"},
    "done": set[str](),
}
"""What a pull request takes in each state, from whoever may."""

FOLDED = {"nobody": 404, "stranger": 404, "viewer": 403}


def wanted(who: str, action: str, state: str) -> int:
    """The status that the caller should get."""
    if who in FOLDED:
        return FOLDED[who]
    if who == "service" and action in REVIEWS:
        return 403
    if action not in TAKES[state] or (who == "author" and action == "approve"):
        return 409
    return 200


def fakes_for(state: str) -> Fakes:
    match state:
        case "running":
            return Fakes(hold_shards=asyncio.Event())
        case "waiting":
            return Fakes(decide_as=needs_person_until_approved)
        case "blocked":
            return Fakes(failing=[1] * 1_000)
        case _:
            return Fakes()


PHASES = {
    "running": Phase.RUN,
    "waiting": Phase.WAITING_FOR_PERSON,
    "blocked": Phase.WAITING_FOR_PERSON,
    "done": Phase.DONE,
}


@pytest.mark.parametrize("state", list(TAKES))
async def test_each_caller_gets_what_their_role_and_the_state_allow(
    temporal: Client, tmp_path: Path, state: str
) -> None:
    async with serving(temporal, fakes_for(state), tmp_path) as api:
        shared = await api.started(PHASES[state])
        found, right = {}, {}
        for who in CALLERS:
            for action, fields in ACTIONS.items():
                right[who, action] = wanted(who, action, state)
                target = await api.started(PHASES[state]) if right[who, action] == 200 else shared
                answer = await api.act(action, target, who, **fields)
                found[who, action] = answer.status_code
                if answer.status_code != 200:
                    assert problem(answer)["title"]
        assert found == right


async def test_what_is_offered_is_what_is_taken(temporal: Client, tmp_path: Path) -> None:
    async with serving(temporal, fakes_for("waiting"), tmp_path) as api:
        for who in ("reviewer", "author", "viewer", "service"):
            workflow_id = await api.started(Phase.WAITING_FOR_PERSON)
            view = (await api.get(f"/api/pull-requests/{workflow_id.removeprefix('pr/')}", who)).json()
            for offer in view["actions"]:
                target = await api.started(Phase.WAITING_FOR_PERSON)
                fields = {"mode": "all"} if offer["url"].endswith("/tests") else {}
                answer = await api.act(offer["url"].rpartition("/")[2], target, who, **fields)
                assert (answer.status_code == 200) == offer["allowed"], (who, offer, answer.text)
                assert bool(offer["why_not"]) != offer["allowed"]


async def test_nothing_tells_what_exists_from_what_may_not_be_seen(temporal: Client, tmp_path: Path) -> None:
    async with serving(temporal, fakes_for("waiting"), tmp_path) as api:
        there = await api.started(Phase.WAITING_FOR_PERSON)
        missing = f"pr/acme/shop/7/{'f' * 40}"
        for path in ("", "/events", "/tests", "/documents/card.json"):
            seen = [await api.get(f"/api/pull-requests/{one[3:]}{path}", "stranger") for one in (there, missing)]
            assert seen[0].status_code == seen[1].status_code == 404
            assert seen[0].content == seen[1].content
        for action, fields in ACTIONS.items():
            asked = [await api.act(action, one, "stranger", card_version=0, **fields) for one in (there, missing)]
            assert asked[0].content == asked[1].content
        listed = (await api.get("/api/pull-requests", "stranger")).json()
        assert listed["items"] == []


@pytest.mark.parametrize(
    ("action", "fields"), [("alt", {"arm": "b"}), ("budget", {"usd": 1.5}), ("quarantine", {"plugin": "lint"})]
)
async def test_an_action_of_a_part_that_is_not_configured_says_why(
    temporal: Client, tmp_path: Path, action: str, fields: dict[str, Any]
) -> None:
    async with serving(temporal, fakes_for("waiting"), tmp_path) as api:
        workflow_id = await api.started(Phase.WAITING_FOR_PERSON)
        view = (await api.get(f"/api/pull-requests/{workflow_id.removeprefix('pr/')}")).json()
        [told] = [one for one in view["unavailable"] if one["action"] == action]
        answer = await api.act(action, workflow_id, **fields)
        assert answer.status_code == 409
        assert problem(answer)["detail"] == told["why"]
        assert problem(answer)["type"].endswith("/not-configured")
        assert action not in {one["kind"] for one in view["actions"]}
        assert (await api.act(action, workflow_id, "viewer", **fields)).status_code == 403
