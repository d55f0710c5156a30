"""Lists and runs a project's tests with its own pytest and our plugin in it.

No test id travels on the command line, so ids may hold anything and there may be any number of them.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from maestro.config.project import ProjectConfig
from maestro.execution.bench import Access, Bench
from maestro.execution.environment import Environment
from maestro.execution.output import last_lines
from maestro.execution.process import Ended, Tick
from maestro.execution.runners.answers import (
    Listing,
    OnOutcomes,
    RunOutput,
    Verdicts,
    missing_problem,
    shortened,
    stopped_problem,
)
from maestro.execution.runners.events import Event, EventFile
from maestro.execution.runners.reports import own_report
from maestro.execution.sandbox.view import mount
from maestro.model.base import Model
from maestro.model.tests import Problem, TestOutcome, Verdict

PLUGIN_FOLDER = Path(__file__).parents[1] / "plugin"

_ENDED_BY_ITSELF = frozenset({0, 1})
"""All passed; or some failed, or a plugin is not content: a coverage threshold, which no part of a suite can meet."""

_NOTHING_COLLECTED = 5

RECORDING_VARIABLE = "MAESTRO_RECORDING"

_RECORDING = "recording.jsonl"

_LIMIT = "--maxfail=0"
"""Undoes a project's ``-x``: a verdict is wanted for every test that was asked for."""


class Extra(Model):
    """A plugin beside the project's own: ``packages`` is the folder that it is installed in."""

    packages: Path
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class PytestRunner:
    """pytest as the project configured it, in ``environment``, with an ``extra`` plugin if there is one."""

    bench: Bench
    environment: Environment
    project: ProjectConfig
    extra: Extra | None = None

    async def list(self, folder: Path) -> Listing:
        """Every test that pytest collects, after the project's own deselection."""
        output, log = _prepared(folder)
        with EventFile(output / "events.jsonl") as file:
            ended = await self._pytest(
                ("--collect-only", "-qq", "--continue-on-collection-errors"),
                {},
                output=output,
                log=log,
                total_seconds=self.bench.settings.list_timeout_seconds,
            )
            events = file.all_news()
        broken = tuple(_broken(event) for event in events if event.event == "broken")
        collected = any(event.event == "collected" for event in events)
        return Listing(
            tests=tuple(dict.fromkeys(event.id for event in events if event.event == "test")),
            errors=broken,
            problem=self._list_problem(ended, log, collected=collected, broken=bool(broken)),
            seconds=ended.seconds,
        )

    async def run(
        self, tests: Sequence[str], folder: Path, *, on_outcomes: OnOutcomes, recording: bool = False
    ) -> RunOutput:
        """Run exactly ``tests``; verdicts are delivered as they come. With ``recording``, note what each executes."""
        output, log = _prepared(folder)
        (output / "tests.json").write_text(json.dumps(list(tests)), encoding="utf-8")
        verdicts = Verdicts(tests, on_outcomes)
        with EventFile(output / "events.jsonl") as file:
            progress = Progress(file, verdicts)
            inside = self.bench.output(output)
            ended = await self._pytest(
                ("--continue-on-collection-errors", _LIMIT, f"--junitxml={inside / 'junit.xml'}"),
                {"MAESTRO_TESTS": str(inside / "tests.json"), **_recording_to(inside, wanted=recording)},
                output=output,
                log=log,
                total_seconds=self.bench.settings.shard_timeout_seconds,
                tick=progress.tick,
            )
            while await progress.tick():
                continue
        await verdicts.deliver(_of_broken_files(verdicts.missing, progress.broken))
        return RunOutput(
            missing=verdicts.missing,
            problem=self._run_problem(ended, log, progress, verdicts.missing),
            log_path=log,
            junit_path=own_report(output / "junit.xml", under=output),
            recording_paths=_recordings(output),
            seconds=ended.seconds,
        )

    async def _pytest(
        self,
        options: tuple[str, ...],
        variables: dict[str, str],
        *,
        output: Path,
        log: Path,
        total_seconds: float,
        tick: Tick | None = None,
    ) -> Ended:
        source = self.bench.source
        python = str(self.environment.python)
        extra = (self.extra.packages,) if self.extra else ()
        argv = (
            # A plugin of ours that the project has installed would select once more among what was selected.
            *(python, "-m", "pytest", "-p", "no:maestro-conductor", "-p", "maestro_pytest"),
            *(("-p", "maestro_recording") if RECORDING_VARIABLE in variables else ()),
            *("--rootdir", str(source)),
            *self.project.tests.arguments,
            *options,
            *(self.extra.options if self.extra else ()),
        )
        packages = (
            PLUGIN_FOLDER,
            *extra,
            *((source / "src",) if (self.bench.worktree.source / "src").is_dir() else ()),
            source,
        )
        access = Access(
            mounts=(*self.environment.mounts, mount(PLUGIN_FOLDER), *map(mount, extra)),
            variables={
                **self.project.environment.variables,
                **variables,
                "MAESTRO_EVENTS": str(self.bench.output(output) / "events.jsonl"),
                "PYTHONPATH": ":".join(map(str, packages)),
                "PYTHONUNBUFFERED": "1",
                "VIRTUAL_ENV": str(self.environment.python.parents[1]),
            },
            path=self.environment.path,
            network=self.project.tests.network and self.bench.settings.network,
        )
        return await self.bench.run(argv, access=access, output=output, log=log, total_seconds=total_seconds, tick=tick)

    def _list_problem(self, ended: Ended, log: Path, *, collected: bool, broken: bool) -> Problem | None:
        settings = self.bench.settings
        stopped = stopped_problem(
            ended,
            "collecting the tests",
            hang_seconds=settings.hang_timeout_seconds,
            total_seconds=settings.list_timeout_seconds,
        )
        if (
            stopped
            or (collected and ended.exit_code in {*_ENDED_BY_ITSELF, _NOTHING_COLLECTED})
            or (broken and collected)
        ):
            return stopped
        return _failed("collecting the tests", ended, log)

    def _run_problem(self, ended: Ended, log: Path, progress: "Progress", missing: Sequence[str]) -> Problem | None:
        settings = self.bench.settings
        during = f" during {progress.running}" if progress.running else ""
        stopped = stopped_problem(
            ended,
            f"the run{during}",
            hang_seconds=settings.hang_timeout_seconds,
            total_seconds=settings.shard_timeout_seconds,
        )
        if stopped is not None or not missing:
            return stopped
        if progress.running or ended.exit_code not in {*_ENDED_BY_ITSELF, _NOTHING_COLLECTED}:
            return _failed(f"the run{during}", ended, log)
        return missing_problem(missing, log)


def _recording_to(folder: Path, *, wanted: bool) -> dict[str, str]:
    return {RECORDING_VARIABLE: str(folder / _RECORDING)} if wanted else {}


def _recordings(output: Path) -> tuple[Path, ...]:
    """The recorder's files of all processes; none that is a link or beyond the limit of reports."""
    found = (own_report(path, under=output) for path in sorted(output.glob(f"{_RECORDING}*")))
    return tuple(path for path in found if path is not None)


class Progress:
    """Follows a run by its events: delivers verdicts, knows the running test and the files that cannot be collected."""

    def __init__(self, file: EventFile, verdicts: Verdicts) -> None:
        self._file = file
        self._verdicts = verdicts
        self.running = ""
        self.broken: dict[str, str] = {}

    async def tick(self) -> bool:
        """Take in what is new; answers whether there was anything."""
        events = self._file.news()
        outcomes = []
        for event in events:
            match event.event:
                case "started":
                    self.running = event.id
                case "ended":
                    self.running = "" if self.running == event.id else self.running
                    outcomes.append(_outcome(event))
                case "broken":
                    self.broken[event.id] = event.message
                case "collected" | "test":
                    continue
        await self._verdicts.deliver(outcomes)
        return bool(events)


def _prepared(folder: Path) -> tuple[Path, Path]:
    """The folder that the tests may write to, and the log beside it that they may not."""
    output = folder / "output"
    output.mkdir(parents=True)
    return output, folder / "log.txt"


def _outcome(event: Event) -> TestOutcome:
    return TestOutcome(
        test=event.id, verdict=event.verdict, duration_seconds=event.seconds, message=shortened(event.message)
    )


def _broken(event: Event) -> TestOutcome:
    return TestOutcome(test=event.id, verdict=Verdict.ERROR, message=shortened(event.message))


def _of_broken_files(missing: Sequence[str], broken: dict[str, str]) -> list[TestOutcome]:
    """A test of a file that cannot be imported is an error with that file's message, and so is the file itself."""
    return [
        TestOutcome(test=test, verdict=Verdict.ERROR, message=shortened(broken[file]))
        for test in missing
        for file in (test if test in broken else test.split("::", 1)[0],)
        if file in broken
    ]


def _failed(what: str, ended: Ended, log: Path) -> Problem:
    how = f"signal {-ended.exit_code}" if ended.exit_code < 0 else f"exit code {ended.exit_code}"
    return Problem(
        kind="crash",
        message=shortened(f"{what} ended with {how}:\n{last_lines(log)}"),
        fix="run the same in a clean clone and mend what its last lines say; "
        "where they blame a package's version, pin it in maestro.yaml: environment.install",
    )
