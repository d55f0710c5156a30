"""Which files an import can mean. Nobody can know ``sys.path`` without running code, so every plausible file counts."""

import posixpath
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

INIT = "__init__.py"
CONFTEST = "conftest.py"

DEPTH_LIMIT = 64
"""Parts of a dotted name, or folders above a file, that are looked at: work grows with their square."""


@dataclass(frozen=True, slots=True)
class ModuleIndex:
    """Dotted names to files.

    ``ordinary`` takes every folder that is no regular package for an entry of ``sys.path``: the top, ``src``, a test
    folder, the parent of a namespace package. ``anywhere`` takes packages too, for names that ``ordinary`` does not
    explain: scripts and tests that put a package's own folder on the path. ``by_base_name`` finds scripts, ``tops`` are
    the first parts of all names.
    """

    paths: Mapping[str, str]
    ordinary: Mapping[str, tuple[str, ...]]
    anywhere: Mapping[str, tuple[str, ...]]
    by_base_name: Mapping[str, tuple[str, ...]]
    tops: frozenset[str]

    def named(self, dotted: str) -> tuple[str, ...]:
        """The files that exactly this absolute name can mean, sorted."""
        if found := self.ordinary.get(dotted):
            return found
        top = dotted.partition(".")[0]
        if top in sys.stdlib_module_names or top in self.ordinary:
            return ()
        return self.anywhere.get(dotted, ())

    def absolute(self, dotted: str, *, importer: str = "") -> tuple[str, ...]:
        """The files that ``import dotted`` runs: the module and the packages around it.

        A script finds its neighbours first, so a file beside ``importer`` counts as well.
        """
        prefixes = _prefixes(dotted)
        found = [file for prefix in prefixes for file in self.named(prefix)]
        if importer and prefixes[0] not in sys.stdlib_module_names:
            found += self.relative(posixpath.dirname(importer), dotted)
        return tuple(dict.fromkeys(found))

    def relative(self, folder: str, dotted: str) -> tuple[str, ...]:
        """The files that ``dotted``, seen from ``folder``, runs."""
        found = []
        for prefix in _prefixes(dotted):
            inner = posixpath.join(folder, *prefix.split("."))
            found += [self.paths[path] for path in (f"{inner}.py", f"{inner}/{INIT}") if path in self.paths]
        return tuple(found)


def index_modules(files: Iterable[str], aliases: Iterable[tuple[str, str]] = ()) -> ModuleIndex:
    """Index Python files; ``aliases`` are further paths by which links reach a file."""
    paths = {path: path for path in sorted(files) if path.endswith(".py")}
    paths |= {alias: file for alias, file in aliases if file in paths and alias.endswith(".py")}
    packages = {posixpath.dirname(path) for path in paths if posixpath.basename(path) == INIT} - {""}
    ordinary: defaultdict[str, list[str]] = defaultdict(list)
    anywhere: defaultdict[str, list[str]] = defaultdict(list)
    by_base_name: defaultdict[str, list[str]] = defaultdict(list)
    for path, file in paths.items():
        by_base_name[posixpath.basename(path)].append(file)
        parts = path.removesuffix(".py").split("/")
        for start in range(max(0, len(parts) - DEPTH_LIMIT), len(parts)):
            names = ordinary if "/".join(parts[:start]) not in packages else anywhere
            if dotted := ".".join(parts[start:-1] if parts[-1] == "__init__" else parts[start:]):
                names[dotted].append(file)
    return ModuleIndex(
        paths=paths,
        ordinary={name: tuple(dict.fromkeys(found)) for name, found in ordinary.items()},
        anywhere={name: tuple(dict.fromkeys(found)) for name, found in anywhere.items()},
        by_base_name={name: tuple(found) for name, found in by_base_name.items() if name not in {INIT, CONFTEST}},
        tops=frozenset(name.partition(".")[0] for name in (*ordinary, *anywhere)),
    )


def _prefixes(dotted: str) -> list[str]:
    parts = dotted.split(".", DEPTH_LIMIT)[:DEPTH_LIMIT]
    return [".".join(parts[: end + 1]) for end in range(len(parts))]
