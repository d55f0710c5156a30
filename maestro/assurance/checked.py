"""Reads a compiled condition as a tree: the public message ``cel.expr.CheckedExpr``, which the CEL library gives out.

Only what the checks of a condition need is kept: names, text literals, calls, and where each stands.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

Field = tuple[int, int | bytes]
"""A field of a message: its number and its value, bytes where the wire format gives it a length."""

_FIXED_BYTES: Final = {1: 8, 5: 4}
"""Lengths of the two fixed wire types."""

_PARTS: Final = {5: (1,), 6: (1, 3), 7: (1,), 9: (2, 4, 5, 6, 7)}
"""By the field of ``Expr``: which fields of a select, call, list or comprehension hold expressions."""


@dataclass(frozen=True)
class Node:
    """One expression. ``offset`` counts characters of the condition; it is None for what a macro put there.

    ``name`` is that of a variable, ``function`` that of a call (``_==_`` for ``==``), ``text`` a text literal.
    """

    offset: int | None
    name: str = ""
    function: str = ""
    text: str | None = None
    parts: tuple["Node", ...] = ()

    def walk(self) -> Iterator["Node"]:
        """This node and everything in it, outermost first."""
        yield self
        for part in self.parts:
            yield from part.walk()


def read(serialized: bytes) -> Node:
    """The tree of a serialised expression."""
    checked = _one(serialized, 2)
    positions = dict(_position(entry) for number, entry in _fields(_one(checked, 5)) if number == 4)
    return _node(_one(checked, 4), positions)


def _position(entry: int | bytes) -> tuple[int, int]:
    pair = dict(_fields(_bytes(entry)))
    return _number(pair.get(1, 0)), _number(pair.get(2, 0))


def _node(expression: bytes, positions: dict[int, int]) -> Node:
    offset: int | None = None
    name, function, text = "", "", None
    parts: list[Node] = []
    for number, value in _fields(expression):
        if number == 2:
            offset = positions.get(_number(value))
        elif number == 3:
            text = next((_bytes(v).decode() for kind, v in _fields(_bytes(value)) if kind == 6), None)
        elif number == 4:
            name = _one(_bytes(value), 1).decode()
        elif number == 8:
            entries = [entry for kind, entry in _fields(_bytes(value)) if kind == 2]
            parts += [_node(_bytes(v), positions) for e in entries for kind, v in _fields(_bytes(e)) if kind in (3, 4)]
        elif number in _PARTS:
            inner = list(_fields(_bytes(value)))
            parts += [_node(_bytes(part), positions) for kind, part in inner if kind in _PARTS[number]]
            function = _one(_bytes(value), 2).decode() if number == 6 else ""
    return Node(offset, name, function, text, tuple(parts))


def _one(message: bytes, wanted: int) -> bytes:
    return next((_bytes(value) for number, value in _fields(message) if number == wanted), b"")


def _fields(message: bytes) -> Iterator[Field]:
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield key >> 3, value
            continue
        length, at = (_FIXED_BYTES[kind], at) if kind in _FIXED_BYTES else _varint(message, at)
        yield key >> 3, message[at : at + length]
        at += length


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value, shift = 0, 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _bytes(value: int | bytes) -> bytes:
    return value if isinstance(value, bytes) else b""


def _number(value: int | bytes) -> int:
    return value if isinstance(value, int) else 0
