"""Lays the texts of a patch over the files of a tree that nobody else uses, and puts everything back afterwards."""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from maestro.errors import BadInput
from maestro.execution.environment.recipe import is_own_file
from maestro.impact.names import shown

_Before = tuple[bytes, os.stat_result]


class Overlay:
    """The files below ``source``; one patch at a time lies over them."""

    def __init__(self, source: Path) -> None:
        self._source = source
        self._laid = 0

    def read(self, path: str) -> str | None:
        """The text of a file; None where there is none, it is not UTF-8, or a link leads to it."""
        try:
            return (self._source / path).read_bytes().decode() if is_own_file(self._source, path) else None
        except (OSError, ValueError):
            # No UTF-8, or a name that no file can have.
            return None

    @contextmanager
    def laid(self, texts: Mapping[str, str | None]) -> Iterator[None]:
        """Have these texts in the tree (None: the file is gone) as long as the block lasts.

        ``BadInput`` for a path that a link leads to or that cannot be a file, with nothing changed.
        """
        paths = {name: self._checked(name) for name in texts}
        before = {path: (path.read_bytes(), path.stat()) for path in paths.values() if path.is_file()}
        folders = {folder for path in paths.values() for folder in self._missing(path.parent)}
        self._laid += 1
        try:
            for name, path in paths.items():
                self._write(path, texts[name], before.get(path))
            yield
        finally:
            self._put_back(paths.values(), before, folders)

    def _missing(self, folder: Path) -> Iterator[Path]:
        """The outermost folder that has to be made for this one to be there, if any has."""
        above = [each for each in (folder, *folder.parents) if each.is_relative_to(self._source) and not each.exists()]
        yield from above[-1:]

    def _put_back(self, paths: Iterable[Path], before: Mapping[Path, _Before], folders: Iterable[Path]) -> None:
        for path in paths:
            if path.is_file():
                path.unlink()
        # An import may have left compiled files in them, which are no part of the tree either.
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
        for path, (content, stat) in before.items():
            path.write_bytes(content)
            path.chmod(stat.st_mode & 0o7777)
            os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    def _checked(self, name: str) -> Path:
        path = self._source / name
        try:
            linked = path.parent.resolve() != self._source.resolve() / Path(name).parent or path.is_symlink()
            possible = "\0" not in name and not path.is_dir() and all(not above.is_file() for above in path.parents)
        except (OSError, ValueError) as error:
            raise BadInput(f"{shown(name)} cannot be a file: {error}", field="patch", fix="rename it") from error
        if linked:
            raise BadInput(f"{shown(name)} is reached through a link", field="patch", fix="patch what it leads to")
        if not possible:
            raise BadInput(
                f"{shown(name)} cannot be a file: it has a NUL, a folder is there, or a file where its folder would be",
                field="patch",
                fix="make the diff against the revision that is given as base",
            )
        return path

    def _write(self, path: Path, text: str | None, before: _Before | None) -> None:
        if text is None:
            path.unlink(missing_ok=True)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        if before is not None:
            # Python tells a compiled file apart by second and size only, and patches often change neither: so each
            # patch has a second of its own, and none has that of the base.
            second = before[1].st_mtime_ns + self._laid * 1_000_000_000
            os.utime(path, ns=(second, second))
