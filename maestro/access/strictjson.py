"""JSON from outside, read so that two readers cannot understand it differently: bounded, no repeated names, no NaN."""

import json
from typing import Any, NoReturn, TypeGuard


def read_object(content: bytes, *, limit_bytes: int) -> dict[str, Any]:
    """The JSON object. Raises ValueError for everything else, also for one that is too large or nested too deeply."""
    if len(content) > limit_bytes:
        raise ValueError(f"it has more than {limit_bytes} bytes")
    try:
        read = json.loads(content.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(read, dict):
        raise ValueError("it is no object")  # noqa: TRY004 - for the caller it is one kind of bad content
    return read


def is_text(value: object, *, limit: int) -> TypeGuard[str]:
    """Whether it is a text of 1 to ``limit`` characters, all of which can be shown: no controls, no line ends."""
    return isinstance(value, str) and 0 < len(value) <= limit and value.isprintable()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) != len(pairs):
        raise ValueError("a name stands in it twice")
    return read


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")
