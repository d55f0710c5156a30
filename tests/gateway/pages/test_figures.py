"""The page and the API of figures: every number with its source, every drawing with its table."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from maestro.errors import PlatformUnavailable
from tests.gateway.pages.stage import NORA, Stage, staged
from tests.value.past import Past, plan, pull_request


def tiles(page: Any) -> dict[str, str]:
    names = [one.text for one in page.all("dt")]
    return dict(zip(names, (one.text for one in page.all("dd", class_="value")), strict=True))


def conducted(past: Past) -> None:
    for number, outcome in ((1, "green"), (2, "needs_person"), (3, "blocked")):
        found = pull_request(number)
        past.decided(found, outcome, ago=timedelta(days=number))
        past.sealed(found, planned=plan(), ago=timedelta(days=number))
    past.acted(pull_request(2), "a-1", "approve")


async def test_figures_are_shown_with_the_rows_that_they_come_from(stage: Stage) -> None:
    conducted(stage.past)
    page = await stage.page("/figures")
    shown = tiles(page)
    assert shown["Pull requests"] == "3"
    assert shown["Test time left out"] == "15 min"
    assert "3 of 3 heads with a sealed plan" in page.text
    assert "0 of 1 actions came with a visit" in page.text


async def test_what_nobody_recorded_is_not_known_and_not_nought(stage: Stage) -> None:
    page = await stage.page("/figures")
    shown = tiles(page)
    assert shown["Time to verdict"] == shown["Risk kept"] == shown["Cards open in all"] == "not known"
    assert shown["Failovers"] == "none recorded"
    assert page.all("svg", role="img") == []
    assert page.text.count("Nothing is known for this time.") == 5


async def test_every_drawing_has_a_name_a_description_and_a_table_with_its_numbers(stage: Stage) -> None:
    conducted(stage.past)
    page = await stage.page("/figures")
    drawings = page.all("svg", role="img")
    assert len(drawings) == len(page.all("table")) == 6
    names = {one["id"]: one.text for one in page.elements if one.tag in {"title", "desc"} and "id" in one.attributes}
    for drawing in drawings:
        assert all(names[name] for name in drawing["aria-labelledby"].split())
    verdicts = page.all("table")[0]
    assert verdicts.text.startswith("Verdicts Day (UTC)")
    assert page.all("rect", class_="bar")


async def test_the_time_the_repository_and_the_tenant_can_be_chosen(stage: Stage) -> None:
    conducted(stage.past)
    assert tiles(await stage.page("/figures?since=24h"))["Pull requests"] == "none recorded"
    assert tiles(await stage.page("/figures?since=30d&repo=acme/other"))["Pull requests"] == "none recorded"
    assert tiles(await stage.page("/figures?tenant=nordic"))["Pull requests"] == "none recorded"
    assert tiles(await stage.page("/figures?since=2w"))["Pull requests"] == "3"


async def test_a_time_that_there_is_not_is_said_at_the_form(stage: Stage) -> None:
    page = await stage.page("/figures?since=soon", 422)
    assert page.one("div", role="alert").text.startswith("since: 'soon' is no time that figures can be of.")
    assert (await stage.get("/api/figures?since=soon")).status_code == 422


async def test_nobody_sees_figures_of_a_tenant_that_they_may_not_read(stage: Stage) -> None:
    conducted(stage.past)
    stage.door.caller = NORA
    assert tiles(await stage.page("/figures"))["Pull requests"] == "none recorded"
    assert tiles(await stage.page("/figures?tenant=default"))["Pull requests"] == "none recorded"
    answer = (await stage.get("/api/figures")).json()
    assert (answer["figures"]["conducted"]["heads"], answer["figures"]["tenants"]) == (0, ["nordic"])


async def test_where_usage_is_off_the_page_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with staged(tmp_path, monkeypatch, usage_counted=False) as stage:
        page = await stage.page("/figures")
        assert tiles(page)["Cards open in all"] == "not counted here"
        assert "gateway.usage is off" in page.text
        assert (await stage.get("/api/figures")).json()["usage_counted"] is False


async def test_the_api_answers_with_the_same_figures(stage: Stage) -> None:
    conducted(stage.past)
    figures = (await stage.get("/api/figures?since=30d")).json()["figures"]
    assert figures["conducted"]["by_outcome"] == {"green": 3}
    assert figures["needed_person"] == {"share": pytest.approx(1 / 3), "needed": 1, "rows": 3}
    assert figures["tests"]["rows"] == 3


async def test_an_answer_that_failed_is_not_kept(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_given: object, **_named: object) -> None:
        raise PlatformUnavailable("the ledger is away")

    with monkeypatch.context() as patched:
        patched.setattr("gateway.value.read", fail)
        assert "the ledger is away" in (await stage.page("/figures", 503)).text
    await stage.page("/figures")
