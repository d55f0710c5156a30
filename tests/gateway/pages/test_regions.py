"""The pages of regions: health with its reasons, cost with its source, what runs there, whom policy lets in."""

from typing import Any

import pytest

from gateway.pages import region_facts
from maestro.errors import PlatformUnavailable
from maestro.model.region import RegionHealth
from maestro.regions.burn import Condition, RegionState
from tests.gateway.pages.stage import NORA, STARTED, Stage, found, healthy

NORTH = "/regions/eu-north"


def measured(monkeypatch: pytest.MonkeyPatch, *healths: RegionHealth, error: Exception | None = None) -> None:
    async def answer(*_given: object) -> tuple[RegionHealth, ...]:
        if error:
            raise error
        return healths

    monkeypatch.setattr(region_facts, "measured", answer)


def judged(stage: Stage, condition: Condition, *, ago_seconds: float = 0.0, **changes: Any) -> None:
    now = stage.past.ledger.now().timestamp() - ago_seconds
    state = RegionState(region="eu-north", condition=condition, since=now - 300, at=now, **changes)
    stage.past.ledger.region_states.put("eu-north", state.model_dump(mode="json"))


async def test_every_region_is_shown_with_its_health_price_and_carbon(stage: Stage) -> None:
    page = await stage.page("/regions")
    assert [link["href"] for link in page.all("a") if link["href"].startswith("/regions/")] == [
        "/regions/eu-north",
        "/regions/eu-west",
    ]
    assert page.text.count("healthy") == 2
    assert "39.32 g CO2e/kWh" in page.text


async def test_a_region_that_is_not_healthy_says_why(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    why = "no worker gave a sign of life"
    sick = healthy("eu-north", healthy=False, reasons=(why,), workers=0, heartbeat_age_seconds=None)
    measured(monkeypatch, sick, healthy("eu-west"))
    for path in ("/regions", NORTH):
        page = await stage.page(path)
        assert page.all("span", class_="tone-red")[0].text == "not healthy"
        assert why in page.text
    assert "none limit 30 s" in page.text


async def test_a_region_that_burns_its_budget_is_not_called_healthy(stage: Stage) -> None:
    judged(stage, Condition.RECOVERING, reasons=("it has not burned for 10 s (5 min are wanted)",))
    page = await stage.page(NORTH)
    assert page.all("span", class_="chip")[0].text == "recovering"
    assert "it has not burned for 10 s" in page.text


async def test_a_state_that_nobody_renews_says_nothing_about_now(stage: Stage) -> None:
    judged(stage, Condition.BURNING, ago_seconds=3_600, reasons=("the canary fails",))
    page = await stage.page(NORTH)
    assert page.all("span", class_="chip")[0].text == "healthy"
    assert "No controller has renewed that lately" in page.text


async def test_what_cannot_be_measured_is_said_and_not_guessed(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    measured(monkeypatch, error=PlatformUnavailable("Temporal refused"))
    stage.desk.error = PlatformUnavailable("Temporal refused")
    page = await stage.page(NORTH)
    assert page.all("span", class_="chip")[0].text == "not measured"
    assert "Nothing could be measured: Temporal refused." in page.text
    assert "Temporal cannot be asked now." in page.text


async def test_carbon_is_shown_with_where_the_figure_is_from(stage: Stage) -> None:
    assert "Google Cloud region carbon data 2024" in (await stage.page(NORTH)).text


async def test_what_runs_there_now_is_listed_for_those_who_may_see_it(stage: Stage) -> None:
    stage.desk.listed = [found(1, tenant="nordic"), found(2, tenant="default")]
    stage.door.caller = NORA
    page = await stage.page(NORTH)
    assert "acme/shop #1" in page.text
    assert "acme/shop #2" not in page.text
    [asked] = stage.desk.asked
    assert (asked.region, asked.running, asked.tenants) == ("eu-north", True, frozenset({"nordic"}))


async def test_policy_is_asked_for_each_tenant_that_may_be_seen(stage: Stage) -> None:
    page = await stage.page("/regions/eu-west")
    duties = [item.text for item in page.all("li") if item.text.startswith(("allowed", "refused"))]
    assert [duty.split()[:2] for duty in duties] == [["allowed", "default"], ["refused", "nordic"]]
    assert "by the rule finland-only" in duties[1]
    stage.door.caller = NORA
    assert "refused default" not in (await stage.page("/regions/eu-west")).text


async def test_those_who_ask_together_wait_for_one_measurement(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    async def answer(*_given: object) -> tuple[RegionHealth, ...]:
        asked.append(1)
        return (healthy("eu-north"), healthy("eu-west"))

    monkeypatch.setattr(region_facts, "measured", answer)
    await stage.page("/regions")
    await stage.page(NORTH)
    assert len(asked) == 1


async def test_the_moment_of_the_measurement_is_shown(stage: Stage) -> None:
    assert (await stage.page(NORTH)).all("time")[0]["datetime"] == STARTED.isoformat()
