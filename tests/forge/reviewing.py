"""Reviewers at their browsers: a gateway that people log in to with a real Gitea, and the user script on its pages."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, FrameLocator, Page, expect

from gateway.login.doors import CALLBACK_PATH
from tests.forge.conducting import Conducting, conducting
from tests.forge.handle import Gitea
from workers.stack.ports import free_port

PANEL = "maestro-card-panel"
REVIEWER = "grace"
LOOKER = "ada"
AGENT = "robot"

LIVE = "Live: this card changes by itself."

PATIENCE_MS = 120_000.0
"""Only so that what never comes fails: the tests of a pull request run, on a machine that does more."""


@contextmanager
def reviewed(gitea: Gitea, folder: Path) -> Iterator[Conducting]:
    """A stack whose people log in with Gitea: ``grace`` is a reviewer, ``ada`` may look, ``robot`` is an agent."""
    gitea.user(AGENT)
    port = free_port(set())
    made = gitea.create_application("Maestro", f"http://127.0.0.1:{port}{CALLBACK_PATH}")
    folder.mkdir(exist_ok=True)
    secret = folder / "client-secret"
    secret.touch(mode=0o600)
    secret.write_text(made.client_secret, encoding="ascii")
    login = {"issuer": gitea.url, "client_id": made.client_id, "client_secret_file": str(secret)}
    roles = [
        {"role": "reviewer", "email": f"{REVIEWER}@forge.example"},
        {"role": "viewer", "email": f"{LOOKER}@forge.example"},
    ]
    with conducting(gitea, folder, gateway={"login": login, "roles": roles}, port=port) as there:
        yield there


def at_gitea(browser: Browser, gitea: Gitea, name: str, *, gateway: str, **look: Any) -> Page:
    """A window of somebody who has logged in at Gitea, and whose browser has the user script of the gateway."""
    context = browser.new_context(**look)
    context.set_default_timeout(PATIENCE_MS)
    context.add_init_script(user_script(gateway))
    page = context.new_page()
    page.goto(f"{gitea.url}/user/login")
    page.locator("[name=user_name]").fill(name)
    page.locator("[name=password]").fill(gitea.user(name).password)
    page.get_by_role("button", name="Sign In").click()
    page.wait_for_url(lambda address: "/user/login" not in address)
    return page


def user_script(gateway: str) -> str:
    """The gateway's user script as a manager runs it: in whole pages, once they are there."""
    answer = httpx.get(f"{gateway}/overlay.user.js", trust_env=False, timeout=30)
    assert answer.headers["content-type"].startswith("text/javascript"), answer.text[:200]
    return f"if (top === window) addEventListener('load', () => {{\n{answer.text}\n}});"


def framed(page: Page) -> FrameLocator:
    """The card within Gitea's page."""
    return page.frame_locator(f"{PANEL} iframe")


def enter_framed(page: Page) -> None:
    """Log in from the card on Gitea's page: in a window beside it, after which the card finds out by itself."""
    with page.expect_popup() as opening:
        framed(page).get_by_role("link", name="Log in").click()
    _let_in(opening.value)
    opening.value.close()


def enter(page: Page) -> None:
    """Log in from a page of the gateway, which comes back to it."""
    page.get_by_role("link", name="Log in").click()
    _let_in(page)


def _let_in(window: Page) -> None:
    """Answer Gitea, which asks each person once whether the gateway may know who they are."""
    question = window.get_by_role("button", name="Authorize Application")
    expect(question.or_(window.get_by_text(LIVE))).to_be_visible(timeout=PATIENCE_MS)
    if question.is_visible():
        question.click()
    expect(window.get_by_text(LIVE)).to_be_visible(timeout=PATIENCE_MS)
