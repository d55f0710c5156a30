"""From what a file says to the files that it means: the edges of the import graph."""

import posixpath
from collections.abc import Iterator, Mapping
from enum import StrEnum

from maestro.impact.graph.modules import INIT, ModuleIndex
from maestro.impact.graph.reading import Import, Reading
from maestro.impact.settings import Settings


class Verb(StrEnum):
    """How one file depends on another, as a sentence says it."""

    IMPORTS = "imports"
    BELONGS_TO = "belongs to"
    NAMES = "names"
    MAY_LOAD = "may load"
    READS = "may read"
    USES = "uses"


def links_of(
    file: str, readings: Mapping[str, Reading], index: ModuleIndex, settings: Settings
) -> Iterator[tuple[str, Verb]]:
    """The files that ``file`` refers to, the surest way first; some more than once."""
    reading = readings[file]
    for entry in reading.imports:
        for target in _imported(file, entry, index):
            yield target, Verb.IMPORTS
            if posixpath.basename(target) == INIT and entry.name:
                yield from ((found, Verb.IMPORTS) for found in _defining(target, entry.name, readings, index))
    for name in sorted(reading.loading.literal):
        folder, dotted = _anchor(file, name)
        found = index.relative(folder, dotted) if name.startswith(".") else index.absolute(dotted, importer=file)
        yield from ((target, Verb.IMPORTS) for target in found)
    package = posixpath.join(posixpath.dirname(file), INIT)
    if package in index.paths:
        yield index.paths[package], Verb.BELONGS_TO
    for name in sorted(reading.names):
        yield from ((target, Verb.NAMES) for target in index.absolute(name))
    for word in sorted(reading.files):
        yield from ((target, Verb.NAMES) for target in index.by_base_name.get(word, ()))
    for command in sorted(reading.commands & settings.commands.keys()):
        yield from ((target, Verb.NAMES) for target in index.absolute(settings.commands[command]))


def loaded_folders(file: str, reading: Reading, index: ModuleIndex) -> Iterator[str]:
    """The folders of which ``file`` may load any module: by names that it computes, or because nobody can parse it."""
    loading = reading.loading
    if reading.problem or loading.everywhere:
        yield ""
        return
    for prefix in sorted(loading.prefixes):
        folder, dotted = _anchor(file, prefix)
        found = index.relative(folder, dotted) if prefix.startswith(".") else index.absolute(dotted)
        packages = [posixpath.dirname(target) for target in found if posixpath.basename(target) == INIT]
        yield packages[-1] if packages else _own_package(file, index)
    if loading.own_package:
        yield _own_package(file, index)


def _imported(file: str, entry: Import, index: ModuleIndex) -> tuple[str, ...]:
    named = entry.name if entry.name != "*" else ""
    dotted = ".".join(filter(None, (entry.module, named)))
    if not entry.level:
        return index.absolute(dotted, importer=file)
    folder = _up(posixpath.dirname(file), entry.level - 1)
    package = posixpath.join(folder, INIT)
    own = (index.paths[package],) if package in index.paths else ()
    return own + (index.relative(folder, dotted) if dotted else ())


def _defining(package: str, name: str, readings: Mapping[str, Reading], index: ModuleIndex) -> Iterator[str]:
    """The modules from which a package's ``__init__`` takes ``name``: a re-export adds no distance."""
    waiting = [(package, name)]
    seen = set(waiting)
    while waiting:
        facade, wanted = waiting.pop()
        for entry in readings[facade].imports if facade in readings else ():
            if wanted not in {"*", entry.bound} and entry.name != "*":
                continue
            for target in _imported(facade, entry, index):
                yield target
                further = (target, wanted if entry.name == "*" else entry.name)
                if posixpath.basename(target) == INIT and entry.name and further not in seen:
                    seen.add(further)
                    waiting.append(further)


def _anchor(file: str, name: str) -> tuple[str, str]:
    """The folder that a name with leading dots starts from, and the name without them."""
    dotted = name.lstrip(".")
    return _up(posixpath.dirname(file), len(name) - len(dotted) - 1), dotted.strip(".")


def _up(folder: str, levels: int) -> str:
    return "/".join(folder.split("/")[:-levels]) if levels > 0 else folder


def _own_package(file: str, index: ModuleIndex) -> str:
    """The outermost package around ``file``; the top for a file that is in none."""
    folder, outermost = posixpath.dirname(file), ""
    while folder and posixpath.join(folder, INIT) in index.paths:
        outermost = folder
        folder = posixpath.dirname(folder)
    return outermost
