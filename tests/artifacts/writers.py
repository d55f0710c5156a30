"""What the other processes of a test do: importable, so that a fresh interpreter can run it."""

import io
import os
import signal
from pathlib import Path

from maestro.artifacts import ArtifactStore


def put_all(root: Path, count: int) -> list[str]:
    store = ArtifactStore(root)
    return [store.put(f"log {number}".encode() * 1_000, media_type="text/plain").digest for number in range(count)]


class Deadly(io.BytesIO):
    """Gives its bytes; whoever asks for more is killed."""

    def read(self, size: int | None = -1) -> bytes:
        content = super().read(size)
        if not content:
            os.kill(os.getpid(), signal.SIGKILL)
        return content


def die_while_writing(root: Path) -> None:
    ArtifactStore(root)._put_stream(Deadly(b"log" * 100), media_type="text/plain", name="")
