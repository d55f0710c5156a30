"""The files of a head, read from a bare mirror: nothing is checked out, no filter runs, no path is followed."""

import posixpath
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from maestro.assurance.gitread import TIMEOUT_SECONDS, command, environment, git
from maestro.errors import BadInput, PlatformUnavailable
from maestro.sbom.untrusted import SIZE_LIMIT_BYTES

TOTAL_LIMIT_BYTES: Final = 400_000_000
"""All files together, so that many large ones cannot fill the memory."""

_REGULAR: Final = frozenset({"100644", "100755"})


@dataclass(frozen=True)
class Entry:
    """One path of the tree. ``size_bytes`` is None for what has no content of its own (a submodule)."""

    mode: str
    object_id: str
    size_bytes: int | None


@dataclass
class Head:
    """The tree of one commit. Paths that are not UTF-8 have their raw bytes escaped."""

    mirror: Path
    entries: dict[str, Entry]
    _contents: dict[str, bytes]
    _taken_bytes: int = 0
    _folders: dict[re.Pattern[str], frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, mirror: Path, commit: str) -> "Head":
        """List the tree. Raises ``PlatformUnavailable`` where the mirror cannot."""
        listing = git(mirror, "ls-tree", "-r", "-l", "-z", "--full-tree", commit)
        entries = {}
        for line in listing.split(b"\0"):
            if line:
                about, _, path = line.partition(b"\t")
                mode, _, object_id, size = about.decode("ascii").split()
                entries[path.decode(errors="backslashreplace")] = Entry(
                    mode, object_id, int(size) if size.isdigit() else None
                )
        return cls(mirror, entries, {})

    def folders_of(self, name: re.Pattern[str]) -> frozenset[str]:
        """The folders in which a file has such a name."""
        if name not in self._folders:
            split = (posixpath.split(path) for path in self.entries)
            self._folders[name] = frozenset(folder for folder, last in split if name.fullmatch(last))
        return self._folders[name]

    def load(self, paths: Iterable[str]) -> None:
        """Fetch the contents of all these files by one git, where their size allows."""
        wanted = []
        for path in paths:
            entry = self.entries[path]
            if entry.object_id not in self._contents and self._problem(entry) is None:
                self._taken_bytes += entry.size_bytes or 0
                self._contents[entry.object_id] = b""
                wanted.append(entry.object_id)
        self._contents.update(zip(wanted, _blobs(self.mirror, wanted), strict=True))

    def read(self, path: str) -> bytes:
        """A file's bytes. Raises ``BadInput`` for one that is not there, is no regular file or is too large."""
        entry = self.entries.get(path)
        if entry is None:
            raise BadInput("there is no such file in the head", field=path, fix="commit it, or correct the path")
        if entry.object_id not in self._contents:
            problem = self._problem(entry)
            if problem is not None:
                raise BadInput(problem, field=path, fix="commit a lock file that can be read as it stands")
            self.load([path])
        return self._contents[entry.object_id]

    def _problem(self, entry: Entry) -> str | None:
        if entry.mode not in _REGULAR:
            return "it is no regular file"
        if entry.size_bytes is None or entry.size_bytes > SIZE_LIMIT_BYTES:
            return f"it has {entry.size_bytes or 0:,} bytes, more than the {SIZE_LIMIT_BYTES:,} that are read"
        if self._taken_bytes + entry.size_bytes > TOTAL_LIMIT_BYTES:
            return f"the files before it have {TOTAL_LIMIT_BYTES:,} bytes, and no more are read"
        return None


def _blobs(mirror: Path, object_ids: list[str]) -> list[bytes]:
    """The blobs in their order, from ``cat-file --batch``: ``<id> blob <size>``, the bytes, a line feed."""
    if not object_ids:
        return []
    answer = _asked(mirror, object_ids)
    found, at = [], 0
    for object_id in object_ids:
        end = answer.find(b"\n", at)
        header = answer[at:end].split() if end >= 0 else []
        if len(header) != 3 or header[1] != b"blob":
            raise PlatformUnavailable(f"the mirror lacks the object {object_id}", field=str(mirror), fix="fetch again")
        start = end + 1
        at = start + int(header[2]) + 1
        found.append(answer[start : at - 1])
    return found


def _asked(mirror: Path, object_ids: list[str]) -> bytes:
    try:
        return subprocess.run(
            command(mirror, "cat-file", "--batch"),
            env=environment(),
            input="".join(f"{object_id}\n" for object_id in object_ids).encode(),
            capture_output=True,
            check=True,
            timeout=TIMEOUT_SECONDS,
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise PlatformUnavailable(
            f"git cat-file failed: {error}", field=str(mirror), fix="fetch the mirror again"
        ) from error
