"""The card in a terminal of 80 columns."""

import io
import shlex

import pytest
from rich.cells import cell_len
from rich.console import Console

from maestro.model.decision import DecisionCard
from maestro.render import card_terminal
from tests.render.sample_cards import BLOCKED, CARDS, NEEDS_PERSON, PULL_REQUEST, RED_REPORT, WAITING

every_card = pytest.mark.parametrize("card", [pytest.param(card, id=name) for name, card in CARDS.items()])


def printed(card: DecisionCard, *, width: int = 80, colour: bool = False) -> str:
    console = Console(
        file=io.StringIO(), width=width, force_terminal=colour, color_system="standard" if colour else None
    )
    console.print(card_terminal(card))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@every_card
def test_no_line_is_wider_than_the_terminal(card: DecisionCard) -> None:
    assert max(cell_len(line) for line in printed(card).splitlines()) <= 80


@every_card
def test_a_narrow_terminal_still_shows_the_verdict_first(card: DecisionCard) -> None:
    lines = printed(card, width=50).splitlines()
    assert max(cell_len(line) for line in lines) <= 50
    assert any(word in lines[1] for word in ("Ready", "Needs", "Blocked", "Waiting", "Cancelled"))


def test_the_verdict_does_not_need_its_colour() -> None:
    assert "x Blocked" in printed(BLOCKED)
    assert "! Needs a person" in printed(NEEDS_PERSON)


def test_a_card_without_a_region_says_what_it_waits_for() -> None:
    assert "Waiting for a healthy region that policy allows." in printed(WAITING)
    assert "No healthy region that nordic-retail may use." in printed(WAITING)


def test_a_command_that_is_copied_over_its_line_breaks_is_one_command() -> None:
    text = printed(NEEDS_PERSON)
    start = text.index("maestro pr act approve \\\n")
    copied = text[start : text.index('"…"', start) + len('"…"')]
    words = ["maestro", "pr", "act", "approve", PULL_REQUEST.workflow_id, "--card-version", "3", "--reason", "…"]
    assert "\n" in copied
    assert shlex.split(copied.replace("\\\n", "")) == words


def test_a_hostile_text_neither_commands_the_terminal_nor_styles_it() -> None:
    evil = "[bold red]x[/bold red]\x1b]0;owned\x07\x1b[2J\x9b2J\u202e"
    failed = tuple(outcome.model_copy(update={"test": evil, "message": evil}) for outcome in RED_REPORT.failed)
    card = BLOCKED.model_copy(
        update={
            "why": evil,
            "pull_request": PULL_REQUEST.model_copy(update={"title": evil, "author": evil}),
            "report": RED_REPORT.model_copy(update={"failed": failed}),
        }
    )
    text = printed(card)
    assert "[bold red]" in text
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(text)
    assert "\x1b]" not in printed(card, colour=True)
    assert "\x1b[2J" not in printed(card, colour=True)
