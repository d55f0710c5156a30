"""The files of one commit in a folder of their own, removed when done, also after the process was killed.

A worktree knows no git folder: pull-request code cannot reach the mirror and its other heads through it.
"""

import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from maestro.execution.git import tell
from maestro.execution.leftovers import kill_marked
from maestro.execution.locks import claim
from maestro.execution.places import Places
from maestro.model.base import Model

_NEUTRAL = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
"""A checkout must not depend on the conductor's filters: a file is what the commit says, in every region."""


class Worktree(Model):
    """``source`` holds the commit's files, ``scratch`` is empty and writable, ``mark`` names what runs in it."""

    mark: str
    source: Path
    scratch: Path


@contextmanager
def checkout(mirror: Path, sha: str, *, places: Places) -> Iterator[Worktree]:
    """The files of ``sha`` as long as the block lasts. What killed processes left behind is removed first."""
    reap(places)
    mark = f"{sha[:12]}-{secrets.token_hex(6)}"
    lock = places.worktrees / f"{mark}.lock"
    descriptor = claim(lock)
    assert descriptor is not None, "a fresh name has no other holder"  # noqa: S101
    folder = places.worktrees / mark
    try:
        worktree = Worktree(mark=mark, source=folder / "src", scratch=folder / "tmp")
        worktree.source.mkdir(parents=True)
        worktree.scratch.mkdir()
        _write_files(mirror, sha, worktree.source, index=folder / "index")
        yield worktree
    finally:
        try:
            _remove(folder)
        finally:
            lock.unlink(missing_ok=True)
            os.close(descriptor)


def reap(places: Places) -> tuple[str, ...]:
    """Remove the worktrees whose process is gone, with the processes they left; returns their marks."""
    reaped = []
    for lock in sorted(places.worktrees.glob("*.lock")):
        descriptor = claim(lock)
        if descriptor is None:
            continue
        kill_marked(lock.stem)
        _remove(places.worktrees / lock.stem)
        lock.unlink(missing_ok=True)
        os.close(descriptor)
        reaped.append(lock.stem)
    return tuple(reaped)


def _write_files(mirror: Path, sha: str, folder: Path, *, index: Path) -> None:
    places = {"GIT_DIR": mirror, "GIT_WORK_TREE": folder, "GIT_INDEX_FILE": index}
    variables = _NEUTRAL | {name: os.fspath(path) for name, path in places.items()}
    tell(folder, "read-tree", sha, variables=variables)
    tell(folder, "checkout-index", "--all", "--quiet", variables=variables)
    index.unlink()


def _remove(folder: Path) -> None:
    """Remove a folder in which tests may have taken the permissions away."""
    for parent, folders, _ in os.walk(folder):
        for name in folders:
            path = Path(parent, name)
            if not path.is_symlink():
                path.chmod(stat.S_IRWXU)
    if folder.exists():
        shutil.rmtree(folder)
