"""What a stack says about itself in ``stack.json``, and the lock that says whether one is up.

The lock is the truth: the operating system drops it with the supervisor. The file is written whole or not at all.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import psutil
from pydantic import ValidationError

from maestro import __version__
from maestro.errors import PlatformUnavailable
from maestro.home import stack_file
from maestro.model.base import Model

SAME_PROCESS_SECONDS = 2.0
"""Two readings of one process's start may differ by this where the clock was corrected in between."""

LOCK_PATIENCE_SECONDS = 1.0
"""A command that only looks holds the lock for an instant; a supervisor that starts must outlast that."""


class Process(Model):
    """A process that cannot be mistaken for a later one with the same id. ``created`` is seconds since 1970."""

    pid: int
    created: float

    @classmethod
    def current(cls) -> "Process":
        return cls(pid=os.getpid(), created=psutil.Process().create_time())

    @classmethod
    def of(cls, pid: int) -> "Process | None":
        """The process with this id, or None where there is none."""
        try:
            return cls(pid=pid, created=psutil.Process(pid).create_time())
        except psutil.NoSuchProcess:
            return None

    def find(self) -> psutil.Process | None:
        """The process itself while it runs (a zombie does not), else None."""
        try:
            found = psutil.Process(self.pid)
            same = abs(found.create_time() - self.created) < SAME_PROCESS_SECONDS
            return found if same and found.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None


class PartStatus(StrEnum):
    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    DEAD = "dead"


class Part(Model):
    """One process of the stack. ``detail`` is a sentence where it is not simply ready; ``restarts`` counts them."""

    name: str
    status: PartStatus = PartStatus.WAITING
    process: Process | None = None
    restarts: int = 0
    log: str
    detail: str = ""


class StackCluster(Model):
    """A cluster of the stack; ``started`` says that its server is a part of it."""

    name: str
    address: str
    metrics_address: str = ""
    started: bool


class StackStatus(StrEnum):
    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"
    FAILED = "failed"


class StackState(Model):
    """The stack as it stands. ``ui`` and ``gateway`` are web addresses; ``problem`` and ``fix`` are of a failure.

    Where there are ``clusters``, ``address`` is that of the home cluster, and there is no UI.
    """

    version: str = __version__
    status: StackStatus
    supervisor: Process
    home: str
    topology: str
    address: str
    namespace: str
    ui: str
    gateway: str = ""
    gateway_port: int = 0
    clusters: tuple[StackCluster, ...] = ()
    parts: tuple[Part, ...] = ()
    started_at: datetime
    problem: str = ""
    fix: str = ""

    def processes(self) -> tuple[tuple[str, Process], ...]:
        """Every process by its name, the supervisor first."""
        parts = ((part.name, part.process) for part in self.parts if part.process is not None)
        return (("supervisor", self.supervisor), *parts)


def read_state() -> StackState | None:
    """What the newest stack of this home said last, or None where none was started or the last one ended well."""
    path = stack_file()
    try:
        return StackState.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (ValidationError, OSError) as error:
        raise PlatformUnavailable(
            f"the state of the local stack cannot be read: {error}",
            field=str(path),
            fix="end the processes of the stack if any run, and remove the file",
        ) from error


def write_state(state: StackState) -> None:
    path = stack_file()
    fresh = path.with_suffix(f".{os.getpid()}.tmp")
    fresh.write_text(state.model_dump_json(indent=2), encoding="utf-8")
    fresh.replace(path)


def forget_state() -> None:
    stack_file().unlink(missing_ok=True)


def is_locked() -> bool:
    """Whether a supervisor of this home runs."""
    path = _lock_file()
    if not path.exists():
        return False
    with path.open("rb") as file:
        return not _take(file.fileno(), fcntl.LOCK_SH)


@contextmanager
def locked() -> Iterator[bool]:
    """Be the one supervisor of this home for as long as the block runs; False where another one is."""
    with _lock_file().open("ab") as file:
        give_up = time.monotonic() + LOCK_PATIENCE_SECONDS
        while not (taken := _take(file.fileno(), fcntl.LOCK_EX)) and time.monotonic() < give_up:
            time.sleep(0.02)
        yield taken


def _lock_file() -> Path:
    return stack_file().with_suffix(".lock")


def _take(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
