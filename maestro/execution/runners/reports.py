"""Reads the JUnit XML that a runner wrote inside the sandbox, as untrusted input: no link, no entity, no flood."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from xml.parsers import expat

from maestro.errors import BadInput
from maestro.execution.runners.answers import shortened
from maestro.model.base import Model
from maestro.model.tests import TestOutcome, Verdict

REPORT_LIMIT_BYTES = 200_000_000
"""The report of 10,000 failing tests is some 50 MB; one beyond this limit is no report."""

_VERDICTS = {"failure": Verdict.FAIL, "error": Verdict.ERROR, "skipped": Verdict.SKIP}

_FLAKY = frozenset({"flakyFailure", "flakyError"})
"""What Maven's Surefire writes into a case that passed when it was run again."""


class Case(Model):
    """One ``testcase`` element. ``flaky`` says that its runner saw it fail before it passed."""

    name: str
    classname: str = ""
    file: str = ""
    verdict: Verdict = Verdict.PASS
    seconds: float = 0.0
    message: str = ""
    flaky: bool = False

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids by which a runner may list this case, the most exact first."""
        owner = [part for part in (self.file, self.classname) if part]
        return (
            "::".join((*owner, self.name)),
            f"{self.classname}::{self.name}",
            f"{self.classname}.{self.name}",
            f"{self.file}::{self.name}",
            self.name,
        )


class Report(Model):
    """What a JUnit XML file says. ``suites`` has the name and the timestamp, as written, of each ``testsuite``;
    ``odd_durations`` counts the cases whose duration is no number of seconds, and passes for none.
    """

    suites: tuple[tuple[str, str], ...] = ()
    cases: tuple[Case, ...] = ()
    odd_durations: int = 0


def own_report(path: Path, *, under: Path) -> Path | None:
    """``path`` when it is a regular file below ``under``, reached through no link; None otherwise.

    Call it when nothing that could change the files runs any more.
    """
    real = under.resolve() / path.relative_to(under)
    return path if path.is_file() and path.resolve() == real and path.stat().st_size <= REPORT_LIMIT_BYTES else None


def read_cases(path: Path) -> tuple[Case, ...]:
    """The cases of a JUnit XML file. ``BadInput`` as of ``read_report``."""
    return read_report(path).cases


def read_report(path: Path) -> Report:
    """A JUnit XML file. ``BadInput`` when it is no XML, or has a document type (and so entities)."""
    reader = _Reader()
    try:
        with path.open("rb") as file:
            reader.parser.ParseFile(file)
    except expat.ExpatError as error:
        raise BadInput(f"no XML: {error}", field="runner.junit", fix="let the runner write JUnit XML there") from error
    return Report(suites=tuple(reader.suites), cases=tuple(reader.cases), odd_durations=reader.odd_durations)


def outcomes_of(cases: Iterable[Case], tests: Iterable[str]) -> list[TestOutcome]:
    """The verdicts of ``tests`` among ``cases``; a test that several cases are about gets the worst of them."""
    wanted = frozenset(tests)
    severity = (Verdict.PASS, Verdict.SKIP, Verdict.ERROR, Verdict.FAIL)
    found: dict[str, TestOutcome] = {}
    for case in cases:
        test = next((each for each in case.ids if each in wanted), None)
        if test is None:
            continue
        outcome = TestOutcome(
            test=test, verdict=case.verdict, duration_seconds=case.seconds, message=shortened(case.message)
        )
        known = found.get(test)
        if known is None or severity.index(outcome.verdict) > severity.index(known.verdict):
            found[test] = outcome
    return list(found.values())


class _Reader:
    """Collects cases while expat parses; expat never fetches anything by itself."""

    def __init__(self) -> None:
        self.cases: list[Case] = []
        self.suites: list[tuple[str, str]] = []
        self.odd_durations = 0
        self._case: dict[str, Any] | None = None
        self._text: list[str] | None = None
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.parser.StartDoctypeDeclHandler = self._refuse

    def _refuse(self, *_: object) -> None:
        raise BadInput(
            "the report has a document type, which could make it expand without end",
            field="runner.junit",
            fix="let the runner write plain JUnit XML",
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "testcase":
            self._case = {
                "name": attributes.get("name", ""),
                "classname": attributes.get("classname", ""),
                "file": attributes.get("file", ""),
                "seconds": self._seconds(attributes.get("time", "")),
            }
        elif name == "testsuite":
            self.suites.append((attributes.get("name", ""), attributes.get("timestamp", "")))
        elif self._case is not None and name in _VERDICTS:
            self._case["verdict"] = _VERDICTS[name]
            self._text = [attributes.get("message", ""), "\n"]
        elif self._case is not None and name in _FLAKY:
            self._case["flaky"] = True

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def _end(self, name: str) -> None:
        if self._case is None:
            return
        if name in _VERDICTS and self._text is not None:
            self._case["message"] = shortened("".join(self._text).strip())
            self._text = None
        elif name == "testcase":
            self.cases.append(Case.model_validate(self._case))
            self._case = None

    def _seconds(self, text: str) -> float:
        try:
            seconds = float(text.replace(",", "") or 0)
        except ValueError:
            seconds = -1.0
        if 0 <= seconds < float("inf"):
            return seconds
        self.odd_durations += 1
        return 0.0
