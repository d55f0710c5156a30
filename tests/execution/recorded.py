"""Projects that are run with recording on, and their recordings in words that a test can hold against the source."""

from datetime import UTC, datetime
from pathlib import Path

from maestro.config.project import ProjectConfig
from maestro.execution.bench import Bench
from maestro.execution.environment import Environment
from maestro.execution.runners import PytestRunner
from maestro.impact.knowledge.recorded import read_recording
from maestro.impact.knowledge.recording import Recording
from maestro.model.tests import TestOutcome

PLAIN = ("-p", "no:asyncio", "-p", "no:hypothesispytest", "-p", "no:xdist")
"""The plugins of our own environment are not the project's."""


class Recorded:
    """Runs all tests of the files in ``bench`` once, recording."""

    def __init__(self, bench: Bench, environment: Environment, folder: Path, *, arguments: tuple[str, ...]) -> None:
        project = ProjectConfig.model_validate({"tests": {"arguments": arguments}})
        self._runner = PytestRunner(bench=bench, environment=environment, project=project)
        self._source = bench.worktree.source
        self._folder = folder
        self.outcomes: dict[str, TestOutcome] = {}
        self.recording: Recording

    async def run(self) -> None:
        listing = await self._runner.list(self._folder / "list")
        assert listing.problem is None, listing.problem
        self._output = await self._runner.run(
            listing.tests, self._folder / "run", on_outcomes=self._take, recording=True
        )
        assert self._output.problem is None, self._output.problem
        self.read()

    def read(self) -> None:
        """Read what was recorded, also of a run that had a problem."""
        found = read_recording(
            self._output.recording_paths,
            source=self._source,
            outcomes=self.outcomes,
            revision="a" * 40,
            recorded_at=datetime(2026, 11, 20, tzinfo=UTC),
        )
        assert found is not None
        self.recording = found

    async def _take(self, outcomes: tuple[TestOutcome, ...]) -> None:
        self.outcomes |= {outcome.test: outcome for outcome in outcomes}

    def testing(self, file: str, text: str) -> set[str]:
        """The names of the tests that executed the line of ``file`` in which ``text`` stands."""
        [line] = self._lines(file, text)
        found, tests = self.recording.lines_of(file)
        return {self.name(test) for test in tests[found == line]}

    def at_import(self, file: str, text: str) -> bool:
        """Whether the line in which ``text`` stands runs outside every test."""
        [line] = self._lines(file, text)
        return line in self.recording.at_import(file)

    def opening(self, path: str) -> set[str]:
        """The names of the tests that opened the data file."""
        return {self.name(test) for test in self.recording.opened_by(path)}

    def flags(self, name: str) -> int:
        """The flags of the test of this name."""
        [number] = [number for number in range(len(self.recording.tests)) if self.name(number) == name]
        return int(self.recording.flags[number])

    def name(self, test: int) -> str:
        return self.recording.tests[test].rsplit("::", 1)[-1]

    def _lines(self, file: str, text: str) -> list[int]:
        source = (self._source / file).read_text(encoding="utf-8")
        return [number for number, line in enumerate(source.splitlines(), start=1) if text in line]
