"""Makes the pictures of the README: ``make screenshots``.

A stack of its own on free ports conducts the sample pull request; its Decision Card and its page in Temporal's UI are
then opened in Chromium, as a person would see them.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from docs.sample import make
from maestro.errors import BadInput, MaestroError, PlatformUnavailable
from tests.localstack import LocalStack

IMAGES = Path(__file__).with_name("images")

VARIABLE = "MAESTRO_CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome")

QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run")
"""A browser that only opens what it is told to."""

AUTHOR = "Refactoring agent <agent@example.org>"

LIMIT_BYTES = 300_000
"""Everybody who clones the repository carries the pictures with it."""


def main() -> int:
    try:
        browser_path = find_browser()
        with tempfile.TemporaryDirectory(prefix="maestro-pictures-") as folder:
            take(Path(folder), browser_path)
    except MaestroError as error:
        sys.stderr.write(f"screenshots: {error}\n")
        return error.exit_code
    return 0


def find_browser() -> str:
    """The program named by ``MAESTRO_CHROMIUM``, else the first Chromium on the search path."""
    named = os.environ.get(VARIABLE, "")
    if named and not os.access(named, os.X_OK):
        raise BadInput(f"{named!r} is no program", field=VARIABLE, fix="name the file of a Chromium, or unset it")
    found = named or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        raise PlatformUnavailable(
            f"none of {', '.join(NAMES)} is on the search path",
            field=VARIABLE,
            fix=f"install Chromium (Debian: apt-get install chromium), or name the program in {VARIABLE}",
        )
    return found


def take(folder: Path, browser_path: str) -> None:
    """Conduct the sample twice, so that the second time knows how long its tests take, and take both pictures."""
    repository, stack = folder / "shop", LocalStack(folder / "home")
    make(repository)
    stack.up()
    try:
        _conduct(stack, repository, "--head", "main", "--base", "main^")
        _conduct(stack, repository, "--head", "discounts", "--pr", "42", "--agent", "--author", AUTHOR)
        [card] = (stack.home / "cards").glob("shop-42-*.html")
        workflow = f"{stack.state().ui}/namespaces/{stack.state().namespace}/workflows"
        with opened(browser_path) as browser:
            photograph_card(browser, card.as_uri())
            photograph_workflow(browser, workflow)
    finally:
        stack.maestro("down")


@contextmanager
def opened(browser_path: str) -> Iterator[Browser]:
    flags = [*QUIET, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=flags)
        try:
            yield browser
        finally:
            browser.close()


def photograph_card(browser: Browser, address: str) -> None:
    page = browser.new_page(viewport={"width": 1000, "height": 1180})
    page.goto(address)
    save(page, "card.png")


def photograph_workflow(browser: Browser, workflows: str) -> None:
    """The page of the newest workflow, by the way that a person goes: from the list."""
    page = browser.new_page(viewport={"width": 1360, "height": 1120})
    page.goto(workflows)
    page.locator("a[href*='/workflows/pr']", has_text="shop/42").first.click()
    page.get_by_text("gather evidence").first.wait_for()
    save(page, "temporal-ui.png")


def save(page: Page, name: str) -> None:
    """The picture of what a page shows. Raises PlatformUnavailable where it is too large."""
    picture = page.screenshot(animations="disabled")
    if len(picture) > LIMIT_BYTES:
        raise PlatformUnavailable(f"{name} has {len(picture)} bytes, more than {LIMIT_BYTES}", fix="show less of it")
    IMAGES.mkdir(exist_ok=True)
    (IMAGES / name).write_bytes(picture)
    sys.stdout.write(f"{IMAGES / name}: {len(picture)} bytes\n")


def _conduct(stack: LocalStack, repository: Path, *options: str) -> None:
    done = stack.maestro("run", "--repo", str(repository), *options)
    if "decided:" not in done.stderr:
        raise PlatformUnavailable(f"the sample was not conducted:\n{done.stderr}", fix="run it by hand and look why")


if __name__ == "__main__":
    sys.exit(main())
