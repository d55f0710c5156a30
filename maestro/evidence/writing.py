"""A bundle as a folder or as one archive: the same files give the same bytes, and what is there is whole.

Everything is written beside the target first and then renamed, so nobody ever meets half a bundle.
"""

import contextlib
import filecmp
import gzip
import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from maestro.errors import BadInput, MaestroError, PlatformUnavailable
from maestro.evidence.paths import why_not

ARCHIVE_SUFFIX = ".tar.gz"
_FILE_MODE = 0o644
_FOLDER_MODE = 0o755
_COMPRESSION = 6


def export_folder(files: Iterable[tuple[str, bytes]], *, target: Path) -> None:
    """Write the files (path and bytes) below ``target``, a folder that is not there yet.

    Where it is there and holds exactly these files, it stays. Raises BadInput where it holds anything else,
    PlatformUnavailable where it cannot be written.
    """
    with _explained(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
        try:
            for path, content in files:
                _write(made / _legal(path), content)
            made.chmod(_FOLDER_MODE)
            _flush_folders(made)
            if os.path.lexists(target):
                _require_same(_same_files(target, made), target)
            else:
                made.rename(target)
                _flush(target.parent)
        finally:
            shutil.rmtree(made, ignore_errors=True)


def export_archive(files: Iterable[tuple[str, bytes]], *, target: Path) -> None:
    """Write the files (path and bytes) as one ``.tar.gz``, without times, owners or modes of this machine.

    They come sorted by path, as ``read_bundle`` gives them, because that order is part of the archive's bytes. Where
    the target is there and is exactly this archive, it stays. Raises as ``export_folder``.
    """
    with _explained(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        made = Path(name)
        try:
            with os.fdopen(handle, "wb") as stream:
                _pack(files, stream)
                stream.flush()
                os.fsync(stream.fileno())
            made.chmod(_FILE_MODE)
            if os.path.lexists(target):
                _require_same(_same_bytes(target, made), target)
            else:
                _place(made, target)
        finally:
            made.unlink(missing_ok=True)


def _pack(files: Iterable[tuple[str, bytes]], stream: IO[bytes]) -> None:
    with (
        gzip.GzipFile(filename="", mode="wb", compresslevel=_COMPRESSION, fileobj=stream, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        before = ""
        for path, content in files:
            if path <= before:
                raise BadInput("the files are not in the order of their paths", field=path, fix="sort them by path")
            before = path
            entry = tarfile.TarInfo(_legal(path))
            entry.size = len(content)
            entry.mode = _FILE_MODE
            archive.addfile(entry, io.BytesIO(content))


def _legal(path: str) -> str:
    if reason := why_not(path):
        raise BadInput(
            f"a bundle cannot have a file at {path!r}: {reason}", field=path[:200], fix="make the bundle again"
        )
    return path


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=_FOLDER_MODE)
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    path.chmod(_FILE_MODE)


def _place(made: Path, target: Path) -> None:
    """Give it its name; on a file system with hard links that fails where somebody else took it in the meantime."""
    try:
        target.hardlink_to(made)
    except FileExistsError:
        _require_same(_same_bytes(target, made), target)
    except OSError:
        made.rename(target)
    _flush(target.parent)


def _same_files(target: Path, made: Path) -> bool:
    """Whether a place holds folders and files as ``made`` has them, and nothing else."""
    if target.is_symlink() or not target.is_dir():
        return False
    there, wanted = (sorted(path.relative_to(top) for path in top.rglob("*")) for top in (target, made))
    return there == wanted and all(_same_place(target / path, made / path) for path in wanted)


def _same_place(target: Path, made: Path) -> bool:
    if made.is_dir():
        return target.is_dir() and not target.is_symlink()
    return _same_bytes(target, made)


def _same_bytes(target: Path, made: Path) -> bool:
    return not target.is_symlink() and target.is_file() and made.is_file() and filecmp.cmp(target, made, shallow=False)


def _require_same(is_same: bool, target: Path) -> None:  # noqa: FBT001
    if not is_same:
        raise BadInput(
            "something else is there already", field=str(target), fix="name another place, or remove what is there"
        )


def _flush_folders(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if path.is_dir():
            _flush(path)


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _explained(target: Path) -> Iterator[None]:
    try:
        yield
    except MaestroError:
        raise
    except OSError as error:
        raise PlatformUnavailable(
            f"the bundle cannot be written: {error.strerror}",
            field=str(target),
            fix="free space, or name a place that this user may write to; nothing was half-written",
        ) from error
