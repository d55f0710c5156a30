"""Any other runner, by two commands of ``maestro.yaml``: one lists the tests, one runs them and writes JUnit XML."""

import os
import shlex
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from maestro.config.project import TESTS, TESTS_FILE, ProjectConfig, RunnerConfig
from maestro.errors import BadInput
from maestro.execution.bench import SYSTEM_PATH, Access, Bench
from maestro.execution.environment import Environment
from maestro.execution.output import last_lines
from maestro.execution.process import Ended
from maestro.execution.runners.answers import (
    Listing,
    OnOutcomes,
    RunOutput,
    Verdicts,
    missing_problem,
    shortened,
    stopped_problem,
)
from maestro.execution.runners.reports import outcomes_of, own_report, read_cases
from maestro.model.tests import Problem

ARGUMENTS_LIMIT_BYTES = 500_000
"""How long the ids on one command line may be together; the kernel's limit for all arguments is about 2 MB."""


@dataclass(frozen=True)
class CommandRunner:
    """The commands of ``runner``; ``environment`` is None for a project that is not Python."""

    bench: Bench
    environment: Environment | None
    project: ProjectConfig
    runner: RunnerConfig

    async def list(self, folder: Path) -> Listing:
        """The lines that the list command prints, each a test id."""
        output, log, answer = folder / "output", folder / "log.txt", folder / "tests.txt"
        output.mkdir(parents=True)
        argv = tuple(shlex.split(self.runner.list_command))
        if absent := self._absent(argv[0], field="runner.list"):
            return Listing(problem=absent)
        total_seconds = self.bench.settings.list_timeout_seconds
        ended = await self.bench.run(
            argv, access=self._access(), output=output, log=log, answer=answer, total_seconds=total_seconds
        )
        lines = answer.read_bytes().decode("utf-8", "backslashreplace").splitlines()
        return Listing(
            tests=tuple(dict.fromkeys(line for line in lines if line.strip())) if ended.exit_code == 0 else (),
            problem=self._problem(ended, "the list command", total_seconds, log),
            seconds=ended.seconds,
        )

    async def run(self, tests: Sequence[str], folder: Path, *, on_outcomes: OnOutcomes) -> RunOutput:
        """Run exactly ``tests``; their verdicts are delivered when the command has written its report."""
        verdicts = Verdicts(tests, on_outcomes)
        result = RunOutput()
        for number, part in enumerate(self._parts(tests)):
            result = await self._run_part(part, folder / f"part-{number}", verdicts, before=result)
            if result.problem is not None:
                break
        missing = verdicts.missing
        problem = result.problem or missing_problem(missing, result.log_path)
        return result.model_copy(update={"missing": missing, "problem": problem})

    async def _run_part(
        self, tests: tuple[str, ...], folder: Path, verdicts: Verdicts, *, before: RunOutput
    ) -> RunOutput:
        output, log = folder / "output", folder / "log.txt"
        output.mkdir(parents=True)
        (output / "tests.txt").write_text("".join(f"{test}\n" for test in tests), encoding="utf-8")
        argv = self._run_argv(tests, self.bench.output(output) / "tests.txt")
        report = self.bench.worktree.source / self.runner.junit
        if absent := self._absent(argv[0], field="runner.run"):
            return RunOutput(problem=absent)
        if own_report(report, under=self.bench.worktree.source):
            # One that the commit carries, or of the part before: its verdicts are not this run's.
            report.unlink()
        total_seconds = self.bench.settings.shard_timeout_seconds
        ended = await self.bench.run(argv, access=self._access(), output=output, log=log, total_seconds=total_seconds)
        problem = self._problem(ended, "the run command", total_seconds, log) if ended.stopped else None
        found = own_report(report, under=self.bench.worktree.source)
        if found is None:
            problem = problem or self._no_report(ended, log)
        else:
            try:
                await verdicts.deliver(outcomes_of(read_cases(found), tests))
            except BadInput as error:
                problem = problem or Problem(
                    kind="report", message=f"{self.runner.junit}: {error.message}", fix=error.fix
                )
        kept = Path(shutil.copy(found, folder / "junit.xml")) if found else before.junit_path
        return RunOutput(problem=problem, log_path=log, junit_path=kept, seconds=before.seconds + ended.seconds)

    def _run_argv(self, tests: Sequence[str], tests_file: Path) -> tuple[str, ...]:
        argv: list[str] = []
        for word in shlex.split(self.runner.run_command):
            argv += tests if word == TESTS else [word.replace(TESTS_FILE, str(tests_file))]
        return tuple(argv)

    def _parts(self, tests: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """The tests in as few parts as one command line each can take; all at once when they go by file."""
        part: list[str] = []
        size = 0
        by_file = TESTS_FILE in self.runner.run_command
        for test in tests:
            length = len(os.fsencode(test)) + 1
            if part and not by_file and size + length > ARGUMENTS_LIMIT_BYTES:
                yield tuple(part)
                part, size = [], 0
            part.append(test)
            size += length
        if part:
            yield tuple(part)

    def _access(self) -> Access:
        environment = self.environment
        return Access(
            mounts=environment.mounts if environment else (),
            variables=self.project.environment.variables,
            path=environment.path if environment else SYSTEM_PATH,
            network=self.project.tests.network and self.bench.settings.network,
        )

    def _absent(self, program: str, *, field: str) -> Problem | None:
        inside = self.bench.worktree.source / program
        if ("/" in program and inside.is_file()) or shutil.which(program, path=self._access().path):
            return None
        return Problem(
            kind="runner_missing",
            message=f"maestro.yaml: {field}: there is no program {program!r} in the worktree or in the environment",
            fix="commit it as an executable file, or name the package that brings it in environment.install",
        )

    def _problem(self, ended: Ended, what: str, total_seconds: float, log: Path) -> Problem | None:
        hang_seconds = self.bench.settings.hang_timeout_seconds
        stopped = stopped_problem(ended, what, hang_seconds=hang_seconds, total_seconds=total_seconds)
        if stopped is not None or ended.exit_code == 0:
            return stopped
        return Problem(
            kind="crash",
            message=shortened(f"{what} ended with exit code {ended.exit_code}:\n{last_lines(log)}"),
            fix="run the same command in a clean clone and mend what its last lines say",
        )

    def _no_report(self, ended: Ended, log: Path) -> Problem:
        return Problem(
            kind="report",
            message=shortened(
                f"the run command ended with exit code {ended.exit_code} and wrote no {self.runner.junit}:\n"
                f"{last_lines(log)}"
            ),
            fix="let the run command write JUnit XML to the path that runner.junit names",
        )
