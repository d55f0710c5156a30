"""Finds the files of a head that say what it depends on, and reads each by its kind.

A file that is there and cannot be read is named with the reason; nothing that a file holds raises.
"""

import contextlib
import posixpath
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from maestro.errors import BadInput
from maestro.sbom import gem_locks, go_locks, npm_locks, other_locks, pnpm_locks, python_locks, yarn_locks
from maestro.sbom.declared import MANIFESTS, PYTHON_LOCKS, STATIC_PYTHON, UNREADABLE_MANIFESTS
from maestro.sbom.head import Head
from maestro.sbom.locked import Content, Ecosystem, Unpinned
from maestro.sbom.requirements import Requirements, is_constraints, is_requirements, read_requirements
from maestro.sbom.untrusted import text_of

Reader = Callable[[bytes], Content]

READERS: Final[dict[str, tuple[Ecosystem, Reader]]] = {
    "uv.lock": (Ecosystem.PYPI, python_locks.read_uv),
    "poetry.lock": (Ecosystem.PYPI, python_locks.read_poetry),
    "pdm.lock": (Ecosystem.PYPI, python_locks.read_pdm),
    "Pipfile.lock": (Ecosystem.PYPI, python_locks.read_pipfile),
    "pylock.toml": (Ecosystem.PYPI, python_locks.read_pylock),
    "package-lock.json": (Ecosystem.NPM, npm_locks.read_npm),
    "npm-shrinkwrap.json": (Ecosystem.NPM, npm_locks.read_npm),
    "yarn.lock": (Ecosystem.NPM, yarn_locks.read_yarn),
    "pnpm-lock.yaml": (Ecosystem.NPM, pnpm_locks.read_pnpm),
    "Cargo.lock": (Ecosystem.CRATES, other_locks.read_cargo),
    "composer.lock": (Ecosystem.PACKAGIST, other_locks.read_composer),
    "gradle.lockfile": (Ecosystem.MAVEN, other_locks.read_gradle),
    "buildscript-gradle.lockfile": (Ecosystem.MAVEN, other_locks.read_gradle),
    "Gemfile.lock": (Ecosystem.RUBYGEMS, gem_locks.read_gems),
    "gems.locked": (Ecosystem.RUBYGEMS, gem_locks.read_gems),
}
"""Lock files by file name. Go's are apart: two files of a folder are read together."""

NO_READER: Final = frozenset(
    {
        "Cartfile.resolved",
        "Gopkg.lock",
        "Manifest.toml",
        "Package.resolved",
        "Podfile.lock",
        "bun.lock",
        "bun.lockb",
        "cabal.project.freeze",
        "conan.lock",
        "conda-lock.yml",
        "deno.lock",
        "glide.lock",
        "mix.lock",
        "packages.lock.json",
        "paket.lock",
        "pixi.lock",
        "pubspec.lock",
        "rebar.lock",
        "renv.lock",
        "stack.yaml.lock",
    }
)
"""Lock files of ecosystems that have no reader here: their dependencies are there and not known."""

_NAMED_PYLOCK: Final = re.compile(r"pylock\.[^.]+\.toml")


@dataclass
class Found:
    """What was read by path, what was not and why, and what has no exact version."""

    read: dict[str, tuple[Ecosystem, Content]] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)
    unpinned: set[Unpinned] = field(default_factory=set)


def find(head: Head) -> Found:
    """Read everything in ``head`` that says what it depends on."""
    found = Found()
    paths = sorted(path for path in head.entries if _is_wanted(path))
    head.load(paths)
    for path in paths:
        name = posixpath.basename(path)
        reader = _reader(name)
        if reader is not None:
            _read(path, reader, head, found)
        elif name in NO_READER:
            found.unread[path] = "there is no reader for files of its kind"
        elif name in {"go.mod", "go.sum"}:
            _read_go(path, head, found)
    pinned = _read_requirements([path for path in paths if is_requirements(path)], head, found)
    for path in paths:
        if "node_modules" not in path.split("/"):
            _read_manifest(path, head, pinned, found)
    for path, (ecosystem, content) in found.read.items():
        found.unpinned.update(Unpinned(ecosystem, name, path) for name in content.unpinned)
    return found


def _is_wanted(path: str) -> bool:
    name = posixpath.basename(path)
    known = (NO_READER, MANIFESTS, UNREADABLE_MANIFESTS, {"go.mod", "go.sum", "setup.py"})
    return _reader(name) is not None or is_requirements(path) or any(name in each for each in known)


def _reader(name: str) -> tuple[Ecosystem, Reader] | None:
    return READERS["pylock.toml"] if _NAMED_PYLOCK.fullmatch(name) else READERS.get(name)


def _read(path: str, reader: tuple[Ecosystem, Reader], head: Head, found: Found) -> None:
    ecosystem, read = reader
    try:
        found.read[path] = (ecosystem, read(head.read(path)))
    except BadInput as error:
        found.unread[path] = error.message


def _read_go(path: str, head: Head, found: Found) -> None:
    other = posixpath.join(posixpath.dirname(path), "go.sum" if path.endswith("go.mod") else "go.mod")
    if path.endswith("go.sum"):
        if other not in head.entries:
            found.unread[path] = "there is no go.mod beside it"
        elif other in found.read:
            found.read[path] = (Ecosystem.GO, Content())
        return
    try:
        sums = head.read(other) if other in head.entries else None
        found.read[path] = (Ecosystem.GO, go_locks.read_go(head.read(path), sums))
    except BadInput as error:
        found.unread[path] = error.message


def _read_requirements(paths: list[str], head: Head, found: Found) -> dict[str, frozenset[str]]:
    """Read them and what they include; answers the names that each file and its includes pin."""
    files: dict[str, Requirements] = {}
    waiting = list(reversed(paths))
    while waiting:
        path = waiting.pop()
        if path in files or path in found.unread:
            continue
        try:
            files[path] = read_requirements(path, head.read(path))
        except BadInput as error:
            found.unread[path] = error.message
            continue
        waiting.extend(files[path].includes)
    own = {path: frozenset(each.package.name for each in file.locked) for path, file in files.items()}
    pinned = {path: frozenset().union(*(own[each] for each in _closure(path, files))) for path in files}
    for path, file in files.items():
        beside = _pinned_for(path, {each: names for each, names in pinned.items() if is_constraints(each)})
        known = pinned[path] | beside
        open_ = () if is_constraints(path) else tuple(name for name in file.unpinned if name not in known)
        found.read[path] = (Ecosystem.PYPI, Content(tuple(file.locked), open_))
    return pinned


def _closure(path: str, files: dict[str, Requirements]) -> set[str]:
    seen, waiting = set[str](), [path]
    while waiting:
        at = waiting.pop()
        if at in files and at not in seen:
            seen.add(at)
            waiting.extend(files[at].includes)
    return seen


def _pinned_for(path: str, pinned: dict[str, frozenset[str]]) -> frozenset[str]:
    """The names that files in the folder of ``path`` or above it pin."""
    above = {posixpath.dirname(path), *_folders_above(path)}
    return frozenset().union(*(names for each, names in pinned.items() if posixpath.dirname(each) in above))


def _folders_above(path: str) -> list[str]:
    folder, found = posixpath.dirname(path), []
    while folder:
        folder = posixpath.dirname(folder)
        found.append(folder)
    return found


def _read_manifest(path: str, head: Head, pinned: dict[str, frozenset[str]], found: Found) -> None:
    folder, name = posixpath.split(path)
    if name == "setup.py":
        if not _says_itself(folder, head, pinned):
            found.unread[path] = "it would have to be run to say what it asks for, and nothing beside it says it"
    elif name in UNREADABLE_MANIFESTS:
        if not _has_any(folder, UNREADABLE_MANIFESTS[name], head):
            found.unread[path] = "there is no reader for files of its kind, and no lock file beside it"
    elif name in MANIFESTS:
        ecosystem, read, answers = MANIFESTS[name]
        if _has_any(folder, answers, head):
            return
        known = _pinned_for(path, pinned) if ecosystem is Ecosystem.PYPI else frozenset[str]()
        try:
            asked: Iterable[str] = read(head.read(path))
        except BadInput as error:
            found.unread[path] = error.message
        else:
            # A lock file further up may be that of a workspace, or of a project that has nothing to do with this one.
            known |= _locked_above(path, answers, found)
            found.unpinned.update(Unpinned(ecosystem, each, path) for each in asked if each not in known)


def _locked_above(path: str, answers: Iterable[str], found: Found) -> frozenset[str]:
    """The names in lock files further up."""
    above = (posixpath.join(folder, name) for folder in _folders_above(path) for name in answers)
    return frozenset(
        locked.package.name for each in above if each in found.read for locked in found.read[each][1].locked
    )


def _has_any(folder: str, names: Iterable[str], head: Head) -> bool:
    """Whether one of these files lies in the folder; those of PEP 751 may have a name of their own."""
    wanted = tuple(names)
    if any(posixpath.join(folder, name) in head.entries for name in wanted):
        return True
    return "pylock.toml" in wanted and folder in head.folders_of(_NAMED_PYLOCK)


def _says_itself(folder: str, head: Head, pinned: dict[str, frozenset[str]]) -> bool:
    """Whether something else than ``setup.py`` says what the project in its folder asks for, or there is no project: in
    a package it is a module like any other.
    """
    if posixpath.join(folder, "__init__.py") in head.entries:
        return True
    if _has_any(folder, PYTHON_LOCKS, head) or any(posixpath.dirname(each) == folder for each in pinned):
        return True
    for name in ("pyproject.toml", "setup.cfg"):
        with contextlib.suppress(BadInput):
            if STATIC_PYTHON.search(text_of(head.read(posixpath.join(folder, name)))):
                return True
    return False
