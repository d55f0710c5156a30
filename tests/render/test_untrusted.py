"""Text from strangers, made safe to show."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.render.untrusted import BLOCK_LINE_LIMIT, BLOCK_LINES, LINE_LIMIT, NAME_LIMIT, block, line, name

HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
anything = st.text(st.characters(), max_size=600)


def hidden_in(text: str) -> set[str]:
    return {character for character in text if unicodedata.category(character) in HIDDEN}


@given(anything)
def test_nothing_hidden_survives_on_one_line(text: str) -> None:
    assert not hidden_in(line(text))
    assert not hidden_in(name(text))
    assert len(line(text)) <= LINE_LIMIT
    assert len(name(text)) <= NAME_LIMIT


@given(anything)
def test_nothing_hidden_but_line_feeds_survives_in_a_block(text: str) -> None:
    shown = block(text)
    assert hidden_in(shown) <= {"\n"}
    assert shown.count("\n") <= BLOCK_LINES
    assert all(len(entry) <= BLOCK_LINE_LIMIT for entry in shown.split("\n"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("plain", "plain", id="plain text is left alone"),
        pytest.param("Ünïcode 測試", "Ünïcode 測試", id="letters of every script are left alone"),
        pytest.param("two\n lines", "two lines", id="lines are joined"),
        pytest.param("\x1b[31mred\x1b]0;title\x07", r"\x1b[31mred\x1b]0;title\x07", id="a terminal command is shown"),
        pytest.param("good\u202etxt.exe", r"good\u202etxt.exe", id="a direction override is shown"),
        pytest.param("a\u200bb", r"a\u200bb", id="a zero-width space is shown"),
        pytest.param("na\udcefve", r"na\udcefve", id="a byte that is not UTF-8 is shown"),
        pytest.param("a\x9b31m", r"a\x9b31m", id="a one-byte terminal command is shown"),
    ],
)
def test_a_line_shows_what_would_hide(text: str, shown: str) -> None:
    assert line(text) == shown


def test_a_flood_of_combining_marks_is_cut() -> None:
    assert len(line("e" + "\u0301" * 50)) == 5


def test_a_long_name_keeps_its_start_and_its_end() -> None:
    shown = name("tests/" + "x" * 100_000 + "::test_the_end")
    assert shown.startswith("tests/x")
    assert shown.endswith("x::test_the_end")
    assert "…" in shown


def test_a_name_keeps_its_double_spaces() -> None:
    assert name("test[a  b]") == "test[a  b]"


def test_a_long_message_says_how_much_of_it_is_elsewhere() -> None:
    assert block("\n".join("x" * 3 for _ in range(40))).endswith("… 28 more lines in the stored log")


def test_a_message_keeps_its_indentation() -> None:
    assert block("\n    def f():\n\treturn 1\n") == "    def f():\n    return 1"
