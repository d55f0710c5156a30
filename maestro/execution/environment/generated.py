"""Keeps the files that a build wrote into the worktree (a version file, an extension module) for the other worktrees
that use the same environment.

Both worktrees are untrusted: nothing is read or written through a link.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

_OF_NO_USE = frozenset({"__pycache__", "build", ".eggs"})


def files_in(source: Path) -> frozenset[Path]:
    """The regular files of a worktree, relative to it."""
    return frozenset(_walk(source))


def keep(source: Path, before: frozenset[Path], store: Path) -> None:
    """Copy the files that are in ``source`` but were not ``before`` into ``store``."""
    for path in sorted(files_in(source) - before):
        (store / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source / path, store / path, follow_symlinks=False)


def restore(store: Path, source: Path) -> None:
    """Put the kept files into a fresh worktree; one that the commit has stays as the commit says."""
    real = source.resolve()
    for path in sorted(files_in(store)):
        target = source / path
        if target.parent.resolve() != real / path.parent or os.path.lexists(target):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(store / path, target)


def _walk(source: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(source):
        folders[:] = [name for name in folders if name not in _OF_NO_USE]
        for name in names:
            path = Path(parent, name)
            if path.is_file() and not path.is_symlink():
                yield path.relative_to(source)
