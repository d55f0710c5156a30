"""What the import graph can say about a changed file, and what it cannot: in doubt it cannot, and says why."""

import posixpath
import re
from collections.abc import Collection

from maestro.impact.changes import Change, ChangeKind
from maestro.impact.graph.imports import ImportGraph, folders_above
from maestro.impact.graph.modules import CONFTEST, INIT
from maestro.impact.names import shown
from maestro.impact.settings import SETTINGS_FILES

_DOCUMENTATION_FOLDERS = frozenset({"doc", "docs", "documentation"})
_PROSE = frozenset({".adoc", ".markdown", ".md", ".rst"})
_IN_DOCUMENTATION_FOLDERS = _PROSE | {".gif", ".jpeg", ".jpg", ".png", ".svg", ".txt"}
_TOP_LEVEL_PROSE = re.compile(
    r"(AUTHORS|CHANGELOG|CHANGES|CODE_OF_CONDUCT|CONTRIBUTING|CONTRIBUTORS|COPYING|CREDITS|HISTORY|LICEN[CS]E|NEWS"
    r"|NOTICE|README|SECURITY|THANKS)([.-][\w.-]+)?(\.(adoc|markdown|md|rst|txt))?",
    re.IGNORECASE,
)
_REQUIREMENTS = re.compile(
    r"(constraints|requirements|requires).*\.(txt|in)|.*\.lock|Pipfile|poetry\.toml|environment.*\.ya?ml"
)
_SCRIPTS = frozenset({"hatch_build.py", "setup.py", "sitecustomize.py", "usercustomize.py"})
_LOADED_BY_CONVENTION = frozenset({"commands", "migrations", "plugins", "templatetags", "versions"})
"""Folders whose modules a framework loads by their place, so that nothing imports them."""


def is_documentation(change: Change, graph: ImportGraph) -> bool:
    """Prose that neither the build nor Python code takes in, under both of its names if it was renamed."""
    if change.symlink or change.submodule or change.kind is ChangeKind.UNKNOWN:
        return False
    return all(_is_prose(path, graph) for path in filter(None, (change.path, change.old_path)))


def _is_prose(path: str, graph: ImportGraph) -> bool:
    top, name, suffix = path.partition("/")[0], posixpath.basename(path), posixpath.splitext(path)[1].lower()
    if _REQUIREMENTS.fullmatch(name):
        return False
    if top == path:
        return suffix in _PROSE or _TOP_LEVEL_PROSE.fullmatch(name) is not None
    if top in _DOCUMENTATION_FOLDERS and f"{top}/{INIT}" not in graph.files:
        return suffix in _IN_DOCUMENTATION_FOLDERS
    return suffix in _PROSE and not graph.code_folders.intersection(folders_above(path)[:-1])


def why_not_judged(
    change: Change, graph: ImportGraph, *, added: Collection[str], test_files: Collection[str] = frozenset()
) -> str:
    """Why the graph cannot say which tests the change needs, as a sentence that names the file; empty if it can.

    ``added`` are the paths that the pull request brings, ``test_files`` those that hold tests.
    """
    clause = _by_kind(change, graph) or (_by_place(change, graph, added) or _by_absence(change, graph))
    if not clause and change.path not in test_files:
        clause = _by_role(change, graph) or _by_content(change, graph)
    return f"{shown(change.path)} {clause}" if clause else ""


def _by_kind(change: Change, graph: ImportGraph) -> str:
    if change.submodule:
        return "is a submodule: another repository changed"
    if change.symlink:
        return "is a symbolic link, or was one"
    if change.kind is ChangeKind.UNKNOWN:
        return "has a status that git does not explain"
    return "" if _is_python(change) or is_documentation(change, graph) else _not_python(change)


def _is_python(change: Change) -> bool:
    return all(path.endswith(".py") for path in filter(None, (change.path, change.old_path)))


def _not_python(change: Change) -> str:
    return _environment(change.path) or "is not Python: data or code that any test may use"


def is_environment(path: str) -> bool:
    """The file decides what is installed or how tests run: who opens it says nothing about who depends on it."""
    return bool(_environment(path))


def _environment(path: str) -> str:
    name = posixpath.basename(path)
    if name in SETTINGS_FILES:
        return "configures the build or the tests"
    return "says which dependencies are installed" if _REQUIREMENTS.fullmatch(name) else ""


def _by_place(change: Change, graph: ImportGraph, added: Collection[str]) -> str:
    folder, name = posixpath.split(change.path)
    names = {name, posixpath.basename(change.old_path)}
    if CONFTEST in names and (change.path in graph.hooks or change.gone):
        return f"{'is gone' if change.gone else 'has pytest hooks'}, and hooks act on every test"
    if INIT in names and not folder:
        return "makes the whole repository a package"
    if INIT in names and change.kind is not ChangeKind.MODIFIED and _has_older_neighbours(change, graph, added):
        return f"was {change.kind}, which changes the name of every module beside it"
    return ""


def _has_older_neighbours(change: Change, graph: ImportGraph, added: Collection[str]) -> bool:
    folders = {posixpath.dirname(path) for path in filter(None, (change.path, change.old_path))}
    return any(
        posixpath.dirname(file) in folders and file.endswith(".py") and file not in added and file != change.path
        for file in graph.files
    )


def _by_absence(change: Change, graph: ImportGraph) -> str:
    if change.kind is not ChangeKind.DELETED and change.path.endswith(".py") and change.path not in graph.files:
        return "is not in the worktree that was read"
    if not change.gone.endswith(".py"):
        return ""
    if change.gone not in graph.gone:
        return "is gone, and the graph does not know who used it"
    user = next(graph.referring_to(change.gone), None)
    if user is None:
        return ""
    return f"was {shown(change.old_path) or 'deleted'}, and {shown(user.file)} still {user.verb} it"


def _by_role(change: Change, graph: ImportGraph) -> str:
    folder, name = posixpath.split(change.path)
    called = name in graph.scripts and name != CONFTEST and posixpath.join(folder, INIT) not in graph.files
    return "takes part in the build or in the start of every Python process" if called or name in _SCRIPTS else ""


def _by_content(change: Change, graph: ImportGraph) -> str:
    """Reasons that do not hold for a file of tests, which is run as a whole in any case."""
    if change.kind is ChangeKind.DELETED or not change.path.endswith(".py"):
        return ""
    if clause := graph.problems.get(change.path) or graph.computed.get(change.path):
        return clause
    folder, name = posixpath.split(change.path)
    if posixpath.join(folder, INIT) not in graph.files or graph.importers.get(change.path):
        return ""
    if posixpath.basename(folder) in _LOADED_BY_CONVENTION:
        return f"is in {posixpath.basename(folder)}, from where frameworks load modules that nothing imports"
    return "" if name.removesuffix(".py").isidentifier() else "cannot be imported by its name, so something loads it"
