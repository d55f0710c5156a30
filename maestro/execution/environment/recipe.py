"""Reads from a project's own files what its tests need, without running anything of it.

The files come from the pull request: only regular files inside the worktree are read, and nothing in them is trusted
to be well formed.
"""

import ast
import configparser
import posixpath
import re
import tomllib
from pathlib import Path
from typing import Any

from maestro.config.project import ProjectConfig
from maestro.errors import BadInput
from maestro.model.base import Model

TEST_NAMES = frozenset({"test", "tests", "testing"})
DEVELOPMENT_NAMES = frozenset({"dev", "develop", "development"})

_BUILD_FILES = (
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "uv.lock",
    "poetry.lock",
    "pdm.lock",
)
_INCLUDE = re.compile(r"^\s*(?:-r|-c|--requirement|--constraint)[ =]?\s*(\S+)", re.MULTILINE)

_REQUIREMENT_FOLDERS = (".", "requirements", "tests", "test", "dev")

_DECLARATIVE_BACKENDS = frozenset(
    {
        "flit_core.buildapi",
        "hatchling.build",
        "pdm.backend",
        "poetry.core.masonry.api",
        "setuptools.build_meta",
        "uv_build",
    }
)
"""Build backends that run code of the tree only where the settings below ask for it."""


class Recipe(Model):
    """What is installed. Each tuple keeps a fixed order, so that equal projects give equal recipes.

    ``editable`` says that there is a package to install; ``declared`` that its dependencies stand in the file and can
    be installed without building it; ``runs_tree_code`` that building it may run code of the pull request.
    ``files`` are all files that decide what is installed.
    """

    editable: bool = False
    declared: bool = False
    runs_tree_code: bool = False
    locked: bool = False
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    requirement_files: tuple[str, ...] = ()
    install: tuple[str, ...] = ()
    requires_python: str = ""
    files: tuple[str, ...] = ()


def read_recipe(worktree: Path, project: ProjectConfig) -> Recipe:
    """The recipe of the project in ``worktree``. ``BadInput`` names the file that cannot be read, and the fix."""
    pyproject = _toml(worktree, "pyproject.toml")
    table = _table(pyproject, "project")
    legacy = [name for name in ("setup.py", "setup.cfg") if is_own_file(worktree, name)]
    editable = bool(_table(pyproject, "build-system") or "poetry" in _table(pyproject, "tool") or legacy)
    requirements = _requirement_files(worktree)
    extras, groups, tests_files = _test_needs(
        extras=_extras(worktree, pyproject),
        groups=tuple(_table(pyproject, "dependency-groups")),
        files=requirements,
        project=project,
    )
    declared = bool(table) and "dependencies" not in table.get("dynamic", [])
    # Without metadata of its own, what the project needs to run stands in the plain requirements file.
    plain = () if table or editable else tuple(name for name in requirements if name == "requirements.txt")
    return Recipe(
        editable=editable,
        declared=declared and "optional-dependencies" not in table.get("dynamic", []),
        runs_tree_code=editable and _runs_tree_code(worktree, pyproject),
        locked=declared and is_own_file(worktree, "uv.lock"),
        extras=extras,
        groups=groups,
        requirement_files=tuple(dict.fromkeys((*plain, *tests_files))),
        install=project.environment.install,
        requires_python=project.environment.python or _text(table.get("requires-python")),
        files=_with_included(worktree, (*_BUILD_FILES, *requirements)),
    )


def is_own_file(worktree: Path, name: str) -> bool:
    """Whether ``name`` is a regular file of the worktree, and no link that could show a file of this machine."""
    path = worktree / name
    return path.is_file() and path.resolve() == worktree.resolve() / name


def _toml(worktree: Path, name: str) -> dict[str, Any]:
    if not is_own_file(worktree, name):
        return {}
    try:
        return tomllib.loads((worktree / name).read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"the file is no TOML: {error}", field=name, fix="mend the line that is named") from error


def _table(parent: dict[str, Any], name: str) -> dict[str, Any]:
    value = parent.get(name)
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _test_needs(
    *, extras: tuple[str, ...], groups: tuple[str, ...], files: tuple[str, ...], project: ProjectConfig
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The extras, groups and files that tests need: what ``maestro.yaml`` says, else those named for tests, else for
    development (which often bring far more).
    """
    if project.tests.extras or project.tests.groups:
        return project.tests.extras, project.tests.groups, ()
    for names in (TEST_NAMES, DEVELOPMENT_NAMES):
        found = tuple(tuple(sorted(each for each in kind if _words(each) & names)) for kind in (extras, groups, files))
        if any(found):
            return found[0], found[1], found[2]
    return (), (), ()


def _words(name: str) -> set[str]:
    return set(re.split(r"[^a-z]+", name.lower().removesuffix(".txt")))


def _requirement_files(worktree: Path) -> tuple[str, ...]:
    found = []
    for folder in _REQUIREMENT_FOLDERS:
        for path in sorted((worktree / folder).glob("*.txt")):
            name = path.relative_to(worktree).as_posix()
            if ("requirement" in name or "reqs" in name) and is_own_file(worktree, name):
                found.append(name)
    return tuple(found)


def _with_included(worktree: Path, names: tuple[str, ...]) -> tuple[str, ...]:
    """The files of ``names`` that exist, with the requirement files that they include, and so on."""
    found: dict[str, None] = {}
    waiting = [name for name in reversed(names) if is_own_file(worktree, name)]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found[name] = None
        if name.endswith((".txt", ".in")):
            folder, text = posixpath.dirname(name), (worktree / name).read_text(encoding="utf-8", errors="replace")
            included = [posixpath.normpath(posixpath.join(folder, path)) for path in _INCLUDE.findall(text)]
            waiting.extend(path for path in included if is_own_file(worktree, path))
    return tuple(found)


def _extras(worktree: Path, pyproject: dict[str, Any]) -> tuple[str, ...]:
    declared = _table(_table(pyproject, "project"), "optional-dependencies")
    poetry = _table(_table(_table(pyproject, "tool"), "poetry"), "extras")
    return tuple(dict.fromkeys((*declared, *poetry, *_setup_cfg_extras(worktree), *_setup_py_extras(worktree))))


def _setup_cfg_extras(worktree: Path) -> tuple[str, ...]:
    if not is_own_file(worktree, "setup.cfg"):
        return ()
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string((worktree / "setup.cfg").read_text(encoding="utf-8"))
    except (configparser.Error, UnicodeDecodeError) as error:
        raise BadInput(f"the file cannot be read: {error}", field="setup.cfg", fix="mend the line named") from error
    section = "options.extras_require"
    return tuple(parser.options(section)) if parser.has_section(section) else ()


def _setup_py_extras(worktree: Path) -> tuple[str, ...]:
    """The keys of a literal ``extras_require``; one that is computed is not seen."""
    if not is_own_file(worktree, "setup.py"):
        return ()
    try:
        tree = ast.parse((worktree / "setup.py").read_bytes())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        # The build will say what is wrong with it, with the interpreter's own words.
        return ()
    return tuple(
        key.value
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg == "extras_require" and isinstance(node.value, ast.Dict)
        for key in node.value.keys
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    )


def _runs_tree_code(worktree: Path, pyproject: dict[str, Any]) -> bool:
    """Whether building may run code of the tree; a backend that is not known to be declarative may."""
    build = _table(pyproject, "build-system")
    backend = _text(build.get("build-backend")) or "setuptools.build_meta"
    if is_own_file(worktree, "setup.py") or "backend-path" in build or backend not in _DECLARATIVE_BACKENDS:
        return True
    tool = _table(pyproject, "tool")
    attributes = _table(_table(tool, "setuptools"), "dynamic").values()
    return any(
        (
            _mentions(_table(tool, "hatch"), "hooks"),
            _table(_table(tool, "hatch"), "version").get("source") not in {None, "regex", "vcs"},
            "build" in _table(tool, "poetry"),
            _mentions(_table(tool, "pdm"), "custom-hook")
            or _table(_table(tool, "pdm"), "version").get("source") == "call",
            any(isinstance(value, dict) and "attr" in value for value in attributes),
            is_own_file(worktree, "pdm_build.py") or is_own_file(worktree, "hatch_build.py"),
            is_own_file(worktree, "setup.cfg") and "attr:" in (worktree / "setup.cfg").read_text(errors="replace"),
            _mentions(_table(tool, "setuptools"), "cmdclass") or _mentions(_table(tool, "setuptools"), "ext-modules"),
        )
    )


def _mentions(table: dict[str, Any], key: str) -> bool:
    return key in table or any(_mentions(value, key) for value in table.values() if isinstance(value, dict))
