"""The static import graph of a worktree: which Python file refers to which, read without running anything.

An edge too many runs a test for nothing, an edge too few lets a failure through; in doubt there is an edge.
"""

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from maestro.impact.graph.links import Verb, links_of, loaded_folders
from maestro.impact.graph.modules import CONFTEST, INIT, index_modules
from maestro.impact.graph.reading import Reading, read_file
from maestro.impact.graph.tree import read_tree
from maestro.impact.settings import read_settings


@dataclass(frozen=True, slots=True)
class Importer:
    """A file that refers to another, and how."""

    file: str
    verb: Verb


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportGraph:
    """Who refers to whom. Paths are relative to the top of the worktree, with ``/``.

    ``code_folders`` hold Python files themselves. ``gone`` are paths that the pull request took away; they keep a
    place, so that who still imports them is known. ``loaders`` maps a folder to the files that may load any module
    below it; the empty folder is the top. ``session`` are the files that act on every test, ``hooks`` the conftest.py
    files among them. ``problems`` and ``computed`` say, in words that follow the file's name, why a file cannot be
    judged and how it loads modules by computed names. ``scripts`` are base names that the settings call.
    """

    files: frozenset[str]
    code_folders: frozenset[str]
    gone: frozenset[str]
    importers: Mapping[str, tuple[Importer, ...]]
    loaders: Mapping[str, tuple[str, ...]]
    quoting: Mapping[str, tuple[str, ...]]
    session: tuple[str, ...]
    hooks: frozenset[str]
    problems: Mapping[str, str]
    computed: Mapping[str, str]
    scripts: frozenset[str]

    @classmethod
    def of(cls, worktree: Path, *, gone: Iterable[str] = ()) -> Self:
        """Read the graph of a checked-out tree; ``gone`` are the paths that the pull request deleted or renamed.

        ``BadInput`` when the worktree cannot be listed. A file that cannot be parsed is no error: it may load anything.
        """
        tree = read_tree(worktree)
        ghosts = frozenset(gone) - tree.files
        index = index_modules(tree.files | ghosts, tree.aliases())
        settings = read_settings(worktree, tree.files)
        python = sorted(file for file in tree.files if file.endswith(".py"))
        readings = {file: read_file(worktree / file, tops=index.tops) for file in python}
        importers: defaultdict[str, dict[str, Verb]] = defaultdict(dict)
        for file in python:
            for target, verb in links_of(file, readings, index, settings):
                if target != file:
                    importers[target].setdefault(file, verb)
        loaders: defaultdict[str, list[str]] = defaultdict(list)
        for file in python:
            for folder in loaded_folders(file, readings[file], index):
                loaders[folder].append(file)
        hooks = frozenset(
            file for file, reading in readings.items() if reading.hooks and posixpath.basename(file) == CONFTEST
        )
        plugins = {file for name in settings.plugins for file in index.absolute(name)}
        return cls(
            files=tree.files,
            code_folders=frozenset(posixpath.dirname(file) for file in python),
            gone=ghosts,
            importers={
                target: tuple(Importer(file, found[file]) for file in sorted(found, key=_most_telling_first))
                for target, found in importers.items()
            },
            loaders={folder: tuple(found) for folder, found in loaders.items()},
            quoting=_quoting(readings),
            session=tuple(sorted(hooks | plugins)),
            hooks=hooks,
            problems={file: reading.problem for file, reading in readings.items() if reading.problem},
            computed={file: reading.loading.how for file, reading in readings.items() if reading.loading.how},
            scripts=settings.scripts,
        )

    def referring_to(self, file: str) -> Iterator[Importer]:
        """The files that refer to ``file`` directly, in a stable order."""
        yield from self.importers.get(file, ())
        if not file.endswith(".py"):
            words = dict.fromkeys((*file.split("/"), posixpath.splitext(file)[1]))
            readers = {reader for word in words for reader in self.quoting.get(word, ())}
            yield from (Importer(reader, Verb.READS) for reader in sorted(readers))

    def behind(self, test_file: str) -> tuple[str, ...]:
        """The files that pytest loads for a test beside its own: every conftest.py above it, and what acts on all."""
        conftests = (posixpath.join(folder, CONFTEST) for folder in folders_above(test_file))
        found = (file for file in conftests if file in self.files)
        return tuple(file for file in dict.fromkeys((*found, *self.session)) if file != test_file)


def folders_above(file: str) -> tuple[str, ...]:
    """The folders that hold ``file``, innermost first; the last is the top, the empty path."""
    folders = []
    while file:
        file = posixpath.dirname(file)
        folders.append(file)
    return tuple(folders)


def _most_telling_first(file: str) -> tuple[bool, str]:
    """Of two chains of the same length, the one through a module says more than the one through its package."""
    return posixpath.basename(file) == INIT, file


def _quoting(readings: Mapping[str, Reading]) -> dict[str, tuple[str, ...]]:
    """Quoted file names and patterns with the files that quote them; ``*.md`` and ``.md`` both stand under ``.md``."""
    quoting: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for file, reading in readings.items():
        for word in sorted(reading.files):
            pattern = "*" in word or word.startswith(".")
            quoting[posixpath.splitext(f"x{word}")[1] if pattern else word].setdefault(file)
    return {word: tuple(files) for word, files in quoting.items()}
