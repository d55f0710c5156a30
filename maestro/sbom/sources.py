"""Walks through folders and archives of advisories, one file at a time, and trusts neither.

Nothing is extracted, no link is followed, and every size is counted while it is read: what an archive's directory
says of sizes is a claim.
"""

import itertools
import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final, NoReturn

from maestro.errors import BadInput

FILE_LIMIT_BYTES: Final = 20_000_000
"""Of one advisory; the largest ones list every version of a package that never had a good one."""

TOTAL_LIMIT_BYTES: Final = 8_000_000_000
FILES_LIMIT: Final = 2_000_000
"""Ten times what the largest ecosystem's archive held in 2026."""

_RATIO_LIMIT: Final = 200
"""Of unpacked to packed bytes of a file above a megabyte. Lists of versions pack to a tenth, bombs to a thousandth."""

_UNZIP_ERRORS: Final = (
    OSError,
    EOFError,
    ValueError,
    ArithmeticError,
    LookupError,
    RuntimeError,
    lzma.LZMAError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
"""What the standard library raises for damaged, encrypted or unknown archives (NotImplementedError is among them)."""

_SUFFIXES: Final = frozenset({".json", ".yaml", ".yml"})


@dataclass(frozen=True)
class Source:
    """One file: ``name`` tells a person where it is."""

    name: str
    content: bytes

    @property
    def is_yaml(self) -> bool:
        return not self.name.endswith(".json")


def files_of(path: Path) -> Iterator[Source]:
    """Every advisory file of a folder or of a ZIP archive, in the order of their names.

    Raises ``BadInput`` that names the file for what is too large, damaged, or lies outside.
    """
    if path.is_dir():
        return _in_folder(path)
    if path.suffix.lower() == ".zip":
        return _in_archive(path)
    if path.suffix.lower() not in _SUFFIXES or not path.is_file():
        _refuse(str(path), "it is no folder, no ZIP archive and no JSON or YAML file")
    return iter([_file(path, path.name)])


def _in_folder(folder: Path) -> Iterator[Source]:
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES and _is_visible(path, folder))
    _require_few(len(files), str(folder))
    for path in files:
        yield _file(path, str(path.relative_to(folder)))


def _is_visible(path: Path, folder: Path) -> bool:
    """Not in a folder of a program's own (``.git``, ``.github``)."""
    return not any(part.startswith(".") for part in path.relative_to(folder).parts)


def _file(path: Path, name: str) -> Source:
    try:
        about = path.lstat()
        if not stat.S_ISREG(about.st_mode):
            _refuse(name, "it is no regular file, and links are not followed")
        if about.st_size > FILE_LIMIT_BYTES:
            _refuse(name, f"it has {about.st_size:,} bytes, more than the {FILE_LIMIT_BYTES:,} that are read")
        return Source(name, path.read_bytes())
    except OSError as error:
        _refuse(name, f"it cannot be read: {error.strerror}")


def _in_archive(path: Path) -> Iterator[Source]:
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                _require_inside(entry)
            entries = sorted(
                (each for each in archive.infolist() if _is_advisory(each)), key=lambda each: each.filename
            )
            _require_few(len(entries), path.name)
            _require_distinct(entries)
            total = 0
            for entry in entries:
                content = _content(archive, entry)
                total += len(content)
                if total > TOTAL_LIMIT_BYTES:
                    _refuse(entry.filename, f"up to here it unpacks to more than {TOTAL_LIMIT_BYTES:,} bytes")
                yield Source(entry.filename, content)
    except _UNZIP_ERRORS as error:
        _refuse(path.name, f"it is no whole ZIP archive: {error}")


def _is_advisory(entry: zipfile.ZipInfo) -> bool:
    return not entry.is_dir() and PurePosixPath(entry.filename).suffix.lower() in _SUFFIXES


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(entry) as stream:
            content = stream.read(FILE_LIMIT_BYTES + 1)
    except _UNZIP_ERRORS as error:
        _refuse(entry.filename, f"it cannot be unpacked: {error}")
    if len(content) > FILE_LIMIT_BYTES:
        _refuse(entry.filename, f"it unpacks to more than {FILE_LIMIT_BYTES:,} bytes")
    if len(content) > 1_000_000 and len(content) > _RATIO_LIMIT * max(entry.compress_size, 1):
        _refuse(entry.filename, f"it unpacks to more than {_RATIO_LIMIT} times its size")
    return content


def _require_inside(entry: zipfile.ZipInfo) -> None:
    name = entry.orig_filename
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if not name or name.startswith(("/", "\\")) or ".." in parts or "\0" in name or ":" in (parts or ("",))[0]:
        _refuse(name, "its name leads out of the archive")
    if stat.S_ISLNK(entry.external_attr >> 16):
        _refuse(name, "it is a link")


def _require_distinct(entries: list[zipfile.ZipInfo]) -> None:
    for before, after in itertools.pairwise(entries):
        if before.filename == after.filename:
            _refuse(after.filename, "the archive holds it twice")


def _require_few(count: int, name: str) -> None:
    if count > FILES_LIMIT:
        _refuse(name, f"it holds {count:,} files, more than the {FILES_LIMIT:,} that are read")
    if not count:
        _refuse(name, "it holds no advisory: no JSON or YAML file is in it")


def _refuse(name: str, reason: str) -> NoReturn:
    raise BadInput(reason, field=name, fix="fetch the advisories again, or take that file out") from None
