"""Finds the files of a head that say what it depends on, and reads each by its kind.

A file that is there and cannot be read is named with the reason; nothing that a file holds raises.
"""

import posixpath
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from maestro.errors import BadInput
from maestro.sbom import gem_locks, go_locks, npm_locks, other_locks, pnpm_locks, python_locks, yarn_locks
from maestro.sbom.declared import MANIFESTS, PYTHON_LOCKS, STATIC_PYTHON, UNREADABLE_MANIFESTS, is_answered
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
    folder = posixpath.dirname(path)
    above = {folder, ""}
    while folder:
        folder = posixpath.dirname(folder)
        above.add(folder)
    return frozenset().union(*(names for each, names in pinned.items() if posixpath.dirname(each) in above))


def _read_manifest(path: str, head: Head, pinned: dict[str, frozenset[str]], found: Found) -> None:
    name = posixpath.basename(path)
    if name == "setup.py":
        if not _says_itself(path, head, pinned):
            found.unread[path] = "it would have to be run to say what it asks for, and nothing else says it"
    elif name in UNREADABLE_MANIFESTS:
        if not is_answered(path, UNREADABLE_MANIFESTS[name], head.entries):
            found.unread[path] = "there is no reader for files of its kind, and no lock file beside it"
    elif name in MANIFESTS:
        ecosystem, read, answers = MANIFESTS[name]
        if is_answered(path, answers, head.entries) or (ecosystem is Ecosystem.PYPI and _named_pylock(path, head)):
            return
        known = _pinned_for(path, pinned) if ecosystem is Ecosystem.PYPI else frozenset[str]()
        try:
            asked: Iterable[str] = read(head.read(path))
        except BadInput as error:
            found.unread[path] = error.message
        else:
            found.unpinned.update(Unpinned(ecosystem, each, path) for each in asked if each not in known)


def _says_itself(path: str, head: Head, pinned: dict[str, frozenset[str]]) -> bool:
    """Whether something else than ``setup.py`` says what the project in its folder asks for."""
    if is_answered(path, PYTHON_LOCKS, head.entries) or _named_pylock(path, head) or _pinned_for(path, pinned):
        return True
    folder = posixpath.dirname(path)
    for name in ("pyproject.toml", "setup.cfg"):
        try:
            if STATIC_PYTHON.search(text_of(head.read(posixpath.join(folder, name)))):
                return True
        except BadInput:
            continue
    return False


def _named_pylock(path: str, head: Head) -> bool:
    folder = posixpath.dirname(path)
    return any(
        posixpath.dirname(each) == folder and _NAMED_PYLOCK.fullmatch(posixpath.basename(each)) for each in head.entries
    )
