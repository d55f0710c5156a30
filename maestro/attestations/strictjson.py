"""Reads JSON that somebody else wrote, so that no other reader can have understood it differently.

A key that stands twice, a number that is none, bytes that are no UTF-8: parsers disagree on each, and a disagreement is
how one program verifies what another does not see. All are refused, and so is what would fill the memory.
"""

import json
import math
import re
from collections import Counter
from typing import Final

from pydantic import JsonValue

from maestro.errors import BadInput

NESTING_LIMIT: Final = 64
"""Levels of objects and lists. The documents that we know need about ten; recursive readers fail from about 1,000."""

VALUES_LIMIT: Final = 2_000_000
"""Items, keys and containers in one document: a bill of materials of 10,000 components has about a quarter of that."""

_FIX: Final = "have the tool that made it write plain JSON in UTF-8"

# Possessive, and at the end of the document satisfied without a closing quote: each byte is looked at once.
_STRING: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_BRACKET: Final = re.compile(rb"[\[\]{}]")


def read(content: bytes, *, field: str) -> JsonValue:
    """The document. Raises BadInput, naming ``field``, for what is no JSON or could be read in two ways."""
    if sum(content.count(mark) for mark in (b",", b"[", b"{")) > VALUES_LIMIT:
        raise BadInput(f"it has more than {VALUES_LIMIT:,} values", field=field, fix="split it, or leave parts out")
    _require_shallow(content, field=field)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"its byte {error.start:,} is no UTF-8", field=field, fix=_FIX) from error
    try:
        # Bare json.loads would take NaN, and the last of two equal keys.
        value: JsonValue = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_no_number, parse_float=_finite, parse_int=_whole
        )
    except _RefusedError as error:
        raise BadInput(str(error), field=field, fix=_FIX) from error
    except json.JSONDecodeError as error:
        message = f"it is no JSON: {error.msg} in line {error.lineno}, column {error.colno}"
        raise BadInput(message, field=field, fix=_FIX) from error
    if "\\u" in text:
        _require_unicode(value, field=field)
    return value


class _RefusedError(ValueError):
    """A sentence on what was found while parsing."""


def _require_shallow(content: bytes, *, field: str) -> None:
    """Counted before parsing: the parser itself would be what a deep document exhausts."""
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub(b"", content)):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > NESTING_LIMIT:
            raise BadInput(f"it is nested deeper than {NESTING_LIMIT} levels", field=field, fix=_FIX)


def _require_unicode(value: JsonValue, *, field: str) -> None:
    """An escaped half of a character: some readers keep it, others put another one in its place."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise BadInput("it has a text that is no Unicode", field=field, fix=_FIX) from error


def _unique(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    found = dict(pairs)
    if len(found) < len(pairs):
        times = Counter(name for name, _ in pairs)
        twice = next(name for name in times if times[name] > 1)
        raise _RefusedError(f"its key {shown(twice)} stands twice in one object")
    return found


def _no_number(name: str) -> JsonValue:
    raise _RefusedError(f"{name} is no JSON number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise _RefusedError(f"its number {shown(text)} is too large")
    return value


def _whole(text: str) -> int:
    if len(text) > 300:  # longer than any number that a program means; Python's own limit depends on its settings
        raise _RefusedError(f"its number {shown(text)} is too large")
    return int(text)


def shown(text: str, *, limit: int = 80) -> str:
    """Somebody else's text for a sentence of ours: quoted, one line, nothing invisible, cut."""
    return repr(text if len(text) <= limit else f"{text[:limit]}…")
