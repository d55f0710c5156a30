"""Modules that code loads by a name it computes. Nobody can know the name without running the code, so what such a
file may load is widened to a known prefix, to its own package, or to everything.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

_BY_NAME = frozenset(
    {"__import__", "find_spec", "import_module", "import_string", "importorskip", "resolve_name", "run_module"}
)
"""Functions whose first argument names a module."""

_BY_PATH = frozenset({"SourceFileLoader", "load_module", "run_path", "spec_from_file_location"})
_BY_LISTING = frozenset({"iter_modules", "walk_packages"})
_EVERYWHERE = frozenset({"entry_points", "iter_entry_points"})
_REGISTRIES = frozenset({"INSTALLED_APPS"})
"""Settings by which a framework imports modules of any package: their names follow its conventions."""

_WORDS = (*_BY_NAME, *_BY_PATH, *_BY_LISTING, *_EVERYWHERE, *_REGISTRIES, "pytest_plugins", "*.py")
"""A file without any of them is not walked."""

_SOURCES_PATTERN = re.compile(r"""\*\.py["'/]""")


@dataclass(frozen=True, slots=True)
class DynamicNames:
    """What a file loads by name: ``literal`` names written out (leading dots are relative), ``prefixes`` of computed
    ones, ``own_package`` and ``everywhere`` where no prefix is known. ``how`` says in words that
    follow the file how a name is computed; a file that only looks for sources by a pattern computes none.
    """

    literal: frozenset[str] = frozenset()
    prefixes: frozenset[str] = frozenset()
    own_package: bool = False
    everywhere: bool = False
    how: str = ""


def dynamic_names(module: ast.Module, text: str) -> DynamicNames:
    """Find the loads by name in one file. Most files have none and are not walked at all."""
    if not any(word in text for word in _WORDS):
        return DynamicNames()
    found = [load for node in ast.walk(module) for load in _loads(node)]
    if _SOURCES_PATTERN.search(text):
        found.append(DynamicNames(everywhere=True))
    return DynamicNames(
        literal=frozenset().union(*(load.literal for load in found)),
        prefixes=frozenset().union(*(load.prefixes for load in found)),
        own_package=any(load.own_package for load in found),
        everywhere=any(load.everywhere for load in found),
        how=next((load.how for load in found if load.how), ""),
    )


def _loads(node: ast.AST) -> Iterator[DynamicNames]:
    if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = {target.id for target in targets if isinstance(target, ast.Name)}
        if "pytest_plugins" in names and node.value is not None:
            yield DynamicNames(literal=_strings(node.value))
        if names & _REGISTRIES:
            yield DynamicNames(everywhere=True, how=f"lists modules for a framework to load (line {node.lineno})")
    elif isinstance(node, ast.Call):
        function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if function in _BY_NAME:
            yield from _by_name(node)
        elif function in _BY_PATH and not any(text.endswith(".py") for text in _strings(node)):
            yield DynamicNames(own_package=True, how=f"loads a file by a computed path (line {node.lineno})")
        elif function in _BY_LISTING:
            yield DynamicNames(own_package=True, how=f"loads the modules that a package holds (line {node.lineno})")
        elif function in _EVERYWHERE:
            yield DynamicNames(everywhere=True, how=f"loads what entry points name (line {node.lineno})")


def _by_name(call: ast.Call) -> Iterator[DynamicNames]:
    arguments = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg in {"name", "modname"})]
    if not arguments:
        return
    start, complete = _known_start(arguments[0])
    if complete:
        packages = [_known_start(argument) for argument in (*call.args[1:2], *_package_keyword(call))]
        anchors = [package for package, known in packages if known and start.startswith(".") and package]
        yield DynamicNames(literal=frozenset({anchors[0] + start if anchors else start}))
        return
    prefix = start.rpartition(".")[0]
    yield DynamicNames(
        prefixes=frozenset({prefix} if prefix.strip(".") else ()),
        own_package=not prefix.strip("."),
        how=f"loads modules by a computed name (line {call.lineno})",
    )


def _package_keyword(call: ast.Call) -> Iterator[ast.expr]:
    yield from (keyword.value for keyword in call.keywords if keyword.arg == "package")


def _known_start(expression: ast.expr) -> tuple[str, bool]:
    """The text that the expression surely begins with, and whether that is all of it."""
    match expression:
        case ast.Constant(value=str(text)):
            return text, True
        case ast.JoinedStr(values=[first, *_]):
            return _known_start(first)[0], False
        case ast.BinOp(left=left, op=ast.Add()):
            return _known_start(left)[0], False
        case ast.BinOp(left=left, op=ast.Mod()):
            return _known_start(left)[0].partition("%")[0], False
        case ast.Call(func=ast.Attribute(value=template, attr="format")):
            return _known_start(template)[0].partition("{")[0], False
        case _:
            return "", False


def _strings(node: ast.AST) -> frozenset[str]:
    return frozenset(
        inner.value for inner in ast.walk(node) if isinstance(inner, ast.Constant) and isinstance(inner.value, str)
    )
