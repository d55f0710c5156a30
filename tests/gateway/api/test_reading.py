"""Lists, cards, tests, documents and live cards, as a reader gets them."""

import asyncio
import json
from pathlib import Path

import httpx
import pytest
from temporalio import activity
from temporalio.client import Client

from maestro.model.conduct import RenderRequest
from maestro.model.decision import Links, Phase
from maestro.model.tests import LeftOutTest, PlanBody, ReasonKind, SelectedTest
from tests.gateway.api.conftest import WHO, Api, problem, serving
from tests.workflows.fakes import Fakes, needs_person_until_approved, risky_plan


async def listed(api: Api, query: str = "", who: str = "viewer") -> list[str]:
    """The ids that the list has, page by page."""
    found: list[str] = []
    cursor = ""
    while True:
        answer = (await api.get(f"/api/pull-requests?{query}&cursor={cursor}", who)).json()
        found += [item["workflow_id"] for item in answer["items"]]
        if answer["next"] is None:
            return found
        cursor = answer["next"]


async def test_the_list_pages_through_what_fits(temporal: Client, tmp_path: Path) -> None:
    async with serving(temporal, Fakes(decide_as=needs_person_until_approved), tmp_path) as api:
        wanted = {await api.started(Phase.WAITING_FOR_PERSON, repo="acme/paged", pr=str(n)) for n in range(5)}
        async with asyncio.timeout(30):
            while set(found := await listed(api, "repo=acme/paged&limit=2")) != wanted:  # noqa: ASYNC110
                await asyncio.sleep(0.2)
        assert len(found) == len(wanted)
        [one] = await listed(api, "repo=acme/paged&pr=3")
        assert one.split("/")[3] == "3"
        assert await listed(api, "repo=acme/paged&tenant=other") == []
        assert await listed(api, "repo=acme/paged", "stranger") == []
        assert len(await listed(api, "repo=acme/paged&running=true", "admin")) == 5
        assert await listed(api, "repo=acme/paged&decision=green") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        pytest.param("repo=a' OR WorkflowType = 'x", "query.repo", id="a quote would end the query's text"),
        pytest.param("cursor=%25%25", "cursor", id="a cursor of no list"),
        pytest.param("cursor=AAAA", "cursor", id="a cursor that the server never gave"),
        pytest.param("limit=0", "query.limit", id="no rows"),
        pytest.param("phase=sleeping", "query.phase", id="a phase that is none"),
    ],
)
async def test_a_filter_that_cannot_be_used_is_named(temporal: Client, tmp_path: Path, query: str, field: str) -> None:
    async with serving(temporal, Fakes(), tmp_path) as api:
        answer = await api.get(f"/api/pull-requests?{query}")
        assert answer.status_code == 422
        assert problem(answer)["field"] == field


async def test_the_tests_of_a_plan_come_by_page_with_their_reasons(temporal: Client, tmp_path: Path) -> None:
    body = PlanBody(
        selected=tuple(
            SelectedTest(id=f"t{n}", kind=ReasonKind.CHANGED, reason="it is new", expected_seconds=1) for n in range(3)
        ),
        left_out=(LeftOutTest(id="t9", expected_seconds=2, fail_probability=0.01),),
        shards=((0, 1, 2),),
        changed_files=(),
    )
    fakes = Fakes(decide_as=needs_person_until_approved)
    async with serving(temporal, fakes, tmp_path) as api:
        stored = api.site.artifacts.put_model(body, name="plan.json")
        fakes.on_select = lambda request: risky_plan(request).model_copy(update={"body": stored, "replay": None})
        workflow_id = await api.started(Phase.WAITING_FOR_PERSON)
        address = f"/api/pull-requests/{workflow_id[3:]}/tests"
        first = (await api.get(f"{address}?limit=2")).json()
        assert [row["test"] for row in first["items"]] == ["t0", "t1"]
        assert (first["total"], first["next"]) == (3, "2")
        second = (await api.get(f"{address}?limit=2&cursor=2")).json()
        assert ([row["test"] for row in second["items"]], second["next"]) == (["t2"], None)
        left = (await api.get(f"{address}?side=left_out")).json()
        assert [(row["test"], row["probability"]) for row in left["items"]] == [("t9", 0.01)]


class Documented(Fakes):
    """Renders documents of the test's choice."""

    links = Links()

    @activity.defn(name="render")
    async def render(self, request: RenderRequest) -> Links:
        return self.links


async def test_a_document_is_served_so_that_nothing_in_it_can_run(temporal: Client, tmp_path: Path) -> None:
    fakes = Documented(decide_as=needs_person_until_approved)
    async with serving(temporal, fakes, tmp_path) as api:
        page = api.site.artifacts.put(b"<script>alert(1)</script>", media_type="text/html", name="narrative.html")
        fakes.links = Links(narrative_html=page)
        workflow_id = await api.started(Phase.WAITING_FOR_PERSON)
        view = (await api.get(f"/api/pull-requests/{workflow_id[3:]}")).json()
        answer = await api.get(view["links"]["narrative_html"])
        assert answer.content == b"<script>alert(1)</script>"
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("sandbox;")
        assert "script-src" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        for missing in ("card.html", "bundle.tar.gz", "x"):
            assert (await api.get(f"/api/pull-requests/{workflow_id[3:]}/documents/{missing}")).status_code == 404


def cards_in(text: str) -> list[dict[str, object]]:
    """What the `card` events of a stream carry."""
    events = [block.split("\n") for block in text.split("\n\n") if block.startswith("event: card")]
    return [json.loads(next(line[6:] for line in lines if line.startswith("data: "))) for lines in events]


async def test_a_live_card_changes_when_somebody_else_acts_and_ends_with_the_pull_request(
    temporal: Client, tmp_path: Path
) -> None:
    async with serving(temporal, Fakes(decide_as=needs_person_until_approved), tmp_path) as api:
        workflow_id = await api.started(Phase.WAITING_FOR_PERSON)
        address = f"/api/pull-requests/{workflow_id[3:]}/events"
        readers = [asyncio.create_task(api.get(address)) for _ in range(3)]
        await asyncio.sleep(0.5)
        assert (await api.act("approve", workflow_id)).status_code == 200
        async with asyncio.timeout(30):
            answers: list[httpx.Response] = await asyncio.gather(*readers)
        for answer in answers:
            assert answer.headers["content-type"].startswith("text/event-stream")
            phases = [card["card"]["phase"] for card in cards_in(answer.text)]  # type: ignore[index]
            assert (phases[0], phases[-1]) == ("waiting_for_person", "done")
            assert answer.text.endswith("event: end\ndata: {}\n\n")
        assert api.site.live._watches == {}


async def test_a_live_card_ends_when_the_gateway_is_stopped(temporal: Client, tmp_path: Path) -> None:
    async with serving(temporal, Fakes(decide_as=needs_person_until_approved), tmp_path) as api:
        workflow_id = await api.started(Phase.WAITING_FOR_PERSON)
        reading = asyncio.create_task(api.get(f"/api/pull-requests/{workflow_id[3:]}/events"))
        await asyncio.sleep(0.5)
        assert (await api.http.get("/readyz")).status_code == 200
        api.site.stopping.set()
        async with asyncio.timeout(10):
            answer = await reading
        assert "event: end" not in answer.text
        assert (await api.http.get("/readyz")).status_code == 503


async def test_a_terminated_pull_request_ends_its_live_card(temporal: Client, tmp_path: Path) -> None:
    async with serving(temporal, Fakes(decide_as=needs_person_until_approved), tmp_path) as api:
        workflow_id = await api.started(Phase.WAITING_FOR_PERSON)
        reading = asyncio.create_task(api.get(f"/api/pull-requests/{workflow_id[3:]}/events"))
        await asyncio.sleep(0.5)
        await temporal.get_workflow_handle(workflow_id).terminate("by the test")
        async with asyncio.timeout(30):
            assert "event: end" in (await reading).text
        view = (await api.get(f"/api/pull-requests/{workflow_id[3:]}")).json()
        assert (view["running"], view["actions"]) == (False, [])


async def test_nobody_reads_without_being_known(temporal: Client, tmp_path: Path) -> None:
    async with serving(temporal, Fakes(), tmp_path) as api:
        for path in ("/api/pull-requests", "/api/me", "/api/regions", f"/api/pull-requests/acme/shop/7/{'f' * 40}"):
            answer = await api.http.get(path, headers={WHO: "?"})
            assert answer.status_code == 401
            problem(answer)


async def test_every_answer_has_the_headers_that_browsers_obey(temporal: Client, tmp_path: Path) -> None:
    async with serving(temporal, Fakes(), tmp_path) as api:
        for path in ("/healthz", "/metrics", "/openapi.json", "/nowhere", "/api/me", "/problems/refused"):
            headers = (await api.get(path)).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "same-origin"
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert "unsafe-inline" not in headers["content-security-policy"]
            assert headers["cross-origin-opener-policy"] == "same-origin-allow-popups"
            assert "server" not in headers


async def test_a_method_that_an_address_does_not_have_is_told_all_that_it_has(temporal: Client, tmp_path: Path) -> None:
    async with serving(temporal, Fakes(), tmp_path) as api:
        answer = await api.http.request("DELETE", "/api/pull-requests")
        assert answer.status_code == 405
        assert answer.headers["allow"] == "GET, POST"
        problem(answer)
