"""Keeps what a command prints in a file of bounded size: its beginning and its end, with a notice between them."""

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from maestro.errors import PlatformUnavailable

END_SHARE = 0.25
"""The part of the limit kept for the end of the output, where a test runner prints its failures and its summary."""

END_LIMIT_BYTES = 1_000_000
"""The end waits in memory until the command is over, so it stays small whatever the limit is."""

DRAIN_SECONDS = 2.0
"""How long output is still read after a command ended; a pipe that somebody holds open cannot keep us longer."""

CHUNK_BYTES = 65_536


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


@asynccontextmanager
async def piped(sink: CappedFile) -> AsyncIterator[int]:
    """A descriptor for a command's output: what is written there goes to ``sink``, also shortly after the block.

    Not asyncio's own pipes: with them the end of a command is only noticed when its children have closed them too.
    Raises ``PlatformUnavailable`` at the end of the block when the file could not be written.
    """
    read_end, write_end = os.pipe()
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read_end, "rb", 0)
    )
    pump = asyncio.create_task(_pump(reader, sink))
    try:
        yield write_end
    finally:
        os.close(write_end)
        await asyncio.wait((pump,), timeout=DRAIN_SECONDS)
        transport.close()
    if pump.done():
        pump.result()
    else:
        pump.cancel()


async def _pump(reader: asyncio.StreamReader, sink: CappedFile) -> None:
    failure: OSError | None = None
    while chunk := await reader.read(CHUNK_BYTES):
        if failure is None:
            try:
                sink.write(chunk)
            except OSError as error:
                # Go on reading: a command whose pipe is full would seem to hang.
                failure = error
    if failure is not None:
        raise PlatformUnavailable(
            f"the output cannot be kept: {failure}", field="disk", fix="free space where Maestro keeps its state"
        ) from failure


def last_lines(path: Path, *, count: int = 15, limit_bytes: int = 4_000) -> str:
    """The last lines of a log, for a message; bytes that are not UTF-8 are spelled out."""
    with path.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - limit_bytes))
        text = file.read().decode("utf-8", "backslashreplace")
    return "\n".join([line for line in text.splitlines() if line.strip()][-count:])
