"""The plugin's part in the project's process: begin to record, have the selection decided, leave out, tell, keep.

Standard library and pytest only. What goes wrong is said, and then everything runs.
"""

import os
import shutil
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from maestro.pytest_plugin import FOLDER, recording
from maestro.pytest_plugin.child import call, decided, last_answer, read
from maestro.pytest_plugin.telling import Teller

ABANDONED_SECONDS = 24 * 3_600.0
"""No session takes so long."""

_RUN = pytest.StashKey["Run"]()


@dataclass
class Run:
    """One session, or one worker's part in it. ``folder`` is shared by all its processes; ``problem`` says why nothing
    can be left out, ``unrecorded`` why nothing is recorded; both are empty where all is well.
    """

    folder: Path
    worker: bool
    recorder: Any = None
    problem: str = ""
    unrecorded: str = ""


def begin(config: pytest.Config) -> None:
    """Before the project's files are imported: make the folder of this session and start the recorder."""
    state = config.rootpath / FOLDER
    run = _joined(state)
    if run is None:
        given = getattr(config.known_args_namespace, "testrunuid", None)
        run = Run(state / "runs" / (given or uuid.uuid4().hex), worker=False)
        try:
            run.folder.mkdir(parents=True)
            (state / ".gitignore").write_text("*\n", encoding="utf-8")
            _remove_abandoned(run.folder.parent)
        except OSError as error:
            run.problem = f"{run.folder} cannot be made: {error.strerror}"
    config.stash[_RUN] = run
    if not run.problem:
        try:
            run.recorder = recording.start(config.rootpath, run.folder / recording.FILE)
        except (OSError, RuntimeError) as error:
            run.unrecorded = str(error)


def _remove_abandoned(runs: Path) -> None:
    """The folders of sessions that were killed."""
    oldest = time.time() - ABANDONED_SECONDS
    for folder in runs.iterdir():
        if folder.stat().st_mtime < oldest:
            shutil.rmtree(folder, ignore_errors=True)


def _joined(state: Path) -> Run | None:
    """The session that this process is a worker of pytest-xdist in; a pytest that a test starts is none."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = state / "runs" / os.environ["PYTEST_XDIST_TESTRUNUID"]
        if folder.is_dir():
            return Run(folder, worker=True)
    return None


def register(config: pytest.Config) -> None:
    """Enter the plugins of this process into pytest."""
    if _RUN not in config.stash:
        # Loaded by a conftest.py: what that had imported before is not recorded.
        begin(config)
    run = config.stash[_RUN]
    if not run.worker and getattr(config.option, "testrunuid", "") is None:
        # So that the workers find the folder.
        config.option.testrunuid = run.folder.name
    manager = config.pluginmanager
    manager.register(Chooser(run, config), "maestro-chooser")
    if not run.worker:
        manager.register(Keeper(run, config), "maestro-keeper")
    if run.problem:
        return
    if not run.worker:
        manager.register(recording.reporter(run.folder / recording.EVENTS), "maestro-reporter")
    if run.recorder is not None:
        run.recorder.stay_first()
        run.recorder.open(cast("dict[str, str]", getattr(config, "workerinput", {})).get("workerid", ""))
        manager.register(recording.hooks(run.recorder), "maestro-recording-hooks")


@dataclass
class Chooser:
    """In the process that collects: leaves tests out."""

    run: Run
    config: pytest.Config
    narrowed: bool = field(default=False, init=False)

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        self.narrowed = self.narrowed or bool(items)

    # Outermost, so that the others (-k, -m, --lf) have said what is asked for.
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Iterator[None]:
        yield
        names = recording.names_of(item.nodeid for item in items)
        decision = self._decision(names)
        teller = self.config.pluginmanager.get_plugin("maestro-keeper")
        if teller is not None:
            teller.decided(decision)
        left_out = frozenset(test["id"] for test in decision.get("left_out", ()))
        if left_out and not self.config.option.maestro_shadow:
            pairs = list(zip(names, items, strict=True))
            items[:] = [item for name, item in pairs if name not in left_out]
            self.config.hook.pytest_deselected(items=[item for name, item in pairs if name in left_out])

    def _decision(self, names: Sequence[str]) -> dict[str, Any]:
        if self.run.problem:
            return {"problem": self.run.problem}
        option = self.config.option
        return decided(
            self.run.folder,
            {
                "root": str(self.config.rootpath),
                "base": option.maestro_base,
                "tau": option.maestro_tau,
                "everything": option.maestro_record,
                "tests": list(dict.fromkeys(names)),
                "failed": recording.names_of(self._failed()),
                "whole": not self.narrowed and not getattr(option, "lf", False) and not _by_arguments(self.config),
            },
        )

    def _failed(self) -> list[str]:
        """What pytest itself remembers as failed: whoever asks for --lf wants to see it again."""
        cache = getattr(self.config, "cache", None)
        return [] if cache is None else list(cache.get("cache/lastfailed", {}))


def _by_arguments(config: pytest.Config) -> bool:
    return config.args_source is pytest.Config.ArgsSource.ARGS


@dataclass
class Keeper:
    """In the process that reports: tells people what was decided, and at the end keeps what was seen."""

    run: Run
    config: pytest.Config
    teller: Teller = field(init=False)

    def __post_init__(self) -> None:
        self.teller = Teller(shadow=self.config.option.maestro_shadow, unrecorded=self.run.unrecorded)

    def decided(self, decision: dict[str, Any]) -> None:
        self.teller.decision = decision

    def pytest_report_collectionfinish(self) -> list[str]:
        return self._header()

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self) -> None:
        # Workers collect and decide; what the first one that is ready was told, all are told.
        if not self.teller.decision:
            self.teller.decision = read(last_answer(self.run.folder))
            for line in self._header():
                self._say(line)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.teller.failed.update(recording.names_of([report.nodeid]))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and self.teller.leaves_out:
            # No test has to run, which is an answer; pytest takes it for a misspelt name.
            session.exitstatus = pytest.ExitCode.OK
        if path := self.config.option.maestro_report:
            report = self.config.invocation_params.dir / path
            try:
                report.write_text(self.teller.report(), encoding="utf-8")
            except OSError as error:
                self.teller.notes.append(f"--maestro-report: {report} cannot be written: {error.strerror}")

    def pytest_terminal_summary(self) -> None:
        for line in self.teller.summary():
            self._say(line)

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        if self.run.problem:
            return
        answer = last_answer(self.run.folder)
        if answer is not None and "revision" in self.teller.decision:
            problem = call("keep", self.config.rootpath, self.run.folder, answer)
            if problem:
                self._say(f"maestro: {problem}")
        shutil.rmtree(self.run.folder, ignore_errors=True)

    def _header(self) -> list[str]:
        return self.teller.header(verbose=self.config.get_verbosity() > 0)

    def _say(self, line: str) -> None:
        terminal = self.config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None:
            terminal.write_line(line)
