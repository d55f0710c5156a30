"""Makes the pictures of the overlay: ``python -m tests.forge.overlay.pictures``. The card is one of the samples."""

import sys

from playwright.sync_api import Page

from docs.screenshots import IMAGES, LIMIT_BYTES, find_browser, opened
from maestro.config.gateway import GatewayConfig
from maestro.errors import MaestroError
from tests.forge.overlay.conftest import CARD
from tests.gateway.overlay.stage import Running, Stage, app_of
from tests.render.sample_cards import BLOCKED, OFFERED

LOOKS = {
    "overlay.png": {"viewport": {"width": 1200, "height": 1000}},
    "overlay-dark.png": {"viewport": {"width": 1200, "height": 800}, "color_scheme": "dark"},
    "overlay-phone.png": {"viewport": {"width": 390, "height": 844}},
}


def main() -> int:
    offered = tuple(OFFERED[kind] for kind in OFFERED)
    stage = Stage(card=BLOCKED.model_copy(update={"version": 7, "actions": offered}))
    stage.forbidden = {"approve": "You are the author; somebody else has to approve."}
    gateway = Running(app_of(stage, GatewayConfig()))
    gateway.start()
    try:
        with opened(find_browser()) as browser:
            for name, look in LOOKS.items():
                page = browser.new_page(**look)  # type: ignore[arg-type]
                page.goto(gateway.url + CARD)
                page.get_by_text("Live: this card changes by itself.").wait_for()
                if name == "overlay-dark.png":
                    _meet_a_change(page, stage)
                picture = page.screenshot(animations="disabled")
                assert len(picture) <= LIMIT_BYTES, name
                (IMAGES / name).write_bytes(picture)
                page.close()
    except MaestroError as error:
        sys.stderr.write(f"pictures: {error}\n")
        return error.exit_code
    finally:
        gateway.kill()
    return 0


def _meet_a_change(page: Page, stage: Stage) -> None:
    """A dialog under which the card changes."""
    page.get_by_role("button", name="Run every test").click()
    page.get_by_label("Reason (optional)").fill("The rounding touches every total.")
    stage.change(happened="The worker of shard 3 died; its tests run again in eu-north")
    page.get_by_text("The card has changed since you opened this:").wait_for()


if __name__ == "__main__":
    sys.exit(main())
