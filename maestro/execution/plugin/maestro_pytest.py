"""A pytest plugin that tells the conductor, as JSON lines, which tests there are and how each one ended.

Runs inside the conducted project: Python 3.8 and pytest 6 or newer, nothing but the standard library. Two environment
variables speak to it: ``MAESTRO_EVENTS`` is the file that it appends to, ``MAESTRO_TESTS`` (optional) a JSON list of
the only test ids that shall run.
"""

# Written for Python 3.8, so in its forms.
# ruff: noqa: UP006, UP035, UP045

import json
import os
import time
from collections import Counter
from pathlib import Path
from typing import Any, Dict, List, Optional

import pytest

MESSAGE_LIMIT = 2000
TOP = os.path.join(os.getcwd(), "")  # noqa: PTH109, PTH118 - pathlib drops the separator at the end
"""The folder in which pytest was started, before any test can go elsewhere."""

PYTEST_MAJOR = int(pytest.__version__.split(".", maxsplit=1)[0])


def pytest_configure(config):  # type: ignore[no-untyped-def]
    events = os.environ.get("MAESTRO_EVENTS")
    if events:
        # A worker of xdist runs tests, and its reports come to the controller, which alone writes them.
        is_worker = hasattr(config, "workerinput")
        config.pluginmanager.register(Selection(config, _wanted()), "maestro-selection")
        if not is_worker:
            config.pluginmanager.register(Reporter(Events(events)), "maestro-reporter")


def printable(node_id: str) -> str:
    """A test id as text that every file format can carry: bytes that are not UTF-8 and line ends are spelled out."""
    text = node_id.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return text.replace("\r", "\\r").replace("\n", "\\n")


def _wanted() -> "Optional[frozenset[str]]":
    path = os.environ.get("MAESTRO_TESTS")
    return None if path is None else frozenset(json.loads(Path(path).read_text(encoding="utf-8")))


class Events:
    """The file of events. Each line is one write without a buffer, so that it stays when the process crashes."""

    def __init__(self, path: str) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
        self._owner = os.getpid()

    def write(self, **event: Any) -> None:
        # A test that forks has this plugin in the child as well, whose end is not the end of the test.
        if os.getpid() == self._owner:
            os.write(self._descriptor, (json.dumps(event) + "\n").encode("ascii"))


class Selection:
    """Keeps exactly the wanted tests, and does not even import the files in which there are none."""

    def __init__(self, config: Any, wanted: "Optional[frozenset[str]]") -> None:
        self._wanted = wanted
        self._files = _files_of(wanted, Path(str(config.rootdir)))

    if PYTEST_MAJOR >= 7:

        def pytest_ignore_collect(self, collection_path: Path) -> Optional[bool]:
            return self._ignores(collection_path)

    else:

        def pytest_ignore_collect(self, path: Any) -> Optional[bool]:  # type: ignore[misc]
            return self._ignores(Path(str(path)))

    def _ignores(self, path: Path) -> Optional[bool]:
        if self._files is None or path.name == "__init__.py" or path.is_dir():
            return None
        return None if path in self._files else True

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: Any, items: List[Any]) -> None:
        if self._wanted is None:
            return
        unwanted = [item for item in items if printable(item.nodeid) not in self._wanted]
        if unwanted:
            items[:] = [item for item in items if printable(item.nodeid) in self._wanted]
            config.hook.pytest_deselected(items=unwanted)


def _files_of(wanted: "Optional[frozenset[str]]", root: Path) -> "Optional[frozenset[Path]]":
    """The files that the ids name, or None where one id names no file: then every file has to be looked at."""
    if wanted is None:
        return None
    files = frozenset(root / test.split("::", 1)[0] for test in wanted)
    return files if all(file.is_file() for file in files) else None


class Reporter:
    """Writes ``test`` and ``broken`` while collecting, ``started`` and ``ended`` while running."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._reports: Dict[str, List[Any]] = {}
        self._left: Counter[str] = Counter()
        self._worst: Dict[str, Dict[str, Any]] = {}
        # Kept here, where a library that stops or turns the clock for a test does not find and replace it.
        self._clock = time.perf_counter
        self._started: Dict[str, float] = {}

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self._events.write(event="broken", id=printable(report.nodeid), message=_message(report))

    def pytest_collection_finish(self, session: Any) -> None:
        ids = [printable(item.nodeid) for item in session.items]
        self._left = Counter(ids)
        if session.config.option.collectonly:
            for test in dict.fromkeys(ids):
                self._events.write(event="test", id=test)
        self._events.write(event="collected", count=len(self._left))

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._events.write(event="started", id=printable(nodeid))
        self._started[nodeid] = self._clock()

    def pytest_runtest_logreport(self, report: Any) -> None:
        reports = self._reports.setdefault(report.nodeid, [])
        if report.outcome == "rerun":
            # What a plugin for flaky tests takes back; the reports of the next try count instead.
            reports.clear()
        else:
            reports.append(report)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        reports = self._reports.pop(nodeid, [])
        if not reports:
            return
        test = printable(nodeid)
        ended = _ended(test, reports, limit=self._clock() - self._started.pop(nodeid, 0.0))
        worst = max(self._worst.pop(test, ended), ended, key=lambda event: SEVERITY.index(event["verdict"]))
        self._left[test] -= 1
        if self._left[test] > 0:
            # Several items share this id; the id ends with the last of them.
            self._worst[test] = worst
        else:
            self._events.write(**worst)


SEVERITY = ("pass", "skip", "error", "fail")


def _ended(test: str, reports: List[Any], limit: float) -> Dict[str, Any]:
    """One event of the reports of one test's setup, call and teardown, which took at most ``limit`` seconds."""
    verdict, message = "pass", ""
    for report in reports:
        found = _verdict(report)
        if SEVERITY.index(found) > SEVERITY.index(verdict):
            verdict, message = found, _message(report)
    seconds = min(limit, sum(max(0.0, getattr(report, "duration", 0.0)) for report in reports))
    return {"event": "ended", "id": test, "verdict": verdict, "seconds": seconds, "message": message}


def _verdict(report: Any) -> str:
    if report.failed:
        return "fail" if report.when == "call" else "error"
    return "skip" if report.skipped else "pass"


def _message(report: Any) -> str:
    if report.skipped:
        expected = getattr(report, "wasxfail", None)
        where = report.longrepr
        reason = where[2] if isinstance(where, tuple) else str(where)
        text = reason if expected is None else "expected failure: " + str(expected)
    else:
        crash = getattr(report.longrepr, "reprcrash", None)
        text = "" if crash is None else f"{_short(crash.path)}:{crash.lineno}: {crash.message}\n"
        text += str(getattr(report, "longreprtext", ""))
    return printable_text(text)[:MESSAGE_LIMIT]


def _short(path: str) -> str:
    """A path below the top of the project, relative to it: where the project lies says nothing to a reader."""
    return path[len(TOP) :] if path.startswith(TOP) else path  # noqa: FURB188 - removeprefix came with Python 3.9


def printable_text(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
