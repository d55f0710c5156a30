"""One process of the stack: started on the leash with its log, watched until it is ready, ended with its children."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

LOG_LIMIT_BYTES = 20_000_000
"""A log larger than this at its part's start is set aside as ``.1``, and the one before that is dropped."""

TAIL_LINES = 6
"""What of a log is shown where its part failed."""

POLL_SECONDS = 0.05

SUCCESS = "ended with exit code 0"


@dataclass(frozen=True)
class ChildSpec:
    """A process to be. ``is_ready`` is asked again and again; ``grace_seconds`` is what it gets after SIGTERM.

    ``environment`` is what it gets beyond the environment of every part.
    """

    name: str
    command: tuple[str, ...]
    log: Path
    grace_seconds: float
    is_ready: Callable[[int], Awaitable[bool]]
    environment: Mapping[str, str] = field(default_factory=dict)


class Child:
    """A running process of the stack."""

    def __init__(self, spec: ChildSpec, process: asyncio.subprocess.Process) -> None:
        self.spec = spec
        self._process = process

    @classmethod
    async def start(cls, spec: ChildSpec, *, environment: Mapping[str, str], folder: Path) -> "Child":
        """Start the process; it dies with this one."""
        leash = [sys.executable, "-I", "-S", str(Path(__file__).with_name("leash.py")), str(os.getpid())]
        _set_aside(spec.log)
        with spec.log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *leash,
                *spec.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**environment, **spec.environment},
                cwd=folder,
            )
        return cls(spec, process)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def wait(self) -> str:
        """Wait for its end; how it ended, in words."""
        code = await self._process.wait()
        if code == 0:
            return SUCCESS
        return f"ended with exit code {code}" if code > 0 else f"was ended by signal {-code}"

    async def ready(self) -> bool:
        """True once it is ready, False when it ended before."""
        while self._process.returncode is None:
            if await self.spec.is_ready(self.pid):
                return True
            await asyncio.sleep(POLL_SECONDS)
        return False

    async def end(self) -> None:
        """SIGTERM, the grace, then SIGKILL, also for what it started and left behind."""
        if self._process.returncode is None:
            family = _family(self.pid)
            self._process.terminate()
            try:
                await asyncio.wait_for(self._process.wait(), self.spec.grace_seconds)
            except TimeoutError:
                family += _family(self.pid)
            kill(family)
            await self._process.wait()


def kill(processes: list[psutil.Process]) -> None:
    """SIGKILL to each that still runs; psutil refuses where an id belongs to another process by now."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def tail(log: Path) -> str:
    """The last lines of a log."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    return "\n".join(lines[-TAIL_LINES:])


def _set_aside(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(".1"))


def _family(pid: int) -> list[psutil.Process]:
    try:
        root = psutil.Process(pid)
        return [*root.children(recursive=True), root]
    except psutil.NoSuchProcess:
        return []
