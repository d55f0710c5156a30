"""An action over HTTP acts once, on the card that was seen, and says what it changed."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from temporalio.client import Client

from maestro.model.decision import DecisionState, Phase
from tests.gateway.api.conftest import WHO, problem, serving
from tests.workflows.fakes import Fakes, needs_person_until_approved


def waiting() -> Fakes:
    return Fakes(decide_as=needs_person_until_approved)


async def test_an_approval_makes_it_green_in_the_callers_name(temporal: Client, tmp_path: Path) -> None:
    async with serving(temporal, waiting(), tmp_path) as api:
        workflow_id = await api.started(Phase.WAITING_FOR_PERSON)
        answer = await api.act("approve", workflow_id, reason="read it twice")
        assert answer.status_code == 200, answer.text
        assert answer.json()["action"] == "approve"
        await api.until(workflow_id, Phase.DONE)
        card = await api.site.desk.card(workflow_id)
        assert card.decision.state is DecisionState.GREEN
        [recorded] = api.fakes.recorded
        assert recorded.action.actor == "grace@example.org"
        assert recorded.action.reason == "read it twice"
        assert (recorded.action.via, recorded.action.role) == ("api", "reviewer")


async def test_the_same_key_acts_once_and_is_answered_as_before(temporal: Client, tmp_path: Path) -> None:
    async with serving(temporal, waiting(), tmp_path) as api:
        workflow_id = await api.started(Phase.WAITING_FOR_PERSON)
        version = (await api.site.desk.card(workflow_id)).version
        answers = await asyncio.gather(
            *(api.act("tests", workflow_id, key="k1", mode="all", card_version=version) for _ in range(5))
        )
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.content for answer in answers}) == 1
        assert len(api.fakes.recorded) == 1
        later = await api.act("tests", workflow_id, key="k1", mode="all", card_version=version)
        assert later.content == answers[0].content
        assert len(api.fakes.recorded) == 1


async def test_the_key_of_one_caller_is_not_that_of_another(temporal: Client, tmp_path: Path) -> None:
    async with serving(temporal, waiting(), tmp_path) as api:
        workflow_id = await api.started(Phase.WAITING_FOR_PERSON)
        await api.act("incident", workflow_id, key="k", reason="it leaks")
        await api.act("incident", workflow_id, "admin", key="k", reason="it leaks too")
        assert [one.action.actor for one in api.fakes.recorded] == ["grace@example.org", "root@example.org"]


async def test_a_stale_card_is_refused_with_what_is_new(temporal: Client, tmp_path: Path) -> None:
    async with serving(temporal, waiting(), tmp_path) as api:
        workflow_id = await api.started(Phase.WAITING_FOR_PERSON)
        seen = (await api.site.desk.card(workflow_id)).version
        answer = await api.act("approve", workflow_id, card_version=seen + 5)
        assert answer.status_code == 409
        told = problem(answer)
        assert told["type"] == "/problems/stale-card"
        assert told["card"]["card"]["version"] == seen
        assert f"version {seen}" in told["detail"]
        assert api.fakes.recorded == []
        explained = await api.http.get(told["type"])
        assert "look at it" in explained.text


async def test_of_two_who_decide_differently_at_once_one_is_told_so(temporal: Client, tmp_path: Path) -> None:
    async with serving(temporal, waiting(), tmp_path) as api:
        workflow_id = await api.started(Phase.WAITING_FOR_PERSON)
        version = (await api.site.desk.card(workflow_id)).version
        approved, rejected = await asyncio.gather(
            api.act("approve", workflow_id, "reviewer", card_version=version),
            api.act("reject", workflow_id, "admin", card_version=version),
        )
        assert 200 in {approved.status_code, rejected.status_code}
        await api.until(workflow_id, Phase.DONE)
        state = (await api.site.desk.card(workflow_id)).decision.state
        assert state is (DecisionState.GREEN if rejected.status_code != 200 else DecisionState.BLOCKED)


async def test_an_action_on_a_finished_pull_request_is_refused_with_its_end(temporal: Client, tmp_path: Path) -> None:
    async with serving(temporal, Fakes(), tmp_path) as api:
        workflow_id = await api.started(Phase.DONE)
        answer = await api.act("reject", workflow_id)
        assert answer.status_code == 409
        assert problem(answer)["type"] == "/problems/refused"
        assert "ended" in problem(answer)["detail"]


async def test_bad_bodies_name_the_field_and_change_nothing(temporal: Client, tmp_path: Path) -> None:
    async with serving(temporal, waiting(), tmp_path) as api:
        workflow_id = await api.started(Phase.WAITING_FOR_PERSON)
        good = {"pull_request": workflow_id, "card_version": 1}
        bad: list[tuple[dict[str, object], str]] = [
            ({**good, "card_version": "1"}, "body.card_version"),
            ({**good, "card_version": -1}, "body.card_version"),
            ({**good, "pull_request": "pr/../../etc"}, "body.pull_request"),
            ({**good, "pull_request": "night/acme/shop/7/x"}, "body.pull_request"),
            ({**good, "reason": "x" * 2_001}, "body.reason"),
            ({**good, "reson": "a typo"}, "body.reson"),
            ({"card_version": 1}, "body.pull_request"),
        ]
        for body, field in bad:
            answer = await api.http.post("/api/decision/cancel", json=body, headers={WHO: "Bearer reviewer"})
            assert answer.status_code == 422, (body, answer.text)
            assert problem(answer)["field"] == field
        for raw in (b"", b"{", b"[]", b"\xff\xfe", b'{"pull_request": NaN}'):
            answer = await api.http.post(
                "/api/decision/cancel",
                content=raw,
                headers={WHO: "Bearer reviewer", "content-type": "application/json"},
            )
            assert answer.status_code in {400, 422}, (raw, answer.text)
            problem(answer)
        assert api.fakes.recorded == []


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(temporal: Client, tmp_path: Path) -> None:
    async with serving(temporal, waiting(), tmp_path) as api:
        for content in (b"x" * 10_000_000, chunks()):
            answer = await api.http.post("/api/decision/cancel", content=content, headers={WHO: "Bearer reviewer"})
            assert answer.status_code == 413
            problem(answer)


async def chunks() -> AsyncIterator[bytes]:
    for _ in range(200):
        yield b"x" * 10_000
