"""Escaped text, read back by a CommonMark parser, is the text and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from maestro.render.markdown import code, code_cell, fenced, prose, ticks
from maestro.render.untrusted import block, line

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
BREAK = "\u2060"
noisy = st.text(st.sampled_from(list("ab1. #@*_`[]()<>!|~-+=&$:/\\\n\t'\"{}^%")), max_size=60)


def tokens(source: str) -> list[Token]:
    return [inner for token in PARSER.parse(source) for inner in (token, *(token.children or ()))]


@given(noisy)
def test_prose_is_one_paragraph_of_plain_text(text: str) -> None:
    shown = line(text)
    parsed = tokens(prose(shown))
    assert {token.type for token in parsed} <= {"paragraph_open", "inline", "paragraph_close", "text", "text_special"}
    assert "".join(t.content for t in parsed if t.type.startswith("text")).replace(BREAK, "") == shown


@given(noisy)
def test_prose_and_code_never_leave_their_table_cell(text: str) -> None:
    shown = line(text) or line("x")
    row = f"| a | b |\n|---|---|\n| {prose(shown)} | {code_cell(shown)} |\n"
    kinds = [token.type for token in tokens(row)]
    assert kinds.count("td_open") == 2
    assert not {"link_open", "html_inline", "em_open", "strong_open", "s_open", "image"} & set(kinds)


@given(noisy)
def test_a_code_span_holds_exactly_its_text(text: str) -> None:
    shown = line(text) or line("x")
    spans = [token for token in tokens("see " + code(shown)) if token.type == "code_inline"]
    assert [span.content for span in spans] == [shown]


@given(noisy)
def test_a_code_block_cannot_be_closed_by_its_text(text: str) -> None:
    shown = block(text)
    parsed = PARSER.parse(fenced(shown))
    assert [(token.type, token.content.rstrip("\n")) for token in parsed] == [("fence", shown.rstrip("\n"))]


@pytest.mark.parametrize("text", ["thanks @octocat", "see #12", "go to https://evil.example", "www.evil.example"])
def test_a_mention_an_issue_and_an_address_are_broken_for_the_forge(text: str) -> None:
    assert BREAK in prose(text)


def test_words_between_backticks_become_code() -> None:
    assert ticks("run `maestro pr act retry` again") == "run `maestro pr act retry` again"


def test_a_lone_backtick_is_itself() -> None:
    assert ticks("a ` b") == "a \\` b"
