"""One statement of a syntax tree as a value: equal where nothing but layout differs, with the words that it says."""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass

BLOCKS = frozenset({"body", "orelse", "handlers", "finalbody", "cases"})
"""Fields in which a statement holds others, in the order of ``ast``."""

STRING_WORDS_LIMIT = 200
"""Words kept of one string: a text of a thousand lines names everything and tells nothing."""

_WORD = re.compile(r"[^\W\d]\w+")
_SAYS_NOTHING = frozenset({"ctx", "kind", "type_comment", "type_ignores"})


@dataclass(frozen=True, slots=True)
class Statement:
    """A simple statement, the head of a compound one, or one name of an import.

    ``mark`` is equal for two that differ in layout only. ``lines`` are 1-based. ``binds`` are names that it gives a
    value, ``sets`` attributes; ``words`` its identifiers and the words of its strings.
    """

    mark: str
    lines: range
    binds: frozenset[str]
    sets: frozenset[str]
    words: frozenset[str]
    is_import: bool = False


def statement(node: ast.AST, place: str, *, without: frozenset[str] = frozenset()) -> Statement:
    """``node`` without the statements inside it and the fields ``without``.

    ``place`` tells equal statements in different blocks apart.
    """
    mark = [place]
    binds: set[str] = set()
    sets: set[str] = set()
    words: set[str] = set()
    waiting: list[object] = [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, ast.AST):
            mark.append(type(each).__name__)
            binds.update(_bound(each))
            words.update(_words(each))
            if isinstance(each, ast.Attribute) and not isinstance(each.ctx, ast.Load):
                sets.add(each.attr)
            waiting.extend(
                getattr(each, name, None)
                for name in reversed(each._fields)
                if name not in _SAYS_NOTHING and not (each is node and (name in without or _is_block(each, name)))
            )
        elif isinstance(each, list):
            # Its length keeps two lists of one item apart from one of two.
            mark.append(f"#{len(each)}")
            waiting.extend(reversed(each))
        else:
            mark.append(repr(each))
    interned = frozenset(map(sys.intern, words))
    lines = _lines(node)
    if "decorator_list" in without:
        lines = range(getattr(node, "lineno", lines.start), lines.stop)
    return Statement(" ".join(mark), lines, frozenset(binds), frozenset(sets), interned)


def imported_names(node: ast.Import | ast.ImportFrom, place: str) -> Iterator[Statement]:
    """An import as one statement for each name, since sorting and joining imports changes nothing."""
    source = f"{'.' * node.level}{node.module or ''}" if isinstance(node, ast.ImportFrom) else ""
    for alias in node.names:
        bound = alias.asname or alias.name.partition(".")[0]
        words = frozenset(sys.intern(part) for part in (*alias.name.split("."), *source.split("."), bound) if part)
        mark = f"{place}import {source} {alias.name} {bound}"
        yield Statement(mark, _lines(node), frozenset({bound}), frozenset(), words, is_import=True)


def first_line(node: ast.AST) -> int:
    """Where it begins, decorators included; a ``case`` has no line but its pattern's."""
    start = getattr(node, "pattern", node)
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([getattr(start, "lineno", 1), *(each.lineno for each in decorators)])


def _is_block(node: ast.AST, name: str) -> bool:
    return name in BLOCKS and isinstance(getattr(node, name, None), list)


def _lines(node: ast.AST) -> range:
    """Its own lines: up to the first statement inside it, or to its end."""
    inner = [first_line(each) for name in node._fields if _is_block(node, name) for each in getattr(node, name)]
    own = int(getattr(getattr(node, "pattern", node), "lineno", 1))
    last = max(own, min(inner) - 1) if inner else int(getattr(node, "end_lineno", own) or own)
    return range(first_line(node), last + 1)


def _bound(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.ExceptHandler(name=str(name)):
            yield name
        case _:
            pass


def _words(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.keyword(arg=str(name)):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Constant(value=str(text)):
            yield from _WORD.findall(text)[:STRING_WORDS_LIMIT]
        case _:
            pass
