"""Texts that are cut stay readable, and within what GitHub takes."""

import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.forges.hosted.texts import cut_line, cut_text, sendable
from maestro.forges.stamp import Stamp, read_stamp, stamped

STAMP = Stamp("comment/acme/shop/7/" + "a" * 40 + "/0.x", 3, datetime(2026, 3, 1, tzinfo=UTC))
TEXT = st.text(max_size=200)
ANYTHING = st.text(alphabet=st.characters(), max_size=200)
"""With halves of characters, as names of files have them that are not UTF-8."""


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("Approve", "Approve"),
        ("Escalate to all tests", "Escalate to all tes…"),
        ("two\nlines\t here", "two lines here"),
        ("exactly twenty chars", "exactly twenty chars"),
        ("e\u0301" * 30, "e\u0301" * 9 + "…"),
        ("x" * 17 + "👩\u200d💻 and more", "x" * 17 + "…"),
    ],
)
def test_a_label_is_cut_on_whole_characters(text: str, cut: str) -> None:
    assert cut_line(text, 20) == cut


@given(text=TEXT, limit=st.integers(1, 60))
def test_a_line_is_never_longer_than_it_may_be(text: str, limit: int) -> None:
    line = cut_line(text, limit)
    assert len(line) <= len(line.encode("utf-16-le")) // 2 <= limit
    assert "\n" not in line
    assert not line or not unicodedata.combining(line[0]) or unicodedata.combining(text.split(maxsplit=1)[0][0])


@given(text=ANYTHING, limit=st.integers(100, 400))
def test_a_text_is_never_longer_than_it_may_be(text: str, limit: int) -> None:
    shown = cut_text(text, limit)
    assert len(shown.encode()) <= limit
    assert shown == sendable(text) or shown.endswith("left out here")


def test_a_text_that_is_cut_in_its_code_closes_it() -> None:
    shown = cut_text("before\n```\n" + "line\n" * 100, 200, link="https://maestro.example/card")
    assert shown.count("```") == 2
    assert shown.endswith("[the whole](https://maestro.example/card)")


@given(text=TEXT)
def test_a_stamp_is_read_as_it_was_written_whatever_stands_behind_it(text: str) -> None:
    assert read_stamp(stamped(STAMP, text)) == STAMP
    assert (STAMP.head_sha, STAMP.place) == ("a" * 40, "comment/acme/shop/7")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no stamp",
        "before it\n" + stamped(STAMP, ""),
        stamped(STAMP, "").replace("2026", "later"),
        stamped(STAMP, "").replace("+00:00", ""),
        stamped(STAMP, "").replace("version=3", "version=99999999999999999999"),
    ],
)
def test_what_is_no_stamp_of_ours_is_none(text: str) -> None:
    assert read_stamp(text) is None
