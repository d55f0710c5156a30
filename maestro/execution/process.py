"""Runs one command as a process group of its own, and leaves nothing of it behind: not when it ends, hangs or prints
without end, and not when the caller is cancelled.
"""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Literal

from maestro.execution.leftovers import MARK, kill_marked
from maestro.execution.output import CappedFile, piped
from maestro.model.base import Model

TICK_SECONDS = 0.2
"""How often a running command is looked at: verdicts are delivered and the clocks are read this often."""

Tick = Callable[[], Awaitable[bool]]
"""Called while a command runs; answers whether there was progress, which keeps the command from counting as hung."""

Stop = Literal["", "hang", "timeout"]


class Limits(Model):
    """When a command is stopped, and how much of its output is kept."""

    total_seconds: float
    hang_seconds: float
    output_bytes: int
    grace_seconds: float


class Command(Model):
    """What is run: ``variables`` are its whole environment, ``mark`` names it and its children."""

    argv: tuple[str, ...]
    cwd: Path
    variables: dict[str, str]
    mark: str


class Ended(Model):
    """How a command ended. ``exit_code`` is negative for a signal; ``stopped`` says whether a limit ended it."""

    exit_code: int
    stopped: Stop = ""
    seconds: float
    printed_bytes: int


async def run(
    command: Command, *, limits: Limits, log: Path, answer: Path | None = None, tick: Tick | None = None
) -> Ended:
    """Run ``command``; its output goes to ``log``, capped; with ``answer`` standard output goes there instead.

    Whatever ends the wait (also cancelling, also an error of ``tick``) first ends the command and its children:
    SIGTERM, the grace, SIGKILL. Raises ``OSError`` when ``argv[0]`` cannot be started.
    """
    started = time.monotonic()
    with _sinks(log, answer, limits.output_bytes) as (output, errors):
        async with AsyncExitStack() as stack:
            stdout = await stack.enter_async_context(piped(output))
            stderr = await stack.enter_async_context(piped(errors)) if answer else stdout
            process = await asyncio.create_subprocess_exec(
                *command.argv,
                cwd=command.cwd,
                env={**command.variables, MARK: command.mark},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
            try:
                stopped = await _watch(process, limits, lambda: output.seen_bytes + errors.seen_bytes, tick)
            finally:
                await _end(process, command.mark, grace_seconds=limits.grace_seconds)
        if tick is not None:
            await tick()
    return Ended(
        exit_code=await process.wait(),
        stopped=stopped,
        seconds=time.monotonic() - started,
        printed_bytes=output.seen_bytes if output is errors else output.seen_bytes + errors.seen_bytes,
    )


@contextlib.contextmanager
def _sinks(log: Path, answer: Path | None, limit_bytes: int) -> Iterator[tuple[CappedFile, CappedFile]]:
    with CappedFile(log, limit_bytes) as errors:
        if answer is None:
            yield errors, errors
        else:
            with CappedFile(answer, limit_bytes) as output:
                yield output, errors


async def _watch(
    process: asyncio.subprocess.Process, limits: Limits, printed: Callable[[], int], tick: Tick | None
) -> Stop:
    """Wait for the end of ``process``, or for a limit; answers which limit."""
    ended = asyncio.create_task(process.wait())
    started = last_sign = time.monotonic()
    last_printed = 0
    try:
        while True:
            done, _ = await asyncio.wait((ended,), timeout=TICK_SECONDS)
            progress = await tick() if tick is not None else False
            if done:
                return ""
            now = time.monotonic()
            if progress or printed() != last_printed:
                last_sign, last_printed = now, printed()
            if now - started > limits.total_seconds:
                return "timeout"
            if now - last_sign > limits.hang_seconds:
                return "hang"
    finally:
        ended.cancel()


async def _end(process: asyncio.subprocess.Process, mark: str, *, grace_seconds: float) -> None:
    """End the command and whatever it started. A second cancelling skips the grace, never the SIGKILL."""
    try:
        if process.returncode is None:
            _signal_group(process.pid, signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), grace_seconds)
    finally:
        # The group outlives its leader; this also ends children that the command left in it.
        _signal_group(process.pid, signal.SIGKILL)
        await asyncio.to_thread(kill_marked, mark)
        await process.wait()


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)
