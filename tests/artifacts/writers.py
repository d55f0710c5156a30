"""What the other processes of a test do: importable, so that a fresh interpreter can run it."""

import os
import signal
from pathlib import Path

from maestro.artifacts import ArtifactStore


def put_all(root: Path, count: int) -> list[str]:
    store = ArtifactStore(root)
    return [store.put(f"log {number}".encode() * 1_000, media_type="text/plain").digest for number in range(count)]


def die_while_writing(root: Path) -> None:
    store = ArtifactStore(root)
    # A pipe has no end while it is open for writing: the store has copied the first bytes and waits for more.
    reader, writer = os.pipe()
    os.write(writer, b"x" * 100)

    class Deadly:
        def read(self, _size: int) -> bytes:
            first = os.read(reader, 100)
            if not first:
                os.kill(os.getpid(), signal.SIGKILL)
            os.close(writer)
            return first

    store._put_stream(Deadly(), media_type="text/plain", name="")  # type: ignore[arg-type]
