"""JSON from somebody else: within a size and a depth, without a key said twice, and never another error than ours."""

import json
from typing import Any

from maestro.errors import BadInput

SIZE_LIMIT_BYTES = 64 * 1024 * 1024
"""The card of a run with 10,000 artifacts has some megabytes."""

DEPTH_LIMIT = 64
"""OSCAL, the deepest form that we write, needs 12."""

VALUES_LIMIT = 4_000_000
"""Values in one document: what fits into some hundred megabytes of memory."""


def read_json(content: bytes, *, file: str) -> Any:
    """The value that ``content`` holds. Raises BadInput, naming ``file``, for what is no strict JSON (RFC 8259), too
    large or too deep, or says one key twice: two readers could then read two different things.
    """
    if len(content) > SIZE_LIMIT_BYTES:
        raise _refused(f"it has {len(content)} bytes, more than the {SIZE_LIMIT_BYTES} that are read", file)
    try:
        value = json.loads(content.decode("utf-8"), object_pairs_hook=_object, parse_constant=_constant)
    except RecursionError as error:
        raise _refused(f"it is nested deeper than {DEPTH_LIMIT} levels", file) from error
    except ValueError as error:  # of the decoder, of the text's encoding, and of our hooks
        raise _refused(f"it is no JSON that can be trusted: {error}", file) from error
    _require_shallow(value, file=file)
    return value


def read_object(content: bytes, *, file: str) -> dict[str, Any]:
    """The JSON object that ``content`` holds. Raises BadInput as ``read_json``, and for another kind of value."""
    value = read_json(content, file=file)
    if not isinstance(value, dict):
        raise _refused("it holds no JSON object", file)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"the key {twice[:100]!r} is there twice")
    return found


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _require_shallow(value: Any, *, file: str) -> None:
    level, depth, values = [value], 0, 0
    while level:
        depth += 1
        values += len(level)
        if depth > DEPTH_LIMIT:
            raise _refused(f"it is nested deeper than {DEPTH_LIMIT} levels", file)
        if values > VALUES_LIMIT:
            raise _refused(f"it holds more than {VALUES_LIMIT} values", file)
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]


def _refused(message: str, file: str) -> BadInput:
    return BadInput(message, field=file, fix="take the bundle again from where it was made")
