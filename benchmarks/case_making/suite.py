"""A project's own environment, and its whole suite run in it by plain pytest with the conductor's plugin listening."""

import asyncio
import json
import os
import shlex
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from uv import find_uv_bin

from maestro.errors import BadInput
from maestro.execution.output import last_lines
from maestro.execution.process import Command, Ended, Limits, run
from maestro.execution.runners.events import EventFile
from maestro.execution.runners.pytest_runner import PLUGIN_FOLDER
from maestro.model.tests import Verdict

INSTALL_LIMIT_SECONDS = 900.0
_ENDED_BY_ITSELF = frozenset({0, 1})


@dataclass(frozen=True)
class Run:
    """How the tests ended. ``broken`` are the files that cannot be collected; ``started`` says that a test began,
    ``complete`` that pytest reached its end; ``log`` has the last lines that it printed.
    """

    verdicts: dict[str, Verdict]
    broken: frozenset[str]
    started: bool
    seconds: float
    complete: bool
    log: str

    @property
    def passing(self) -> frozenset[str]:
        return frozenset(test for test, verdict in self.verdicts.items() if verdict is Verdict.PASS)

    def failing(self, of: Iterable[str]) -> frozenset[str]:
        """Those that fail or end in an error; a test that vanished does where its file cannot be collected."""
        bad = {test for test, verdict in self.verdicts.items() if verdict in {Verdict.FAIL, Verdict.ERROR}}
        return frozenset(
            test for test in of if test in bad or (test not in self.verdicts and test.split("::", 1)[0] in self.broken)
        )


@dataclass(frozen=True)
class Suite:
    """The suite as it runs with ``python``; ``arguments`` are pytest's, ``limit_seconds`` is for one run."""

    python: Path
    arguments: tuple[str, ...] = ()
    limit_seconds: float = 300.0

    def run(self, tree: Path, *, only: Iterable[str] | None = None) -> Run:
        """Run all tests of ``tree``, or ``only`` these; red tests are no error."""
        return self._run(tree, ("-m", "pytest"), only=None if only is None else list(only))

    def executed_lines(self, tree: Path) -> dict[str, frozenset[int]]:
        """The lines of each file below ``tree`` that a run of the whole suite executes."""
        with TemporaryDirectory() as folder:
            data, settings, report = (Path(folder) / name for name in ("data", "settings", "report.json"))
            settings.touch()
            measured = ("-m", "coverage", "run", f"--rcfile={settings}", f"--data-file={data}", f"--source={tree}")
            self._run(tree, (*measured, "-m", "pytest"), only=None)
            written = ("-m", "coverage", "json", f"--rcfile={settings}", f"--data-file={data}", "-o", str(report))
            _expect(_ended((str(self.python), *written, "--ignore-errors"), tree, {}, log=Path(folder) / "log"), folder)
            files = json.loads(report.read_bytes())["files"]
        return {Path(name).as_posix(): frozenset(found["executed_lines"]) for name, found in files.items()}

    def _run(self, tree: Path, command: tuple[str, ...], *, only: list[str] | None) -> Run:
        with TemporaryDirectory() as folder:
            inside, log = Path(folder), Path(folder) / "log"
            variables = {
                "MAESTRO_EVENTS": str(inside / "events"),
                "PYTHONHASHSEED": "0",
                "PYTHONPATH": os.pathsep.join(map(str, (PLUGIN_FOLDER, tree / "src", tree))),
            }
            if only is not None:
                (inside / "tests").write_text(json.dumps(only), encoding="utf-8")
                variables["MAESTRO_TESTS"] = str(inside / "tests")
            options = ("-q", "-p", "maestro_pytest", "-p", "no:cacheprovider", "-p", "no:randomly", "--maxfail=0")
            argv = (str(self.python), *command, *self.arguments, *options, "--continue-on-collection-errors")
            with EventFile(inside / "events") as file:
                ended = _ended(argv, tree, variables, log=log, limit_seconds=self.limit_seconds)
                events = file.all_news()
            return Run(
                verdicts={event.id: event.verdict for event in events if event.event == "ended"},
                broken=frozenset(event.id for event in events if event.event == "broken"),
                started=any(event.event == "started" for event in events),
                seconds=ended.seconds,
                complete=not ended.stopped and ended.exit_code in _ENDED_BY_ITSELF,
                log=last_lines(log),
            )


def environment(folder: Path, tree: Path, install: str) -> Path:
    """The interpreter of the virtual environment ``folder``, which is made where there is none: ``uv pip install``
    with the words of ``install``, in ``tree``. The project is not linked, so its code always comes from the tree.

    Raises BadInput when the packages cannot be installed.
    """
    python = folder / "bin" / "python"
    if (folder / "complete").exists():
        return python
    uv = find_uv_bin()
    for words in (
        ("venv", "--quiet", "--clear", "--python", sys.executable, str(folder)),
        ("pip", "install", "--quiet", "--compile-bytecode", "--python", str(python), *shlex.split(install), "coverage"),
    ):
        with TemporaryDirectory() as scrap:
            log = Path(scrap) / "log"
            _expect(_ended((uv, *words), tree, {}, log=log, limit_seconds=INSTALL_LIMIT_SECONDS), scrap)
    (folder / "complete").touch()
    return python


def _expect(ended: Ended, folder: str | Path) -> None:
    if ended.stopped or ended.exit_code:
        raise BadInput(
            f"a step of the preparation ended with exit code {ended.exit_code}:\n{last_lines(Path(folder) / 'log')}",
            field="--install",
            fix="name packages that can be installed, the suite's requirements among them",
        )


def _ended(
    argv: tuple[str, ...],
    cwd: Path,
    variables: dict[str, str],
    *,
    log: Path,
    limit_seconds: float = INSTALL_LIMIT_SECONDS,
) -> Ended:
    """Run a command in the user's environment, without what would make a suite differ from machine to machine."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "PYTHON"))}
    settled = {"PYTHONDONTWRITEBYTECODE": "1", "TZ": "UTC", "LC_ALL": "C.UTF-8", "COLUMNS": "80"}
    command = Command(argv=argv, cwd=cwd, variables=inherited | settled | variables, mark=f"cases-{os.getpid()}")
    limits = Limits(total_seconds=limit_seconds, hang_seconds=limit_seconds, output_bytes=2_000_000, grace_seconds=1.0)
    return asyncio.run(run(command, limits=limits, log=log))
