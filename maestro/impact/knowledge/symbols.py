"""One Python text as symbols: functions, classes and the module itself, each with the statements that are its own.

Comments, layout and docstrings are left out, so two texts that differ in nothing else have equal symbols. A docstring
counts where code may read it: below a decorator, or in a file that speaks of ``__doc__``.
"""

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from maestro.impact.graph.parsing import parse
from maestro.impact.knowledge.statements import BLOCKS, Statement, first_line, imported_names, statement

_MEMOISERS = frozenset({"cache", "cached", "cached_property", "lru_cache", "memoize", "memoise"})

Key = tuple[str, int]
"""A qualified name, and the how-manyth definition of that name it is: overloads, setters, branches."""

_DECORATORS = frozenset({"decorator_list"})
Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef


@dataclass(frozen=True, slots=True)
class Symbol:
    """``name`` is qualified (``Cart.total``), empty for the module. ``span`` are all its lines, decorators included.

    ``head`` is the signature of a function, or a class's name, bases and keywords. ``bases`` are the simple names of a
    class's bases. ``memoised`` says that its value may outlive the test that asked for it first.
    """

    name: str
    span: range
    is_class: bool = False
    decorators: tuple[Statement, ...] = ()
    head: tuple[Statement, ...] = ()
    body: tuple[Statement, ...] = ()
    bases: frozenset[str] = frozenset()
    memoised: bool = False

    @property
    def scope(self) -> str:
        """The qualified name of the class that holds it, if one does."""
        return self.name.rpartition(".")[0]

    @property
    def own_name(self) -> str:
        """The last part of its name."""
        return self.name.rpartition(".")[2]

    @property
    def statements(self) -> tuple[Statement, ...]:
        """All that it says itself."""
        return (*self.decorators, *self.head, *self.body)

    @property
    def words(self) -> frozenset[str]:
        """Identifiers and string words of all its statements."""
        return frozenset().union(*(each.words for each in self.statements))


def symbols_of(text: str) -> dict[Key, Symbol] | str:
    """All symbols of a text, the module under ``("", 0)``; or, in words, why it cannot be parsed."""
    tree = parse(text)
    if isinstance(tree, str):
        return tree
    try:
        return _Reading(keep_docstrings="__doc__" in text).of(tree)
    except RecursionError:
        return "cannot be parsed (nested too deeply)"


def last_name(node: ast.AST) -> str:
    """What a decorator or base is called: ``lru_cache`` for ``@functools.lru_cache(maxsize=9)``."""
    while isinstance(node, ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


class _Reading:
    """Walks one tree and holds what it found."""

    def __init__(self, *, keep_docstrings: bool) -> None:
        self._keep_docstrings = keep_docstrings
        self._found: dict[Key, Symbol] = {}
        self._counts: Counter[str] = Counter()

    def of(self, tree: ast.Module) -> dict[Key, Symbol]:
        last = max((node.end_lineno or 0 for node in tree.body), default=0)
        body = tuple(self._statements(self._told(tree), "", place=""))
        self._found["", 0] = Symbol("", range(1, last + 1), body=body)
        return self._found

    def _statements(self, nodes: Sequence[ast.AST], scope: str | None, *, place: str) -> Iterator[Statement]:
        """The statements of a block, nested ones after their head. In a module or class, whose name ``scope`` is,
        definitions become symbols of their own; in a function, where it is None, they are part of it.
        """
        for node in nodes:
            if scope is not None and isinstance(node, Definition):
                self._define(node, scope)
            elif isinstance(node, ast.Import | ast.ImportFrom):
                yield from imported_names(node, place)
            else:
                yield statement(node, place)
                for block in (name for name in node._fields if name in BLOCKS):
                    inner = getattr(node, block)
                    if isinstance(inner, list):
                        told = self._told(node) if isinstance(node, Definition) else inner
                        yield from self._statements(told, scope, place=f"{place}{block}>")

    def _define(self, node: Definition, scope: str) -> None:
        name = f"{scope}.{node.name}" if scope else node.name
        key = (name, self._counts[name])
        self._counts[name] += 1
        is_class = isinstance(node, ast.ClassDef)
        body = tuple(self._statements(self._told(node), name if is_class else None, place=""))
        self._found[key] = Symbol(
            name,
            range(first_line(node), (node.end_lineno or node.lineno) + 1),
            is_class,
            tuple(statement(each, "@") for each in node.decorator_list),
            (statement(node, "", without=_DECORATORS),),
            body,
            frozenset(last_name(base) for base in node.bases) if isinstance(node, ast.ClassDef) else frozenset(),
            any(last_name(each) in _MEMOISERS for each in node.decorator_list),
        )

    def _told(self, node: ast.Module | Definition) -> Sequence[ast.AST]:
        """The body, without a docstring that no code reads."""
        match node.body:
            case [ast.Expr(value=ast.Constant(value=str())), *rest]:
                decorated = not isinstance(node, ast.Module) and bool(node.decorator_list)
                return node.body if self._keep_docstrings or decorated else rest
            case body:
                return body
