"""Whole statements for the lines that an interpreter reports: it names the lines with instructions, not those between.

A changed line in the middle of a call that spans ten lines counts as executed when the call was.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Spans:
    """For each statement of several lines: the lines that show that it ran, and all its lines, as bits."""

    spans: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, path: Path) -> "Spans":
        """The spans of a Python file; none where it cannot be parsed by this Python."""
        try:
            tree = ast.parse(path.read_bytes())
        except (OSError, SyntaxError, ValueError, RecursionError):
            return cls(())
        return cls(tuple(_spans(tree)))

    def widened(self, bits: int) -> int:
        """``bits`` with every statement complete of which a line is in them. Bit n is line n."""
        for shown_by, whole in self.spans:
            if bits & shown_by:
                bits |= whole
        return bits


def _spans(tree: ast.Module) -> Iterator[tuple[int, int]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.stmt | ast.ExceptHandler):
            continue
        first, last = _head(node)
        if last > first:
            whole = _bits(first, last)
            inner = (_bits(each.body.lineno, each.body.end_lineno or 0) for each in _lambdas(node))
            # The lines of a lambda run when it is called, which says nothing about the statement around it.
            shown_by = whole
            for bits in inner:
                shown_by &= ~bits
            yield shown_by, whole


def _head(node: ast.stmt | ast.ExceptHandler) -> tuple[int, int]:
    """First and last line of a statement, without the suites in it."""
    first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", ()))])
    suite = getattr(node, "body", None) or getattr(node, "cases", None)
    if not isinstance(suite, list):
        return first, node.end_lineno or first
    begin = suite[0].pattern if isinstance(suite[0], ast.match_case) else suite[0]
    return first, max(first, begin.lineno - 1)


def _lambdas(node: ast.AST) -> Iterator[ast.Lambda]:
    """The lambdas of a statement's own expressions."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Lambda):
            yield child
        elif isinstance(child, ast.expr | ast.keyword | ast.arguments | ast.withitem | ast.comprehension):
            yield from _lambdas(child)


def _bits(first: int, last: int) -> int:
    return (1 << (last + 1)) - (1 << first)
