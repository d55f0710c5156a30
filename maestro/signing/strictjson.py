"""JSON from outside, with one reading only: no repeated keys, no NaN, UTF-8, and nothing that nests without end."""

import json
import re
from typing import Any

DEPTH_LIMIT = 32
"""Python's reader is recursive, and the deepest thing that we read nests six levels."""

# Possessive, with an optional closing quote: each byte is looked at once, whatever the text is.
_TOKENS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)


def read_json(content: bytes) -> Any:
    """The value. Raises ValueError, with the reason as a clause, for everything else."""
    if _depth(content) > DEPTH_LIMIT:
        raise ValueError(f"it nests more than {DEPTH_LIMIT} levels")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError("it is not UTF-8") from error
    return json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)


def _depth(content: bytes) -> int:
    depth = deepest = 0
    for token in _TOKENS.finditer(content):
        first = content[token.start()]
        if first in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif first in b"]}":
            depth -= 1
        if deepest > DEPTH_LIMIT:
            break
    return deepest


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in pairs:
        if name in values:
            raise ValueError(f"the name {name[:40]!r} is there twice")
        values[name] = value
    return values


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number in JSON")
