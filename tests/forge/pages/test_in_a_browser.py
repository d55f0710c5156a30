"""The pages in Chromium: nothing for axe to object to, nothing beside a small screen, nothing that needs a script."""

from collections.abc import Callable
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from tests.gateway.overlay.stage import Running
from tests.gateway.pages.stage import Stage

PAGES = ("/", "/?phase=nonsense", "/regions", "/regions/eu-north", "/figures", "/regions/nowhere")


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320])
def test_axe_has_nothing_to_object_to_and_nothing_stands_beside_the_screen(
    browser: Browser,
    gateway: Running,
    violations: Callable[[Page], list[str]],
    path: str,
    scheme: Literal["light", "dark"],
    width: int,
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    refused: list[str] = []
    page.on("console", lambda said: refused.append(said.text) if "Content Security Policy" in said.text else None)
    page.goto(gateway.url + path)
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert refused == []
    context.close()


def test_the_list_is_filtered_and_paged_without_any_script(browser: Browser, gateway: Running, stage: Stage) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(gateway.url)
    page.get_by_label("Decision").select_option("green")
    page.get_by_role("button", name="Filter").click()
    page.get_by_role("link", name="Older").click()
    assert "decision=green" in page.url
    assert "cursor=more" in page.url
    assert [asked.decision for asked in stage.desk.asked] == ["", "green", "green"]
    context.close()


def test_who_uses_the_keyboard_comes_to_the_content_first(browser: Browser, gateway: Running) -> None:
    page = browser.new_page()
    page.goto(f"{gateway.url}/regions")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.close()
