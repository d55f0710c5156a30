"""The outside world of the drill's steps: a file per way, to which each applied effect adds a line.

It enforces the key that it is given, as a careful receiver would; without one it applies whatever comes. A process that
is frozen while it writes keeps the others waiting, as a lock of a table would.
"""

import fcntl
import json
import os
import time
from enum import StrEnum
from pathlib import Path

from maestro.model.base import Model


class Way(StrEnum):
    """How a step does its effect: through the ledger under a business key; with the documentation's key (run id and
    activity id), enforced by the receiver; or plainly.
    """

    MAESTRO = "maestro"
    DOCUMENTED = "documented"
    PLAIN = "plain"


class Applied(Model):
    """A line: ``effect`` is the business name of what was done, ``key`` what the receiver knew it by (empty: nothing).

    ``epoch`` is that of the process that did it, ``at`` seconds since 1970.
    """

    way: Way
    effect: str
    key: str
    region: str
    epoch: int
    at: float


class Sink:
    """The files under one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def apply(self, way: Way, effect: str, *, key: str, region: str, epoch: int) -> bool:
        """Do the effect; False where one with this key was applied before."""
        with self._file(way).open("a+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if key and self._has(file.fileno(), key):
                return False
            applied = Applied(way=way, effect=effect, key=key, region=region, epoch=epoch, at=time.time())
            # One write, so that a process that is killed leaves a whole line or none.
            os.write(file.fileno(), f"{applied.model_dump_json()}\n".encode())
            return True

    def has(self, way: Way, key: str) -> bool:
        """Whether an effect with this key was applied."""
        with self._file(way).open("a+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            return self._has(file.fileno(), key)

    def read(self, way: Way) -> tuple[Applied, ...]:
        """Every applied effect of a way, in its order."""
        path = self._file(way)
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return tuple(Applied.model_validate_json(line) for line in lines)

    def _file(self, way: Way) -> Path:
        return self._folder / f"{way.value}.jsonl"

    def _has(self, descriptor: int, key: str) -> bool:
        content = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
        return f'"key":{json.dumps(key)},'.encode() in content
