"""Makes the pictures of the card at a forge: ``python -m docs.gateway_screenshots``, with Chromium and a built Gitea.

A real Gitea asks a stack of its own to conduct the sample pull request, which an agent has opened. A reviewer logs in,
looks at it there and on the gateway's own page, and approves.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

from docs.sample import make
from docs.screenshots import find_browser, opened, save
from maestro.errors import MaestroError
from tests.forge import server
from tests.forge.build import NotHereError
from tests.forge.conducting import FORGE, Conducting
from tests.forge.reviewing import AGENT, LIVE, PATIENCE_MS, REVIEWER, at_gitea, enter, enter_framed, framed, reviewed

REPOSITORY = "shop"
TITLE = "Refuse discounts that cannot be"
ABOVE_TITLE = 12

AT_GITEA = {"viewport": {"width": 1280, "height": 945}}
LOOKS: dict[str, dict[str, Any]] = {
    "gateway-card.png": {"viewport": {"width": 1280, "height": 930}},
    "gateway-phone.png": {"viewport": {"width": 390, "height": 844}, "reduced_motion": "reduce"},
    "gateway-dark.png": {"viewport": {"width": 1280, "height": 890}, "color_scheme": "dark"},
}

PLAIN = ".tw-hidden { display: none } main, [role=main] { font-family: system-ui, sans-serif }"
"""The Gitea of the tests is built without its style, which would hide what is not to be seen yet."""


def main() -> int:
    try:
        browser_path = find_browser()
        with (
            tempfile.TemporaryDirectory(prefix="maestro-pictures-") as folder,
            server.running() as gitea,
            reviewed(gitea, Path(folder) / "files") as there,
            opened(browser_path) as browser,
        ):
            photograph(browser, there, ask(there, Path(folder) / REPOSITORY))
    except (MaestroError, NotHereError) as error:
        sys.stderr.write(f"screenshots: {error}\n")
        return error.exit_code if isinstance(error, MaestroError) else 3
    return 0


def ask(there: Conducting, folder: Path) -> str:
    """Open the sample's pull request as an agent; where it is below Gitea's and the gateway's address."""
    make(folder)
    repo = there.gitea.create_repository(REPOSITORY, folder)
    there.gitea.add_webhook(repo, f"{there.address}/webhooks/{FORGE}", there.secret)
    there.gitea.call("PUT", f"repos/{repo}/collaborators/{AGENT}", {"permission": "write"})
    number = there.gitea.create_pull(repo, head="discounts", title=TITLE, user=AGENT)
    return f"{repo}/{number}"


def photograph(browser: Browser, there: Conducting, address: str) -> None:
    """All four, the last one when the reviewer has approved."""
    repo, _, number = address.rpartition("/")
    page = at_gitea(browser, there.gitea, REVIEWER, gateway=there.address, **AT_GITEA)
    page.goto(f"{there.gitea.url}/{repo}/pulls/{number}")
    page.add_style_tag(content=PLAIN)
    enter_framed(page)
    expect(framed(page).get_by_role("heading", level=1, name="Needs a person")).to_be_visible(timeout=PATIENCE_MS)
    _save_below_title(page, "gateway-on-gitea.png")
    for name, look in LOOKS.items():
        own = at_gitea(browser, there.gitea, REVIEWER, gateway=there.address, **look)
        own.goto(f"{there.address}/pull-requests/{address}")
        enter(own)
        if name == "gateway-phone.png":
            own.get_by_role("link", name="What you can do now").click()
        if name == "gateway-dark.png":
            _approve(own)
        save(own, name)


def _approve(page: Page) -> None:
    page.get_by_role("button", name="Approve").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("The refusal is what we want.")
    dialog.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Done: this card will not change any more.")).to_be_visible(timeout=PATIENCE_MS)


def _save_below_title(page: Page, name: str) -> None:
    """What stands from the pull request's title on."""
    title = page.locator(".issue-title-header")
    expect(framed(page).get_by_text(LIVE)).to_be_visible()
    title.evaluate("(title, above) => scrollTo(0, title.getBoundingClientRect().top + scrollY - above)", ABOVE_TITLE)
    save(page, name)


if __name__ == "__main__":
    sys.exit(main())
