"""Makes text that anybody may have written safe to show: on a page, in Markdown and in a terminal.

What is not a visible character (control codes, direction overrides, zero-width and private characters, halves of
surrogate pairs) is shown as its escape; floods of combining marks and over-long texts are cut. Escaping for a markup
comes on top of this, in the template environments.
"""

import unicodedata
from typing import Final, NewType

Shown = NewType("Shown", str)
"""Text that has passed through this room: the views hold nothing else, so a raw string does not type-check there."""

LINE_LIMIT: Final = 400
"""Characters of a text on one line; a sentence of a policy fits, a pasted log does not."""

NAME_LIMIT: Final = 160
"""Characters of a test id, a file name or a title: what two lines of a card can hold."""

BLOCK_LINES: Final = 12
BLOCK_LINE_LIMIT: Final = 200
"""A failure message on the card: enough to recognise it; the whole text is a stored artifact."""

MARKS_LIMIT: Final = 4
"""Combining marks on one character that any living script needs, with room to spare."""

_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_MARKS: Final = frozenset({"Mn", "Me"})


def line(text: str, *, limit: int = LINE_LIMIT) -> Shown:
    """``text`` on one line of at most ``limit`` characters, ending in an ellipsis where it was cut."""
    shown = _visible(" ".join(text[: limit * 4].split()))
    return Shown(shown if len(shown) <= limit else shown[: limit - 1].rstrip() + "…")


def name(text: str, *, limit: int = NAME_LIMIT) -> Shown:
    """A name on one line, cut in the middle: the end of a test id or a path tells most. Spaces stay as they are."""
    half = limit // 2
    if len(text) > limit * 2:
        text = text[:limit] + text[-limit:]
    shown = _visible(text)
    return Shown(shown if len(shown) <= limit else f"{shown[: half - 1]}…{shown[-half:]}")


def block(text: str) -> Shown:
    """``text`` as at most ``BLOCK_LINES`` lines, indentation kept; a remark tells how many lines were cut."""
    lines = text.strip("\r\n").splitlines()
    kept = [_cut(_visible(entry.expandtabs(4).rstrip())) for entry in lines[:BLOCK_LINES]]
    if len(lines) > BLOCK_LINES:
        kept.append(f"… {len(lines) - BLOCK_LINES} more lines in the stored log")
    return Shown("\n".join(kept))


def _cut(entry: str) -> str:
    return entry if len(entry) <= BLOCK_LINE_LIMIT else entry[: BLOCK_LINE_LIMIT - 1] + "…"


def _visible(text: str) -> str:
    shown: list[str] = []
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category in _MARKS else 0
        if marks > MARKS_LIMIT:
            continue
        shown.append(_escape(character) if category in _INVISIBLE else character)
    return "".join(shown)


def _escape(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
