"""Opens a bundle that anybody may have made: a folder, or a ``.tar.gz``. Nothing is unpacked and nothing followed.

Only plain files count. Links, devices, sparse files, paths that lead out, and two names for one file are problems, each
named. Sizes and counts are bounded before anything is read; of artifacts, only digest and size are kept, and the
content of those that may be the signed statement of an action.
"""

import gzip
import hashlib
import os
import stat
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from maestro.canonical import DIGEST_PREFIX
from maestro.errors import BadInput
from maestro.evidence.indexing import FILES_LIMIT
from maestro.evidence.paths import sameness, why_not
from maestro.evidence.references import is_artifact
from maestro.evidence.tarring import Entry, Readable, entries

CHUNK_BYTES = 1024 * 1024
STATEMENT_START = b'{"payload":"'
"""How every envelope begins that Maestro wrote. An action's has some kilobytes, and never as much as one chunk."""

DEPTH_LIMIT = 16
"""Folders in each other; our bundles have one."""


@dataclass(frozen=True)
class Limits:
    """How much of a bundle is read, in bytes. ``kept_bytes`` bounds the files that are held in memory together."""

    files: int = FILES_LIMIT
    total_bytes: int = 4 * 1024**3
    file_bytes: int = 1024**3
    kept_bytes: int = 512 * 1024**2


LIMITS = Limits()


@dataclass(frozen=True)
class Found:
    """A file of a bundle as it is. ``content`` is None for an artifact, which can be large, unless it may be a
    statement.
    """

    digest: str
    size_bytes: int
    content: bytes | None


@dataclass
class Opened:
    """What a bundle holds, by path; ``problems`` are the paths that cannot be part of one, each with its reason."""

    files: dict[str, Found] = field(default_factory=dict)
    problems: list[tuple[str, str]] = field(default_factory=list)


def open_bundle(path: Path, *, limits: Limits = LIMITS) -> Opened:
    """Read a folder or an archive once. Raises BadInput for a place that is neither, that cannot be read to its end, or
    that holds more than ``limits``.
    """
    reading = _Reading(path, limits)
    try:
        if path.is_dir():
            _read_folder(path, reading)
        else:
            _read_archive(path, reading)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BadInput(
            f"the archive is damaged: {error}", field=str(path), fix="take it again from where it was made"
        ) from error
    except OSError as error:
        raise BadInput(
            f"it cannot be read: {error.strerror or error}", field=str(path), fix="name a folder or a .tar.gz"
        ) from error
    return reading.opened


class _Reading:
    """What was read so far, held to the limits."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.opened = Opened()
        self._path = path
        self._limits = limits
        self._met: dict[str, str] = {}
        self._total = 0
        self._kept = 0

    def admits(self, name: str) -> bool:
        """Whether this can be a file of the bundle; what cannot be is noted as a problem. Each name is asked once."""
        if len(self._met) + len(self.opened.problems) >= self._limits.files:
            raise self._too_much(f"more than {self._limits.files} files")
        reason = why_not(name)
        if not reason and sameness(name) in self._met:
            reason = f"it is there twice, also as {self._met[sameness(name)]!r}"
        if reason:
            self.refuse(name, reason)
            return False
        self._met[sameness(name)] = name
        return True

    def refuse(self, name: str, reason: str) -> None:
        if len(self.opened.problems) >= self._limits.files:
            raise self._too_much(f"more than {self._limits.files} files")
        self.opened.problems.append((name, reason))

    def count(self, size: int) -> None:
        """So many bytes are read, or read over."""
        self._total += size
        if self._total > self._limits.total_bytes:
            raise self._too_much(f"more than {self._limits.total_bytes} bytes")

    def take(self, name: str, stream: Readable, *, size: int) -> None:
        """Read one file of so many bytes, or up to its end where that comes earlier."""
        limits = self._limits
        self.count(size)
        if size > limits.file_bytes:
            raise self._too_much(f"a file of {size} bytes, {name!r}")
        keep = not is_artifact(name)
        if keep:
            self._keep(size)
        running, kept, left = hashlib.sha256(), [], size
        while left and (chunk := stream.read(min(CHUNK_BYTES, left))):
            running.update(chunk)
            if not keep and len(chunk) == size and chunk.startswith(STATEMENT_START):
                keep = True
                self._keep(size)
            left -= len(chunk)
            if keep:
                kept.append(chunk)
        self.opened.files[name] = Found(
            DIGEST_PREFIX + running.hexdigest(), size - left, b"".join(kept) if keep else None
        )

    def _keep(self, size: int) -> None:
        self._kept += size
        if self._kept > self._limits.kept_bytes:
            raise self._too_much(
                f"more than {self._limits.kept_bytes} bytes of statements and of all beside its artifacts"
            )

    def _too_much(self, what: str) -> BadInput:
        return BadInput(
            f"it holds {what}, more than is read of a bundle",
            field=str(self._path),
            fix="ask whoever sent it what this is; no bundle of Maestro is that large",
        )


def _read_folder(top: Path, reading: _Reading) -> None:
    for name, path in _walk(top, reading):
        # Opened without following links and without waiting, and looked at once open, so that nobody exchanges it.
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            reading.refuse(name, f"it cannot be read: {error.strerror}")
            continue
        with os.fdopen(descriptor, "rb") as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode):
                reading.refuse(name, "it is no plain file")
            elif reading.admits(name):
                reading.take(name, stream, size=status.st_size)


def _walk(top: Path, reading: _Reading) -> Iterator[tuple[str, Path]]:
    """Everything below a folder but folders, sorted, by its path within; links are named and not followed."""
    pending = [(top, "", 0)]
    while pending:
        folder, prefix, depth = pending.pop()
        with os.scandir(folder) as found:
            listed = sorted(found, key=lambda entry: entry.name)
        for entry in listed:
            name = f"{prefix}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                if depth >= DEPTH_LIMIT:
                    reading.refuse(name, f"it is more than {DEPTH_LIMIT} folders deep")
                else:
                    pending.append((Path(entry.path), f"{name}/", depth + 1))
            elif entry.is_file(follow_symlinks=False):
                yield name, Path(entry.path)
            else:
                reading.refuse(name, "it is a link or a device, and not a plain file")


def _read_archive(path: Path, reading: _Reading) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise BadInput("it is no folder and no file", field=str(path), fix="name a folder or a .tar.gz")
        if stream.read(2) != b"\x1f\x8b":
            raise BadInput("it is no .tar.gz", field=str(path), fix="unpack it, and name the folder")
        stream.seek(0)
        with gzip.GzipFile(fileobj=stream, mode="rb") as unpacked:
            for entry in entries(unpacked, source=str(path)):
                _take(entry, unpacked, reading)


def _take(entry: Entry, stream: Readable, reading: _Reading) -> None:
    name = entry.name.removeprefix("./")
    if entry.kind not in {"file", "folder"}:
        reading.refuse(name, f"it is {entry.kind}, and not a plain file")
    if entry.kind != "file" or not reading.admits(name):
        reading.count(entry.size_bytes)
    else:
        reading.take(name, stream, size=entry.size_bytes)
        if reading.opened.files[name].size_bytes != entry.size_bytes:
            raise EOFError(f"it ends within {name!r}")
