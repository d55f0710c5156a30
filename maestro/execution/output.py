"""Keeps what a command prints in a file of bounded size: its beginning and its end, with a notice between them."""

from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Self

END_SHARE = 0.25
"""The part of the limit kept for the end of the output, where a test runner prints its failures and its summary."""

END_LIMIT_BYTES = 1_000_000
"""The end waits in memory until the command is over, so it stays small whatever the limit is."""


class CappedFile:
    """A file that takes any number of bytes and keeps at most about ``limit_bytes`` of them.

    ``seen_bytes`` counts all of them.
    """

    def __init__(self, path: Path, limit_bytes: int) -> None:
        self._end_limit = min(int(limit_bytes * END_SHARE), END_LIMIT_BYTES)
        self._room = limit_bytes - self._end_limit
        self._end: deque[bytes] = deque()
        self._end_bytes = 0
        self._path = path
        self.seen_bytes = 0

    def __enter__(self) -> Self:
        self._file = self._path.open("wb", buffering=0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        end = b"".join(self._end)[-self._end_limit :]
        dropped = self.seen_bytes - self._file.tell() - len(end)
        if dropped:
            self._file.write(f"\n[{dropped} bytes of output were left out here]\n".encode())
        self._file.write(end)
        self._file.close()

    def write(self, chunk: bytes) -> None:
        """Take the next bytes of the output."""
        self.seen_bytes += len(chunk)
        head, rest = chunk[: self._room], chunk[self._room :]
        self._room -= len(head)
        if head:
            self._file.write(head)
        if rest:
            self._end.append(rest)
            self._end_bytes += len(rest)
            while self._end_bytes - len(self._end[0]) >= self._end_limit:
                self._end_bytes -= len(self._end.popleft())


def last_lines(path: Path, *, count: int = 15, limit_bytes: int = 4_000) -> str:
    """The last lines of a log, for a message; bytes that are not UTF-8 are spelled out."""
    with path.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - limit_bytes))
        text = file.read().decode("utf-8", "backslashreplace")
    return "\n".join([line for line in text.splitlines() if line.strip()][-count:])
