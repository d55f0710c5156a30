"""Which lines run, before Python 3.12: a mark in front of each block, put there when a module is compiled.

A tracer would halve the speed of everything; a mark costs one store into a constant. A block counts from its first
line, so where an exception leaves it early, the rest of the block counts as well.
"""

# Written for Python 3.8, so in its forms.
# ruff: noqa: UP006, UP035, UP045

import ast
import sys
from bisect import bisect_right
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import CodeType
from typing import Any, Callable, Iterable, List, Optional, Set, Tuple

GRANULARITY = "block"

_PLACEHOLDER = "\0 marks of maestro \0"
"""Stands in the compiled code for the marks themselves: a tree cannot hold an object, a code object can."""

_SUITES = ("body", "orelse", "finalbody")

_LEFT_EARLY = tuple(
    getattr(ast, name)
    for name in ("If", "For", "AsyncFor", "While", "With", "AsyncWith", "Try", "TryStar", "Match")
    if hasattr(ast, name)
)
"""Statements from within which a function or a loop can be left, so that what follows does not always run."""


class Marks(bytearray):
    """One byte for each block. Hashed by identity, because it is a constant of code objects, which are hashed."""

    __hash__ = object.__hash__  # type: ignore[assignment]

    def hit(self, number: int) -> None:
        """Mark from within an expression; the answer counts as false there."""
        self[number] = 1


class Lines:
    """Marks code that is imported from now on. ``ours`` tells files of the repository.

    ``importing`` is called with True before a module of the repository runs, and with False after.
    """

    def __init__(self, ours: Callable[[str], bool], importing: Callable[[bool], None]) -> None:
        self._marks = Marks()
        self._blocks: List[Tuple[str, Tuple[int, ...]]] = []
        self._starts: List[int] = []
        self._finder = Finder(self, ours)
        self.importing = importing
        self.stay_first()

    def take(self) -> List[Tuple[str, Tuple[int, bytes]]]:
        """What ran since the last taking, by module: to be compared, and told as lines by ``lines``."""
        marks = self._marks
        taken: List[Tuple[str, Tuple[int, bytes]]] = []
        number = marks.find(1)
        while number >= 0:
            place = bisect_right(self._starts, number) - 1
            start = self._starts[place]
            end = self._starts[place + 1] if place + 1 < len(self._starts) else len(marks)
            taken.append((self._blocks[number][0], (start, bytes(marks[start:end]))))
            marks[start:end] = bytes(end - start)
            number = marks.find(1, end)
        return taken

    def lines(self, taken: Tuple[int, bytes]) -> Set[int]:
        """The lines of what was taken."""
        start, marks = taken
        return {line for number, mark in enumerate(marks, start) if mark for line in self._blocks[number][1]}

    def alive(self) -> bool:
        """Whether modules that are imported now would be marked: a test may change how modules are found."""
        return self._finder in sys.meta_path

    def close(self) -> None:
        """Mark no more modules; the marks that are set do no harm."""
        sys.meta_path[:] = [each for each in sys.meta_path if each is not self._finder]

    def stay_first(self) -> None:
        """Be asked for modules before anybody else: pytest puts its own finder in front."""
        sys.meta_path[:] = [self._finder, *(each for each in sys.meta_path if each is not self._finder)]

    def compile(self, source: bytes, path: str, config: Any) -> CodeType:
        """The module's code with its marks; with pytest's ``config`` also with its assertions rewritten."""
        tree = ast.parse(source, filename=path)
        self._starts.append(len(self._blocks))
        self._mark(tree, path)
        if config is not None:
            from _pytest.assertion.rewrite import rewrite_asserts  # noqa: PLC0415 - there is none with assert=plain

            rewrite_asserts(tree, source, path, config)
        code: CodeType = compile(tree, path, "exec", dont_inherit=True)
        return self._filled(code)

    def _mark(self, tree: ast.Module, path: str) -> None:
        # The list first: what is put into the tree must not be visited.
        for node in list(ast.walk(tree)):
            if isinstance(node, ast.Lambda):
                number = self._block(path, range(node.body.lineno, _end(node.body) + 1))
                node.body = _located(_hit(number, node.body), node.body)
                continue
            for suite in _SUITES:
                statements = getattr(node, suite, None)
                if isinstance(statements, list) and statements:
                    entered = [_entrance(node)] if suite == "body" and _has_entrance(node) else []
                    setattr(node, suite, self._marked(statements, path, entered))
        ast.fix_missing_locations(tree)

    def _marked(self, statements: "List[Any]", path: str, entered: "List[Any]") -> "List[Any]":
        """The statements with a mark in front of each run of them that nothing but an exception leaves early."""
        lead = _lead(statements)
        result = statements[:lead]
        start = lead
        for place in range(lead, len(statements)):
            if place + 1 == len(statements) or isinstance(statements[place], _LEFT_EARLY):
                run = statements[start : place + 1]
                lines = [line for each in (*entered, *run) for line in _head(each)]
                result.append(_located(_store(self._block(path, lines)), run[0]))
                result.extend(run)
                start, entered = place + 1, []
        return result

    def _block(self, path: str, lines: "Iterable[int]") -> int:
        self._blocks.append((path, tuple(lines)))
        self._marks.append(0)
        return len(self._blocks) - 1

    def _filled(self, code: CodeType) -> CodeType:
        return code.replace(
            co_consts=tuple(
                self._filled(each)
                if isinstance(each, CodeType)
                else self._marks
                if isinstance(each, str) and each == _PLACEHOLDER
                else each
                for each in code.co_consts
            )
        )


class Finder:
    """Answers as the finders behind it do, and has the modules of the repository compiled with marks."""

    def __init__(self, lines: Lines, ours: Callable[[str], bool]) -> None:
        self._lines = lines
        self._ours = ours

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Optional[ModuleSpec]:
        for finder in sys.meta_path:
            find = None if finder is self else getattr(finder, "find_spec", None)
            spec: Optional[ModuleSpec] = None if find is None else find(name, path, target)
            if spec is not None:
                return self._marking(spec)
        return None

    def invalidate_caches(self) -> None:
        """Nothing is cached here; the finders behind are asked by the interpreter itself."""

    def _marking(self, spec: ModuleSpec) -> ModuleSpec:
        if not spec.origin or not spec.origin.endswith(".py") or not self._ours(spec.origin):
            return spec
        if type(spec.loader) is SourceFileLoader:
            spec.loader = Loader(spec.name, spec.origin, self._lines, None)
        elif type(spec.loader).__module__ == "_pytest.assertion.rewrite":
            spec.loader = Loader(spec.name, spec.origin, self._lines, getattr(spec.loader, "config", None))
        return spec


class Loader(SourceFileLoader):
    """Compiles from the source, never from or to the cache of compiled files: that one is without marks.

    ``config`` is pytest's where it wants the assertions of this module rewritten.
    """

    def __init__(self, name: str, path: str, lines: Lines, config: Any) -> None:
        super().__init__(name, path)
        self._lines = lines
        self._config = config

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        return self._lines.compile(self.get_data(path), path, self._config)

    def exec_module(self, module: Any) -> None:
        self._lines.importing(True)  # noqa: FBT003 - the meaning is in the parameter's name
        try:
            super().exec_module(module)
        finally:
            self._lines.importing(False)  # noqa: FBT003 - as above


def _lead(statements: "List[Any]") -> int:
    """How many statements have to stay in front: a docstring, imports from the future."""
    lead = 0
    for statement in statements:
        is_text = isinstance(statement, ast.Expr) and isinstance(getattr(statement.value, "value", None), str)
        if not (is_text or (isinstance(statement, ast.ImportFrom) and statement.module == "__future__")):
            break
        lead += 1
    return lead


def _has_entrance(node: ast.AST) -> bool:
    return isinstance(node, ast.ExceptHandler) or type(node).__name__ == "match_case"


def _entrance(node: Any) -> Any:
    return node if isinstance(node, ast.ExceptHandler) else node.pattern


def _head(statement: Any) -> "Iterable[int]":
    """The lines of a statement without the suites in it."""
    first = min([statement.lineno, *(each.lineno for each in getattr(statement, "decorator_list", ()))])
    suite = getattr(statement, "body", None) or getattr(statement, "cases", None)
    if not isinstance(suite, list):
        return range(first, _end(statement) + 1)
    inner = getattr(suite[0], "lineno", None) or suite[0].pattern.lineno
    return range(first, max(first + 1, inner))


def _end(node: Any) -> int:
    return int(node.end_lineno or node.lineno)


def _store(number: int) -> ast.stmt:
    target = ast.Subscript(value=ast.Constant(_PLACEHOLDER), slice=_index(number), ctx=ast.Store())
    return ast.Assign(targets=[target], value=ast.Constant(1))


def _hit(number: int, body: ast.expr) -> ast.expr:
    method = ast.Attribute(value=ast.Constant(_PLACEHOLDER), attr="hit", ctx=ast.Load())
    call = ast.Call(func=method, args=[ast.Constant(number)], keywords=[])
    return ast.BoolOp(op=ast.Or(), values=[call, body])


def _index(number: int) -> Any:
    constant = ast.Constant(number)
    return constant if sys.version_info >= (3, 9) else ast.Index(constant)  # type: ignore[call-arg,unused-ignore]


def _located(made: Any, where: Any) -> Any:
    return ast.copy_location(made, where)
