"""How a command ends: the card for people or machines, its page, the step summary of a CI job, the exit code."""

import os
import re
import sys
from pathlib import Path

from rich.console import Console

from maestro.errors import PlatformUnavailable
from maestro.home import home
from maestro.model.decision import DecisionCard, DecisionState
from maestro.render import card_html, card_json, card_terminal, step_summary

STEP_SUMMARY = "GITHUB_STEP_SUMMARY"


def exit_code(card: DecisionCard) -> int:
    """0 for green, and merged where that was asked for; everything else did not go in favour of the pull request."""
    merged = all(publication.done for publication in card.publications if publication.kind == "merge")
    return 0 if card.decision.state is DecisionState.GREEN and merged else 1


def answer(card: DecisionCard, *, as_json: bool) -> None:
    """Print the card on standard output: as JSON by its schema, or for people."""
    if as_json:
        sys.stdout.write(card_json(card))
    else:
        Console().print(card_terminal(card))


def write_page(card: DecisionCard) -> Path:
    """Write the card as a page under the home, one per head, and return its path."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", f"{card.pull_request.repo}-{card.pull_request.pr}")
    page = home() / "cards" / f"{name}-{card.pull_request.head_sha[:12]}.html"
    try:
        page.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        page.write_text(card_html(card), encoding="utf-8")
    except OSError as error:
        raise PlatformUnavailable(
            f"the card's page cannot be written: {error.strerror}",
            field=str(page),
            fix="make room, or set MAESTRO_HOME",
        ) from error
    return page


def append_step_summary(card: DecisionCard) -> None:
    """Append the card to the summary of a GitHub Actions step, where one is running."""
    path = os.environ.get(STEP_SUMMARY, "")
    if path:
        try:
            with Path(path).open("a", encoding="utf-8") as file:
                file.write(step_summary(card))
        except OSError as error:
            raise PlatformUnavailable(
                f"the step summary cannot be written: {error.strerror}",
                field=STEP_SUMMARY,
                fix="let it name a file that can be written, or unset it",
            ) from error
