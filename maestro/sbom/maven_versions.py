"""The order of Maven's versions, by the rules of its reference for the POM."""

import itertools
import re
from functools import total_ordering
from typing import Final

_FORM: Final = re.compile(r"[0-9a-z]+(?:[.-]+[0-9a-z]+)*")
_QUALIFIERS: Final = ("alpha", "beta", "milestone", "rc", "snapshot", "", "sp")
_SHORT: Final = {"a": "alpha", "b": "beta", "m": "milestone"}
"""Only directly before a number."""

_SAME: Final = {"cr": "rc", "final": "", "ga": "", "release": ""}
_NOTHING: Final = (0, "")

Token = tuple[str, int | str]
"""What stands before it (a dot or a dash; a change between digits and letters is a dash), and the number or word."""


def is_maven(version: str) -> bool:
    """Whether the rules say where the version stands."""
    return _FORM.fullmatch(version.lower()) is not None


@total_ordering
class MavenVersion:
    """Compares as Maven does; only for what ``is_maven``."""

    def __init__(self, version: str) -> None:
        self._tokens = _trimmed(_tokens(version.lower()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MavenVersion) and self._tokens == other._tokens

    def __hash__(self) -> int:
        return hash(tuple(self._tokens))

    def __lt__(self, other: "MavenVersion") -> bool:
        for mine, theirs in itertools.zip_longest(self._tokens, other._tokens):
            left, right = _place(mine or _filler(theirs)), _place(theirs or _filler(mine))
            if left != right:
                return left < right
        return False


def _tokens(version: str) -> list[Token]:
    found: list[Token] = []
    before = "."
    for chunk in re.split(r"([.-])", version):
        if chunk in {".", "-"}:
            before = chunk
            continue
        parts = re.findall(r"[0-9]+|[a-z]+", chunk) or ["0"]
        for part, following in itertools.zip_longest(parts, parts[1:]):
            found.append((before, int(part) if part.isdigit() else _word(part, is_before_number=bool(following))))
            before = "-"
    return found


def _word(text: str, *, is_before_number: bool) -> str:
    word = _SHORT.get(text, text) if is_before_number else text
    return _SAME.get(word, word)


def _trimmed(tokens: list[Token]) -> list[Token]:
    """Without what says nothing at the end, and before each dash."""
    for at in range(len(tokens) - 1, 0, -1):
        if tokens[at][1] in _NOTHING and (at == len(tokens) - 1 or tokens[at + 1][0] == "-"):
            del tokens[at]
    return tokens


def _filler(other: Token | None) -> Token:
    """What a version that has ended is compared with: the nothing of the other's kind."""
    before, value = other or (".", 0)
    return before, 0 if isinstance(value, int) else ""


def _place(token: Token) -> tuple[int, int, str]:
    """Words before numbers; numbers behind a dash before those behind a dot."""
    before, value = token
    if isinstance(value, int):
        return (2 if before == "." else 1, value, "")
    known = _QUALIFIERS.index(value) if value in _QUALIFIERS else len(_QUALIFIERS)
    return (0, known, value)
