"""Asking for a pull request of a forge to be conducted, without a webhook."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from temporalio.client import Client

from tests.gateway.api.conftest import WHO, Api, problem, serving
from tests.workflows.fakes import Fakes

WANTED = {"forge": "git", "repo": "acme/shop", "pr": "7"}


async def ask(api: Api, who: str, *, key: str = "", **changes: Any) -> httpx.Response:
    headers = {WHO: f"Bearer {who}"} | ({"Idempotency-Key": key} if key else {})
    return await api.http.post("/api/pull-requests", json=WANTED | changes, headers=headers)


async def signals(api: Api, workflow_id: str) -> int:
    history = await api.temporal.get_workflow_handle(workflow_id).fetch_history()
    return sum(event.HasField("workflow_execution_signaled_event_attributes") for event in history.events)


async def test_it_is_handed_over_before_it_is_answered(temporal: Client, tmp_path: Path) -> None:
    async with serving(temporal, Fakes(), tmp_path) as api:
        answer = await ask(api, "service", pr="8")
        assert answer.status_code == 202, answer.text
        assert answer.json()["arrival"] == "arrival/git/acme/shop/8"
        assert (await api.get(answer.json()["pull_requests"])).json() == {"items": [], "next": None}
        assert await signals(api, "arrival/git/acme/shop/8") == 1


@pytest.mark.parametrize(
    ("who", "changes", "status"),
    [
        pytest.param("reviewer", {}, 403, id="a reviewer starts nothing"),
        pytest.param("stranger", {}, 404, id="another tenant's is not there"),
        pytest.param("admin", {"forge": "hub"}, 404, id="a forge that is not configured is not there"),
        pytest.param("admin", {"repo": "../etc"}, 422, id="a way up is no repository"),
        pytest.param("admin", {"pr": "-1"}, 422, id="a number below one"),
    ],
)
async def test_whoever_may_not_or_asks_for_nonsense_starts_nothing(
    temporal: Client, tmp_path: Path, who: str, changes: dict[str, str], status: int
) -> None:
    async with serving(temporal, Fakes(), tmp_path) as api:
        answer = await ask(api, who, **changes)
        assert answer.status_code == status
        problem(answer)
