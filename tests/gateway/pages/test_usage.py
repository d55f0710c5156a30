"""Counting how long cards are open: by those who may read them, within what time allows, and not where it is off."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from maestro.ledger.usage import Visit
from tests.gateway.pages.stage import CI, NORA, Stage, staged
from tests.value.past import pull_request


def body(workflow_id: str, **changes: Any) -> dict[str, Any]:
    told = {
        "visit": str(uuid4()),
        "event": "opened",
        "pull_request": workflow_id,
        "card_version": 5,
        "open_seconds": 0,
        "source": "page",
    }
    return told | changes


def visits(stage: Stage) -> tuple[Visit, ...]:
    return stage.past.ledger.usage.visits(since=datetime(2020, 1, 1, tzinfo=UTC))


async def test_an_open_card_is_counted_once_however_often_the_browser_speaks(stage: Stage) -> None:
    told = body(stage.desk.knows(1))
    for event in ("opened", "hidden", "shown", "closed"):
        answer = await stage.http.post("/api/usage", json=told | {"event": event})
        assert (answer.status_code, answer.content) == (204, b"")
    [visit] = visits(stage)
    assert (visit.who, visit.role, visit.tenant, visit.source) == ("ada@example.org", "admin", "default", "page")


async def test_hours_and_versions_that_there_were_not_are_not_counted(stage: Stage) -> None:
    told = body(stage.desk.knows(1, version=5), open_seconds=30_000.5, card_version=900)
    assert (await stage.http.post("/api/usage", json=told)).status_code == 204
    [visit] = visits(stage)
    assert visit.open_seconds < 60
    assert visit.card_version == 5


async def test_nobody_writes_for_a_pull_request_that_they_may_not_read(stage: Stage) -> None:
    theirs, unknown = stage.desk.knows(1, tenant="default"), pull_request(9).workflow_id
    stage.door.caller = NORA
    answers = [await stage.http.post("/api/usage", json=body(one)) for one in (theirs, unknown)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json() == answers[1].json()
    assert visits(stage) == ()


async def test_a_visit_of_another_person_is_refused(stage: Stage) -> None:
    told = body(stage.desk.knows(1, tenant="nordic"))
    assert (await stage.http.post("/api/usage", json=told)).status_code == 204
    stage.door.caller = NORA
    answer = await stage.http.post("/api/usage", json=told)
    assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json")


async def test_a_service_reads_nothing_and_is_not_counted(stage: Stage) -> None:
    stage.door.caller = CI
    assert (await stage.http.post("/api/usage", json=body(stage.desk.knows(1)))).status_code == 204
    assert visits(stage) == ()


async def test_where_it_is_off_nothing_is_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with staged(tmp_path, monkeypatch, usage_counted=False) as stage:
        assert (await stage.http.post("/api/usage", json=body(stage.desk.knows(1)))).status_code == 204
        assert visits(stage) == ()


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"visit": "1"}, id="a visit that is no UUID"),
        pytest.param({"event": "read"}, id="an event that there is not"),
        pytest.param({"open_seconds": -1}, id="a negative time"),
        pytest.param({"open_seconds": 1e300}, id="a time beyond all bounds"),
        pytest.param({"open_seconds": "12"}, id="a time in quotes"),
        pytest.param({"card_version": -1}, id="a negative version"),
        pytest.param({"card_version": 2**63}, id="a version that no database holds"),
        pytest.param({"source": "elsewhere"}, id="a source that there is not"),
        pytest.param({"pull_request": "pr/x"}, id="what is no workflow id"),
        pytest.param({"more": 1}, id="an unknown field"),
    ],
)
async def test_what_is_no_event_is_refused_with_its_field(stage: Stage, wrong: dict[str, Any]) -> None:
    answer = await stage.http.post("/api/usage", json=body(stage.desk.knows(1)) | wrong)
    assert answer.status_code == 422
    assert next(iter(wrong)) in answer.json()["field"]
    assert visits(stage) == ()
