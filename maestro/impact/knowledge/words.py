"""Identifiers as people read them: ``parseHTTPHeader`` and ``parse_http_header`` are the same three words."""

import re
from collections.abc import Iterable
from functools import lru_cache

SHORTEST_WORD = 3
"""Shorter parts (``is``, ``to``, ``i``) stand everywhere."""

_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d{2,}|[^\W\d_A-Za-z]+")


@lru_cache(maxsize=200_000)
def parts_of(identifier: str) -> frozenset[str]:
    """The words of one identifier, in lower case."""
    found = (part.lower() for part in _PARTS.findall(identifier))
    return frozenset(part for part in found if len(part) >= SHORTEST_WORD)


def parts_of_all(identifiers: Iterable[str]) -> frozenset[str]:
    """The words of many identifiers."""
    return frozenset().union(*map(parts_of, identifiers))
