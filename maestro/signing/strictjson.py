"""JSON from outside, with one reading only: no repeated keys, no NaN, UTF-8, and nothing that nests without end."""

import json
import re
from typing import Any

DEPTH_LIMIT = 32
"""Python's reader is recursive, and the deepest thing that we read nests six levels."""

PARTS_LIMIT = 10_000_000
"""Strings, brackets and commas, of what is small or signed by somebody who is trusted; others are given fewer."""

# Possessive, with an optional closing quote: each byte is looked at once, whatever the text is.
_TOKENS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{},]', re.DOTALL)


def read_json(content: bytes, *, parts_limit: int = PARTS_LIMIT) -> Any:
    """The value. Raises ValueError, with the reason as a clause, for everything else.

    Nesting and the number of parts are counted before anything is built, since a few bytes each become many.
    """
    _measure(content, parts_limit)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError("it is not UTF-8") from error
    return json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)


def _measure(content: bytes, parts_limit: int) -> None:
    depth = 0
    for number, token in enumerate(_TOKENS.finditer(content)):
        first = content[token.start()]
        if first in b"[{":
            depth += 1
        elif first in b"]}":
            depth -= 1
        if depth > DEPTH_LIMIT:
            raise ValueError(f"it nests more than {DEPTH_LIMIT} levels")
        if number >= parts_limit:
            raise ValueError(f"it has more than {parts_limit} strings, brackets and commas")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in pairs:
        if name in values:
            raise ValueError(f"the name {name[:40]!r} is there twice")
        values[name] = value
    return values


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number in JSON")
