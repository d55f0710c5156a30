"""Keeps text for the PDF to characters that its embedded fonts have, and lets long names break.

PDF/A wants a glyph for every character, the fonts inside typst have no Chinese, Arabic or emoji, and some sequences of
marks make its text shaping fail. A character outside of the ranges below is written as its number, never dropped.
"""

import re
import unicodedata
from typing import Final

_RANGES: Final = (
    (0x20, 0x7E),
    (0xA0, 0xAC),
    (0xAE, 0x2FF),
    (0x370, 0x3FF),
    (0x400, 0x4FF),
    (0x1E00, 0x1FFF),
    (0x2010, 0x2027),
    (0x2030, 0x2040),
    (0x2070, 0x209C),
    (0x20A0, 0x20BF),
    (0x2190, 0x23FF),
    (0x2500, 0x25FF),
)
"""Blocks that the fonts have whole: Latin, Greek, Cyrillic, punctuation, currencies, arrows, mathematics, boxes."""

_KEPT_CATEGORIES: Final = frozenset({"L", "N", "P", "S", "Z"})
_UNBROKEN: Final = 24
"""Characters after which a name without a space may break, so that it stays inside its cell."""

_LONG: Final = re.compile(rf"\S{{{_UNBROKEN + 1},}}")
_PLACES: Final = re.compile(rf"[^/_:.\-]{{0,{_UNBROKEN}}}[/_:.\-]+|[^/_:.\-]{{1,{_UNBROKEN}}}")
BREAK: Final = "\u200b"


def covered(character: str) -> bool:
    """Whether the fonts of the PDF have a glyph for it, standing alone."""
    known = any(first <= ord(character) <= last for first, last in _RANGES)
    return known and unicodedata.category(character)[0] in _KEPT_CATEGORIES


def printable(text: str) -> str:
    """``text`` for the PDF, composed; what the fonts lack as ``U+4E2D``, set apart by spaces."""
    composed = unicodedata.normalize("NFC", text)
    shown = "".join(character if covered(character) else f" U+{ord(character):04X} " for character in composed)
    return shown if shown == composed else " ".join(shown.split())


def breakable(text: str) -> str:
    """``text`` with places, invisible, at which its long names may break."""
    return _LONG.sub(lambda found: BREAK.join(_PLACES.findall(found[0])), text)
