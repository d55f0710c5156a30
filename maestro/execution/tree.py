"""One commit, ready to be tested: its worktree, its environment, its sandbox and its runner in one value."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Self, TypeVar

from maestro.config.project import ProjectConfig, load_project
from maestro.errors import BadInput
from maestro.execution import environment as environments
from maestro.execution import mirror, worktree
from maestro.execution.bench import Bench
from maestro.execution.environment import Environment
from maestro.execution.git import ask, tell
from maestro.execution.places import Places
from maestro.execution.runners import CommandRunner, Extra, Listing, OnOutcomes, PytestRunner, Runner, RunOutput
from maestro.execution.sandbox import choose
from maestro.execution.settings import ExecutionSettings, Isolation
from maestro.impact.knowledge.recorded import read_recording
from maestro.impact.knowledge.recording import Recording
from maestro.model.pull_request import PullRequest
from maestro.model.tests import Problem, TestOutcome

Result = TypeVar("Result")

_PYTHON_FILES = ("pyproject.toml", "setup.py", "setup.cfg", "requirements.txt")


@dataclass(frozen=True)
class Tree:
    """A commit (``sha``) that can be tested. ``source`` has its files; ``mirror`` its history.

    ``environment`` is None when none is needed or when it could not be built: then ``problem`` says why, and listing
    and running answer with it.
    """

    sha: str
    source: Path
    mirror: Path
    isolation: Isolation
    project: ProjectConfig
    environment: Environment | None
    problem: Problem | None
    _runner: Runner | None

    def with_extra(self, extra: Extra) -> Self:
        """The same tree, its tests listed and run with one more plugin; only for tests that are pytest's."""
        if not isinstance(self._runner, PytestRunner):
            raise BadInput("its tests are not pytest's", field="runner", fix="use a plugin only where pytest runs")
        return replace(self, _runner=replace(self._runner, extra=extra))

    async def list_tests(self, *, workdir: Path) -> Listing:
        """Every test of the commit; logs go to ``workdir``, an empty or absent folder of the caller."""
        return Listing(problem=self.problem) if self._runner is None else await self._runner.list(workdir)

    async def run(self, tests: Sequence[str], *, on_outcomes: OnOutcomes, workdir: Path) -> RunOutput:
        """Run exactly ``tests``. Verdicts go to ``on_outcomes`` while they come; log and report stay in ``workdir``."""
        if self._runner is None:
            return RunOutput(missing=tuple(tests), problem=self.problem)
        return await self._runner.run(tests, workdir, on_outcomes=on_outcomes)

    async def record(
        self, tests: Sequence[str], *, on_outcomes: OnOutcomes, workdir: Path
    ) -> tuple[RunOutput, Recording | None]:
        """``run``, and what each test executed; None where the project's runner cannot tell."""
        if not isinstance(self._runner, PytestRunner):
            return await self.run(tests, on_outcomes=on_outcomes, workdir=workdir), None
        outcomes: dict[str, TestOutcome] = {}

        async def note(fresh: tuple[TestOutcome, ...]) -> None:
            outcomes.update({outcome.test: outcome for outcome in fresh})
            await on_outcomes(fresh)

        output = await self._runner.run(tests, workdir, on_outcomes=note, recording=True)
        recording = await asyncio.to_thread(
            read_recording,
            output.recording_paths,
            source=self.source,
            outcomes=outcomes,
            revision=self.sha,
            recorded_at=datetime.now(UTC),
        )
        return output, recording


@asynccontextmanager
async def open_tree(
    pull_request: PullRequest,
    sha: str,
    *,
    home: Path,
    settings: ExecutionSettings,
    project: ProjectConfig | None = None,
    python: Path | None = None,
) -> AsyncIterator[Tree]:
    """``sha`` of the pull request's repository, fetched, checked out and with its environment; removed afterwards.

    ``project`` replaces what the commit's own ``maestro.yaml`` says; ``python`` is the interpreter of an environment
    that is there already, and is used instead of a built one. Raises ``BadInput`` (unknown commit, malformed
    ``maestro.yaml``, no sandbox on this machine) or ``PlatformUnavailable``; a project that cannot be installed is the
    tree's ``problem``, not an error.
    """
    sandbox = await asyncio.to_thread(choose, settings.isolation)
    places = Places.under(home)
    repository, repo = pull_request.repository, pull_request.repo
    folder = await asyncio.to_thread(mirror.fetch, repository, repo, (sha,), places=places)
    async with _checked_out(folder, sha, places) as files:
        chosen = project if project is not None else load_project(files.source)
        bench = Bench(worktree=files, sandbox=sandbox, places=places, settings=settings)
        built: Environment | Problem | None
        if python is not None:
            built = await asyncio.to_thread(environments.existing, python)
        else:
            built = await _environment(bench, pull_request, chosen, folder, sha)
        problem = built if isinstance(built, Problem) else None
        environment = built if isinstance(built, Environment) else None
        yield Tree(
            sha=sha,
            source=files.source,
            mirror=folder,
            isolation=sandbox.isolation,
            project=chosen,
            environment=environment,
            problem=problem,
            _runner=None if problem else _runner(bench, environment, chosen),
        )


@asynccontextmanager
async def _checked_out(folder: Path, sha: str, places: Places) -> AsyncIterator[worktree.Worktree]:
    """``worktree.checkout`` with its disk work in threads; removing is not given up when the caller is cancelled."""
    stack = ExitStack()
    entering = asyncio.ensure_future(
        asyncio.to_thread(stack.enter_context, worktree.checkout(folder, sha, places=places))
    )
    try:
        yield await asyncio.shield(entering)
    finally:
        try:
            await _finished(entering)
        finally:
            await _finished(asyncio.to_thread(stack.close))


async def _finished(work: Awaitable[Result]) -> Result:
    """Wait for the end of ``work`` even when cancelled, and only then pass the cancelling on."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled
    return task.result()


async def _environment(
    bench: Bench, pull_request: PullRequest, project: ProjectConfig, folder: Path, sha: str
) -> Environment | Problem | None:
    """None where the project has its own runner and nothing of Python."""
    if project.runner is not None and not any((bench.worktree.source / name).is_file() for name in _PYTHON_FILES):
        return None
    described = await asyncio.to_thread(ask, folder, "describe", "--tags", "--abbrev=0", sha)
    return await environments.ensure(
        bench,
        pull_request=pull_request,
        project=project,
        tree=await asyncio.to_thread(tell, folder, "rev-parse", f"{sha}^{{tree}}"),
        version=described.output.strip() if described.ok else "",
    )


def _runner(bench: Bench, environment: Environment | None, project: ProjectConfig) -> Runner:
    if project.runner is not None:
        return CommandRunner(bench=bench, environment=environment, project=project, runner=project.runner)
    if environment is None:
        raise AssertionError("pytest needs an environment, and one that failed has no runner")
    return PytestRunner(bench=bench, environment=environment, project=project)
