"""A reviewer decides on the forge's own page, in a real browser at a real Gitea, and whoever else looks sees it live.

Without a Chromium these tests fail and say what to install.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Browser, Frame, FrameLocator, Locator, Page, expect

from tests.forge.conducting import CALC, Conducting
from tests.forge.handle import Gitea
from tests.forge.overlay.conftest import browser, violations
from tests.forge.repositories import commit
from tests.forge.reviewing import AGENT, LOOKER, PANEL, PATIENCE_MS, REVIEWER, at_gitea, enter, enter_framed, framed
from tests.forge.reviewing import reviewed as reviewed_stack
from workers.stack.ports import free_port

__all__ = ["browser", "violations"]

Axe = Callable[[Page | Frame], list[str]]
Asked = tuple[str, int, str]
"""Repository, number and head of a pull request."""

BETTER = CALC + "\n\ndef triple(x):\n    return 3 * x\n"
TITLE = "Triple <b>everything</b>"
SLOW = """import time

from texts import title


def test_title():
    time.sleep(5)
    assert title("a b") == "A B"
"""
"""A test that the change does not concern, and that runs long enough to be seen."""


@pytest.fixture(scope="module")
def there(gitea: Gitea, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Conducting]:
    with reviewed_stack(gitea, tmp_path_factory.mktemp("stack") / "files") as running:
        yield running


@pytest.fixture
def reviewer(browser: Browser, there: Conducting) -> Iterator[Page]:
    page = at_gitea(browser, there.gitea, REVIEWER, gateway=there.address)
    yield page
    page.context.close()


@pytest.fixture
def looker(browser: Browser, there: Conducting) -> Iterator[Page]:
    page = at_gitea(browser, there.gitea, LOOKER, gateway=there.address)
    yield page
    page.context.close()


@pytest.fixture(scope="module")
def waiting(there: Conducting, tmp_path_factory: pytest.TempPathFactory) -> Asked:
    return asked_by_an_agent(there, tmp_path_factory.mktemp("repository") / "work", "waiting")


def asked_by_an_agent(there: Conducting, folder: Path, name: str) -> Asked:
    """A pull request that concerns one of two tests, and waits for a person."""
    repo = there.repository(folder, name)
    commit(folder, "texts.py", "def title(text):\n    return text.title()\n")
    commit(folder, "tests/test_texts.py", SLOW)
    there.gitea.push(repo, folder, "main:main")
    there.gitea.call("PUT", f"repos/{repo}/collaborators/{AGENT}", {"permission": "write"})
    head = there.branch(repo, folder, BETTER)
    return repo, there.gitea.create_pull(repo, head="feature", title=TITLE, user=AGENT), head


def pull_page(there: Conducting, asked: Asked) -> str:
    return f"{there.gitea.url}/{asked[0]}/pulls/{asked[1]}"


def card_page(there: Conducting, asked: Asked) -> str:
    return f"{there.address}/pull-requests/{asked[0]}/{asked[1]}"


def shows(card: Page | FrameLocator, verdict: str) -> None:
    """The card comes to this verdict by itself."""
    expect(card.get_by_role("heading", level=1, name=verdict, exact=True)).to_be_visible(timeout=PATIENCE_MS)


def says(card: Page | FrameLocator, words: str) -> None:
    """The card says this of its connection."""
    expect(card.get_by_role("status").filter(has_text=words).first).to_be_visible(timeout=PATIENCE_MS)


def act(card: Page | FrameLocator, action: str, *, reason: str) -> None:
    """Press the button, say why, and confirm."""
    card.get_by_role("button", name=action).click()
    dialog = card.get_by_role("dialog", name=action)
    dialog.get_by_label("Reason").fill(reason)
    dialog.get_by_role("button", name=action).click()
    expect(dialog).to_have_count(0, timeout=PATIENCE_MS)


def test_a_reviewer_decides_on_the_forges_page_and_another_browser_sees_it_live(
    there: Conducting, reviewer: Page, looker: Page, tmp_path: Path, violations: Axe
) -> None:
    asked = asked_by_an_agent(there, tmp_path / "work", "decided")
    repo, number, head = asked
    reviewer.goto(pull_page(there, asked))
    enter_framed(reviewer)
    card = framed(reviewer)
    shows(card, "Needs a person")
    expect(card.get_by_role("banner")).to_contain_text(TITLE)
    expect(card.get_by_role("region", name="Why this needs a person")).to_contain_text("An agent wrote it")
    assert violations(next(frame for frame in reviewer.frames if frame.url.startswith(there.address))) == []

    looker.goto(card_page(there, asked))
    enter(looker)
    shows(looker, "Needs a person")
    expect(looker.get_by_role("button", name="Approve")).to_be_disabled()
    loaded: list[str] = []
    looker.on("load", lambda page: loaded.append(page.url))

    act(card, "Run all tests", reason="The rest should see it too.")
    why = looker.get_by_role("region", name="Why this needs a person")
    expect(why).to_contain_text("Running tests.", timeout=PATIENCE_MS)
    expect(looker.get_by_role("region", name="Tests")).to_contain_text("2 passed", timeout=PATIENCE_MS)
    expect(why).not_to_contain_text("Running tests.", timeout=PATIENCE_MS)
    entry = timeline(looker).filter(has_text="escalate tests")
    expect(entry).to_contain_text(f"{REVIEWER}@forge.example")
    expect(entry).to_contain_text("The rest should see it too.")

    act(card, "Approve", reason="Three times is what was asked for.")
    for page in (card, looker):
        shows(page, "Ready to merge")
        says(page, "Done")
        expect(timeline(page).filter(has_text="approve")).to_contain_text("Three times is what was asked for.")
    assert loaded == []

    assert there.gitea.pull(repo, number)["merged"]
    assert there.gitea.tip(repo) == head
    [comment] = there.gitea.comments(repo, number)
    assert comment["user"]["login"] == "maestro"
    assert there.gitea.status(repo, head)["maestro"]["status"] == "success"
    reviewer.reload()
    expect(reviewer.get_by_text("Merged", exact=True).first).to_be_visible()
    shows(card, "Ready to merge")


def test_cards_that_are_open_while_the_gateway_is_killed_come_back_by_themselves(
    there: Conducting, reviewer: Page, looker: Page, waiting: Asked
) -> None:
    reviewer.goto(pull_page(there, waiting))
    enter_framed(reviewer)
    looker.goto(card_page(there, waiting))
    enter(looker)
    cards = (framed(reviewer), looker)
    for card in cards:
        shows(card, "Needs a person")
        says(card, "Live")
    there.stack.processes()["gateway"].kill()
    for card in cards:
        says(card, "Reconnecting")
        shows(card, "Needs a person")
    for card in cards:
        says(card, "Live")
    act(framed(reviewer), "Report an incident", reason="Who asked for this?")
    expect(timeline(looker).filter(has_text="incident")).to_contain_text(REVIEWER, timeout=PATIENCE_MS)


def test_where_the_gateway_lets_nobody_frame_it_the_card_opens_beside_the_forges_page(
    there: Conducting, browser: Browser, waiting: Asked, tmp_path: Path
) -> None:
    with another_gateway(there, tmp_path, frame_ancestors=[], login=None) as address:
        page = at_gitea(browser, there.gitea, REVIEWER, gateway=address)
        page.goto(pull_page(there, waiting))
        expect(page.get_by_text("The card cannot be shown within this page")).to_be_visible(timeout=PATIENCE_MS)
        expect(page.locator(f"{PANEL} iframe")).to_be_hidden()
        with page.expect_popup() as opening:
            page.get_by_role("button", name="Open in a window").click()
        shows(opening.value, "Needs a person")
        says(opening.value, "Live")
        page.context.close()


def timeline(card: Page | FrameLocator) -> Locator:
    """What has happened, entry by entry."""
    return card.get_by_role("region", name="Timeline").get_by_role("listitem")


@contextmanager
def another_gateway(there: Conducting, folder: Path, **said: object) -> Iterator[str]:
    """One beside that of the stack, which is configured otherwise; its address."""
    topology = yaml.safe_load(Path(there.stack.variables["MAESTRO_TOPOLOGY"]).read_text())
    topology["gateway"] |= said
    (folder / "topology.yaml").write_text(yaml.safe_dump(topology))
    port, ready, state = free_port(set()), folder / "ready", there.stack.state()
    told = {
        "MAESTRO_TOPOLOGY": str(folder / "topology.yaml"),
        "MAESTRO_GATEWAY_PORT": str(port),
        # As of a server elsewhere: else it would go by the topology of the stack.
        "TEMPORAL_ADDRESS": state.address,
        "TEMPORAL_NAMESPACE": state.namespace,
    }
    command = [sys.executable, "-P", "-m", "gateway.web.serve", "--ready-file", str(ready)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=there.stack.environment | told, stdout=log, stderr=subprocess.STDOUT)
    try:
        there.until(lambda: ready.exists() or process.poll() is not None, of="another gateway")
        assert process.poll() is None, (folder / "log").read_text(errors="replace")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=60)
