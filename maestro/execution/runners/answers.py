"""What every runner takes and answers."""

import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Protocol

from maestro.execution.output import last_lines
from maestro.execution.process import Ended
from maestro.model.base import Model
from maestro.model.tests import MESSAGE_LIMIT, SAMPLE_LIMIT, Problem, TestOutcome

OnOutcomes = Callable[[tuple[TestOutcome, ...]], Awaitable[None]]
"""Called with verdicts while the tests run, each test once. An error that it raises stops the run."""


class Listing(Model):
    """The tests of a worktree, in the runner's order. ``errors`` has one outcome per file that cannot be collected."""

    tests: tuple[str, ...] = ()
    errors: tuple[TestOutcome, ...] = ()
    problem: Problem | None = None
    seconds: float = 0.0


class RunOutput(Model):
    """How a run ended. Verdicts went to ``on_outcomes``; ``missing`` are the tests that got none, ``problem`` why.

    Without a ``log_path`` no command was started. ``recording_paths`` are what the recorder's processes wrote.
    """

    missing: tuple[str, ...] = ()
    problem: Problem | None = None
    log_path: Path | None = None
    junit_path: Path | None = None
    recording_paths: tuple[Path, ...] = ()
    seconds: float = 0.0


class Runner(Protocol):
    """Lists and runs tests. ``folder`` is the caller's, empty; logs and reports stay there."""

    async def list(self, folder: Path) -> Listing:
        """Every test there is, without running one."""
        ...

    async def run(self, tests: Sequence[str], folder: Path, *, on_outcomes: OnOutcomes) -> RunOutput:
        """Run exactly ``tests``."""
        ...


class Verdicts:
    """Passes on the verdicts of the tests that were asked for, the first of each.

    A runner's word on how long a test took is bounded by the time since it was asked: a test that moves the clock must
    not pass for one that took a thousand years, by which everything after would be placed and priced.
    """

    def __init__(self, tests: Sequence[str], on_outcomes: OnOutcomes) -> None:
        self._open = dict.fromkeys(tests)
        self._on_outcomes = on_outcomes
        self._asked = time.monotonic()

    @property
    def missing(self) -> tuple[str, ...]:
        """The tests without a verdict, in the order in which they were asked for."""
        return tuple(self._open)

    async def deliver(self, outcomes: Sequence[TestOutcome]) -> None:
        """Hand on what is new of ``outcomes``."""
        fresh = []
        elapsed = time.monotonic() - self._asked
        for outcome in outcomes:
            if outcome.test in self._open:
                del self._open[outcome.test]
                seconds = min(outcome.duration_seconds, elapsed)
                fresh.append(outcome.model_copy(update={"duration_seconds": seconds}))
        if fresh:
            await self._on_outcomes(tuple(fresh))


def stopped_problem(ended: Ended, what: str, *, hang_seconds: float, total_seconds: float) -> Problem | None:
    """The problem of a command that a limit ended; ``what`` names the command and where it stood."""
    if ended.stopped == "hang":
        return Problem(
            kind="hang",
            message=f"{what} gave no sign for {hang_seconds:g} s and was stopped",
            fix="run that test alone and see what it waits for, or raise run.hang_timeout_seconds",
        )
    if ended.stopped == "timeout":
        return Problem(
            kind="timeout",
            message=f"{what} did not end within {total_seconds:g} s and was stopped",
            fix="split the slow tests, or raise run.shard_timeout_seconds",
        )
    return None


def missing_problem(missing: Sequence[str], log: Path | None) -> Problem | None:
    """The problem of a run that ended by itself without a verdict for every test."""
    if not missing:
        return None
    named = ", ".join(missing[:SAMPLE_LIMIT]) + (" …" if len(missing) > SAMPLE_LIMIT else "")
    return Problem(
        kind="missing_verdicts",
        message=shortened(f"{len(missing)} tests gave no verdict: {named}\n{last_lines(log) if log else ''}"),
        fix="see in the log why they did not run; a test may have been renamed or taken out by the project's options",
    )


def shortened(text: str) -> str:
    """``text`` within the limit of messages."""
    return text if len(text) <= MESSAGE_LIMIT else text[: MESSAGE_LIMIT - 1] + "…"
