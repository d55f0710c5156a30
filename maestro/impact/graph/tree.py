"""What files a worktree holds. Links are never followed out of it, and nothing but names is read here."""

import os
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from maestro.errors import BadInput

_NEVER_SOURCE = frozenset({".git", "__pycache__", "node_modules"})
_VIRTUAL_ENVIRONMENT = "pyvenv.cfg"


@dataclass(frozen=True, slots=True)
class Tree:
    """Regular files by their path from the top, with ``/``; ``links`` maps each symbolic link inside to its target."""

    files: frozenset[str]
    links: tuple[tuple[str, str], ...] = ()

    def aliases(self) -> Iterator[tuple[str, str]]:
        """Each other name that a file has through a link, with the file."""
        for link, target in self.links:
            if target in self.files:
                yield link, target
                continue
            for file in sorted(self.files):
                if file.startswith(f"{target}/"):
                    yield link + file[len(target) :], file


def read_tree(worktree: Path) -> Tree:
    """List the worktree. ``BadInput`` when it is no folder or cannot be read as a whole."""
    files: set[str] = set()
    links: list[tuple[str, str]] = []
    top = os.path.realpath(worktree)
    for folder, folders, names in os.walk(top, onerror=_refuse):
        inside = os.path.relpath(folder, top)
        if _VIRTUAL_ENVIRONMENT in names:
            folders.clear()
            continue
        for name, may_be_file in [*((name, True) for name in names), *((name, False) for name in folders)]:
            path = posixpath.normpath(posixpath.join(inside, name))
            real = os.path.join(folder, name)  # noqa: PTH118 - pathlib costs most of the time of a large tree
            if os.path.islink(real):  # noqa: PTH114
                links.extend((path, target) for target in _target(real, top))
            elif may_be_file and os.path.isfile(real):  # noqa: PTH113 - a pipe or a device is never opened
                files.add(path)
        folders[:] = sorted(name for name in folders if name not in _NEVER_SOURCE)
    return Tree(frozenset(files), tuple(sorted(links)))


def _target(link: str, top: str) -> Iterator[str]:
    target = os.path.relpath(os.path.realpath(link), top)
    if target not in {os.curdir, os.pardir} and not target.startswith(os.pardir + os.sep):
        yield target


def _refuse(error: OSError) -> None:
    raise BadInput(f"the worktree cannot be listed: {error}", field="worktree", fix="check the folder out again") from (
        error
    )
