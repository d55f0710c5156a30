"""What one Python file refers to, from its text alone: imports, and modules, files and commands that it quotes.

Quoted names count because tests patch, spawn and load by name; one too many costs a test, one too few costs a failure.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from maestro.impact.graph.loading import DynamicNames, dynamic_names
from maestro.impact.graph.parsing import parse

SIZE_LIMIT_BYTES = 2_000_000
"""Larger files are taken for generated ones: parsing needs about a hundred times as much memory."""


@dataclass(frozen=True, slots=True)
class Import:
    """``from <level dots><module> import <name> as <bound>``; ``name`` is empty for ``import module``, or ``*``."""

    level: int
    module: str
    name: str = ""
    bound: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file refers to. ``problem`` says why it cannot be judged, in words that follow the file's name; ``hooks``
    is true where it defines pytest hooks.
    """

    imports: tuple[Import, ...] = ()
    names: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()
    commands: frozenset[str] = frozenset()
    loading: DynamicNames = field(default_factory=DynamicNames)
    hooks: bool = False
    problem: str = ""


def read_file(path: Path, *, tops: frozenset[str]) -> Reading:
    """Read one file; ``tops`` are the first parts of the names that can mean a file of this tree."""
    try:
        if path.stat().st_size > SIZE_LIMIT_BYTES:
            return Reading(problem=f"is larger than {SIZE_LIMIT_BYTES} bytes")
        return _read(path.read_bytes(), tops)
    except OSError as error:
        return Reading(problem=f"cannot be read ({error.strerror})")


def _read(source: bytes, tops: frozenset[str]) -> Reading:
    module = parse(source)
    if isinstance(module, str):
        return Reading(problem=module)
    text = source.decode(errors="replace")
    imports = list(dict.fromkeys(_imports(module)))
    return Reading(
        imports=(*imports, *_used_attributes(imports, text, tops)),
        names=frozenset(_quoted_names(text, tops)),
        files=frozenset(_PROSE_FILES.findall(text)) | frozenset(_SCRIPTS.findall(text) if ".py" in text else ()),
        commands=frozenset(_COMMANDS.findall(text) if any(word in text for word in _SPAWNS) else ()),
        loading=dynamic_names(module, text),
        hooks="pytest_" in text and _HOOKS.search(text) is not None,
    )


_SUITE = ("body", "orelse", "finalbody", "handlers")
_BLOCKS: dict[type[ast.AST], tuple[str, ...]] = {
    **dict.fromkeys(
        (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.ExceptHandler, ast.match_case), ("body",)
    ),
    **dict.fromkeys((ast.With, ast.AsyncWith), ("body",)),
    **dict.fromkeys((ast.If, ast.For, ast.AsyncFor, ast.While), ("body", "orelse")),
    **dict.fromkeys((ast.Try, ast.TryStar), _SUITE),
    ast.Match: ("cases",),
}
"""Where statements hold further statements."""


def _imports(module: ast.Module) -> Iterator[Import]:
    """All import statements, also in functions, branches and ``TYPE_CHECKING``. Expressions hold none."""
    waiting: list[ast.AST] = list(reversed(module.body))
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(0, alias.name, bound=alias.asname or alias.name.partition(".")[0])
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield Import(node.level, node.module or "", alias.name, alias.asname or alias.name)
        else:
            for block in _BLOCKS.get(type(node), ()):
                waiting.extend(reversed(getattr(node, block)))


def _used_attributes(imports: list[Import], text: str, tops: frozenset[str]) -> Iterator[Import]:
    """``import shop`` and later ``shop.total`` refers to the same as ``from shop import total``."""
    modules = {entry.bound: entry.module for entry in imports if not entry.name and entry.module.split(".")[0] in tops}
    if not modules:
        return
    for name, attribute in sorted(set(_ATTRIBUTE.findall(text))):
        if name in modules:
            package = name if modules[name].split(".")[0] == name else modules[name]
            yield Import(0, package, attribute)


def _quoted_names(text: str, tops: frozenset[str]) -> Iterator[str]:
    for match in _DOTTED.finditer(text):
        yield match[1]
    for match in _RUN_AS_MODULE.finditer(text):
        yield match[1]
        yield f"{match[1]}.__main__"
    for match in _IMPORT_IN_TEXT.finditer(text):
        for name in (part.strip(" .") for part in match[1].split(",")):
            if name.split(".")[0] in tops:
                yield name
                yield from (f"{name}.{member.strip()}" for member in (match[2] or "").split(",") if member.strip())


_ATTRIBUTE = re.compile(r"(?<![\w.])(\w+)\.(\w+)")

# The counts are bounded so that a hostile file costs time in proportion to its size.

_DOTTED = re.compile(r"""["']([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)(?=["':\[\\])""")
"""A quoted dotted name: ``patch("shop.price.tax")``, ``"shop.web:app"``."""

_RUN_AS_MODULE = re.compile(r"""(?<![\w-])-m["',\s]{1,20}([A-Za-z_]\w*(?:\.\w+)*)""")
"""``python -m shop``, as one string or as a list of words."""

_IMPORT_IN_TEXT = re.compile(
    r"\b(?:from|import)[ ]{1,4}(\w[\w.]{0,200}(?:,[ ]{0,4}\w[\w.]{0,200}){0,20})"
    r"(?:[ ]{1,4}import[ ]{1,4}\(?([\w, ]{1,400}))?"
)
"""Code in strings: ``python -c``, files that a test writes, doctests."""

_PROSE_FILES = re.compile(
    r"""["'/}]([\w.*-]{0,100}\.(?:md|markdown|rst|txt|adoc|svg|png|jpe?g|gif)|docs?|documentation|[A-Z]{5,40})["'/]"""
)
"""The last part of a quoted file name or pattern, folders of documentation, and names like LICENSE."""

_SCRIPTS = re.compile(r"""(?<![\w-])([\w-]{1,100}\.py)(?=["'\s])""")
_SPAWNS = ("subprocess", "Popen", "os.system", "pexpect", "script_runner", "which(")
_COMMANDS = re.compile(r"""["']([A-Za-z][\w-]*)(?=["'\s])""")
_HOOKS = re.compile(r"^[ \t]*(?:async )?def pytest_|^pytest_(?!plugins\b)\w+[ ]?=", re.MULTILINE)
