"""The overlay within a forge's pages: framed by whom the gateway allows, by the user script, and beside where not."""

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from playwright.sync_api import Frame, Page, expect

from gateway.overlay.script import bookmark, user_script
from maestro.config.gateway import ForgeConfig, GatewayConfig
from tests.forge.overlay.conftest import Opener
from tests.gateway.overlay.stage import Running, Stage, app_of

Axe = Callable[[Page | Frame], list[str]]
PULL = "/shop/checkout/pulls/1482"


class Forge:
    """Pages like a forge's. ``policy`` is their Content-Security-Policy."""

    def __init__(self) -> None:
        self.policy = ""
        app = FastAPI(openapi_url=None)

        @app.get("/{path:path}")
        async def page(path: str) -> HTMLResponse:
            headers = {"Content-Security-Policy": self.policy} if self.policy else {}
            return HTMLResponse(
                f"<!doctype html><html lang=en><title>{path}</title><main><h1>Forge</h1>"
                f"<div class=issue-title-header>Title</div><p>{'Text. ' * 2000}</p></main>",
                headers=headers,
            )

        self.running = Running(app)
        self.running.start()
        self.config = ForgeConfig(
            kind="gitea",
            name="git",
            url=self.running.url,
            clone_url=self.running.url,
            token_file=Path("/run/token"),
            webhook_secret_file=Path("/run/secret"),
        )


@pytest.fixture
def forge() -> Iterator[Forge]:
    forge = Forge()
    yield forge
    forge.running.kill()


@pytest.fixture
def ways(stage: Stage, gateway: Running, forge: Forge) -> GatewayConfig:
    """A gateway that the forge's pages may frame."""
    config = GatewayConfig(public_url=gateway.url, frame_ancestors=(forge.running.url,))
    gateway.kill()
    gateway.serve(app_of(stage, config, (forge.config,)))
    gateway.start()
    return config


def with_script(page: Page, ways: GatewayConfig, forge: Forge, address: str = PULL) -> None:
    page.context.add_init_script(
        "document.addEventListener('DOMContentLoaded', () => {" + user_script(ways, (forge.config,)) + "});"
    )
    page.goto(forge.running.url + address)


def test_the_card_stands_on_the_forges_page_live_and_as_high_as_it_needs(
    stage: Stage, ways: GatewayConfig, forge: Forge, open_page: Opener, violations: Axe
) -> None:
    page = open_page()
    with_script(page, ways, forge)
    frame = page.frame_locator("maestro-card-panel iframe")
    expect(frame.locator("h1")).to_have_text("Needs a person")
    element = page.locator("maestro-card-panel iframe")
    expect(element).to_be_visible()
    assert element.get_attribute("title") == "Decision Card of shop/checkout 1482"
    assert "allow-top-navigation" not in (element.get_attribute("sandbox") or "")
    assert 320 <= int(element.get_attribute("height") or 0) <= page.evaluate("innerHeight")
    assert (
        page.evaluate("document.querySelector('.issue-title-header').nextElementSibling.localName")
        == "maestro-card-panel"
    )
    stage.change(why="It changed.")
    expect(frame.locator(".lead")).to_have_text("It changed.")
    frame.get_by_role("button", name="Approve").click()
    frame.get_by_role("dialog").get_by_role("button", name="Approve").click()
    expect(frame.locator("#result")).to_contain_text("approve was done")
    assert {one["source"] for one in stage.beacons} >= {"script"}
    assert violations(page) == []
    assert violations(page.frames[1]) == []


def test_the_panel_can_be_hidden_and_remembers_it(ways: GatewayConfig, forge: Forge, open_page: Opener) -> None:
    page = open_page()
    with_script(page, ways, forge)
    expect(page.locator("maestro-card-panel iframe")).to_be_visible()
    page.get_by_role("button", name="Hide").click()
    expect(page.locator("maestro-card-panel iframe")).to_be_hidden()
    page.reload()
    expect(page.get_by_role("button", name="Show")).to_have_attribute("aria-expanded", "false")
    assert len(page.frames) == 2
    assert page.frames[1].url in {"", "about:blank"}
    page.get_by_role("button", name="Show").click()
    expect(page.frame_locator("maestro-card-panel iframe").locator("h1")).to_have_text("Needs a person")


def test_it_follows_the_forges_own_navigation(ways: GatewayConfig, forge: Forge, open_page: Opener) -> None:
    page = open_page()
    with_script(page, ways, forge, "/shop/checkout/pulls")
    assert page.locator("maestro-card-panel").count() == 0
    page.evaluate("address => history.pushState({}, '', address)", f"{PULL}/files")
    expect(page.locator("maestro-card-panel iframe")).to_have_attribute("title", "Decision Card of shop/checkout 1482")
    page.evaluate("document.body.innerHTML = '<main>Other</main>'; window.dispatchEvent(new Event('turbo:load'))")
    expect(page.locator("maestro-card-panel[docked]")).to_have_count(1)
    page.evaluate("history.pushState({}, '', '/shop/checkout/pull/7')")
    expect(page.locator("maestro-card-panel iframe")).to_have_attribute("title", "Decision Card of shop/checkout 7")
    page.evaluate("history.pushState({}, '', '/shop/checkout')")
    expect(page.locator("maestro-card-panel")).to_have_count(0)


@pytest.mark.parametrize("reason", ["the page's policy", "the gateway's policy"])
def test_where_no_frame_is_allowed_a_window_opens_beside(
    stage: Stage, gateway: Running, ways: GatewayConfig, forge: Forge, open_page: Opener, reason: str
) -> None:
    page = open_page("about:blank")
    page.context.set_default_timeout(15_000)
    if reason == "the page's policy":
        forge.policy = "frame-src 'none'"
    else:
        gateway.kill()
        gateway.serve(app_of(stage, GatewayConfig(), (forge.config,)))
        gateway.start()
    page = page.context.new_page()
    with_script(page, ways, forge)
    expect(page.get_by_text("The card cannot be shown within this page")).to_be_visible(timeout=15_000)
    expect(page.locator("maestro-card-panel iframe")).to_be_hidden()
    with page.expect_popup() as opening:
        page.get_by_role("button", name="Open in a window").click()
    popup = opening.value
    expect(popup.locator("h1")).to_have_text("Needs a person")
    assert popup.evaluate("window.opener") is None


def test_a_message_from_anybody_but_the_card_changes_nothing(
    ways: GatewayConfig, forge: Forge, open_page: Opener
) -> None:
    page = open_page()
    with_script(page, ways, forge)
    element = page.locator("maestro-card-panel iframe")
    expect(element).to_be_visible()
    expect(page.frame_locator("maestro-card-panel iframe").locator("h1")).to_have_text("Needs a person")
    page.wait_for_timeout(300)
    before = element.get_attribute("height")
    page.evaluate("window.postMessage({maestro: 'size', height: 161}, '*')")
    page.evaluate(
        """origin => window.dispatchEvent(new MessageEvent('message',
            {data: {maestro: 'size', height: 161}, origin, source: window}))""",
        ways.address,
    )
    page.wait_for_timeout(100)
    assert element.get_attribute("height") == before


def test_the_card_tells_its_height_to_the_site_that_the_address_names_only(
    ways: GatewayConfig, forge: Forge, open_page: Opener
) -> None:
    page = open_page()
    page.goto(f"{forge.running.url}/any")
    heard = """address => new Promise((answer) => {
        const heard = [];
        addEventListener('message', (event) => heard.push(event.data));
        const frame = document.createElement('iframe');
        frame.src = address;
        frame.onload = () => setTimeout(() => answer(heard), 700);
        document.body.append(frame);
    })"""
    address = f"{ways.address}/overlay?repo=shop/checkout&pr=1482"
    assert page.evaluate(heard, address) == []
    assert len(page.evaluate(heard, f"{address}&from={forge.running.url}")) >= 1


def test_within_a_frame_the_login_opens_in_a_window(
    stage: Stage, ways: GatewayConfig, forge: Forge, open_page: Opener
) -> None:
    stage.logged_in = False
    page = open_page()
    with_script(page, ways, forge)
    frame = page.frame_locator("maestro-card-panel iframe")
    expect(frame.get_by_role("link", name="Log in")).to_have_attribute("target", "_blank")
    expect(frame.get_by_role("link", name="Open in a window of its own")).to_be_visible()
    with page.expect_popup() as opening:
        frame.get_by_role("link", name="Log in").click()
    assert "/login?next=%2Foverlay" in opening.value.url
    stage.logged_in = True
    expect(frame.locator("h1")).to_have_text("Needs a person")


def test_a_site_that_is_not_named_cannot_frame_the_card(forge: Forge, gateway: Running, open_page: Opener) -> None:
    page = open_page("about:blank")
    page = page.context.new_page()
    page.goto(f"{forge.running.url}/any")
    page.evaluate("address => { const f = document.createElement('iframe'); f.src = address; document.body.append(f) }",
                  f"{gateway.url}/overlay?repo=shop/checkout&pr=1482")  # fmt: skip
    page.wait_for_timeout(1_000)
    assert page.frames[1].url.startswith("chrome-error:")


def test_the_bookmark_does_the_same_and_hides_when_chosen_again(
    ways: GatewayConfig, forge: Forge, open_page: Opener, gateway: Running
) -> None:
    page = open_page("/bookmarklet")
    code = page.get_by_role("link", name="Decision Card").get_attribute("href") or ""
    assert code == bookmark(ways, (forge.config,))
    page.goto(forge.running.url + PULL)
    page.evaluate(unquote(code.removeprefix("javascript:")))
    expect(page.frame_locator("maestro-card-panel iframe").locator("h1")).to_have_text("Needs a person")
    page.evaluate(unquote(code.removeprefix("javascript:")))
    expect(page.locator("maestro-card-panel")).to_have_count(1)
    expect(page.get_by_role("button", name="Show")).to_be_visible()


def test_the_page_of_the_bookmark_is_for_everybody(ways: GatewayConfig, open_page: Opener, violations: Axe) -> None:
    page = open_page("/bookmarklet", viewport={"width": 320, "height": 640})
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == 320
