"""A stage and a browser that looks at it. Without a Chromium these tests fail and say what to install."""

from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Frame, Page

from docs.screenshots import find_browser, opened
from maestro.config.gateway import GatewayConfig
from maestro.errors import MaestroError
from tests.gateway.overlay.stage import Running, Stage, app_of

CARD = "/pull-requests/shop/checkout/1482"

Opener = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    try:
        program = find_browser()
    except MaestroError as error:
        pytest.fail(str(error), pytrace=False)
    # Not for the session: while it is open the driver's loop runs in this thread, and no other test's could.
    with opened(program) as running:
        yield running


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def gateway(stage: Stage) -> Iterator[Running]:
    running = Running(app_of(stage, GatewayConfig()))
    running.start()
    yield running
    running.kill()


@pytest.fixture
def open_page(browser: Browser, gateway: Running) -> Iterator[Opener]:
    """Opens an address of the gateway in a window of its own. A script's error or a broken policy fails the test."""
    contexts: list[BrowserContext] = []
    broken: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            broken.append(message.text)

    def show(address: str = CARD, **options: Any) -> Page:
        context = browser.new_context(**options)
        contexts.append(context)
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.on("console", heard)
        page.on("pageerror", lambda error: broken.append(str(error)))
        page.goto(address if ":" in address.partition("/")[0] else gateway.url + address)
        return page

    yield show
    for context in contexts:
        context.close()
    assert broken == []


@pytest.fixture
def violations(browser: Browser) -> Callable[[Page | Frame], list[str]]:
    """What axe objects to on a page or within a frame, by its rules for WCAG 2.2 AA and its best practices."""
    script = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")

    def found(page: Page | Frame) -> list[str]:
        page.evaluate(script)
        tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
        result = page.evaluate("tags => axe.run(document, {runOnly: tags, resultTypes: ['violations']})", tags)
        return [
            f"{one['id']}: {node['html']} {node['failureSummary']}"
            for one in result["violations"]
            for node in one["nodes"]
        ]

    return found
