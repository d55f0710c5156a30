"""Reads ``build,time,test,verdict,duration_seconds``, and the columns ``changed_files`` (separated by ``;``),
``revision``, ``environment`` and ``retry`` where they are there. Plain or gzipped, rows in any order.

A row without a test says that the build ran and had nothing more to report; an empty duration was not measured.
"""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from pathlib import Path

from maestro.errors import BadInput
from maestro.impact.history.assembly import Assembly, Draft
from maestro.impact.history.builds import VERDICTS, History
from maestro.impact.history.lines import opened, rows_of
from maestro.impact.history.moments import epoch_seconds
from maestro.impact.history.renames import follow_renames
from maestro.impact.history.universe import read_universe

REQUIRED = ("build", "time", "test", "verdict", "duration_seconds")
OPTIONAL = ("changed_files", "revision", "environment", "retry")

LONGEST_SECONDS = 31 * 86_400.0
"""No test runs for longer than a month; what claims to is a broken number."""

_CODES = {verdict: code for code, verdict in enumerate(VERDICTS)}


def read_csv(path: Path, *, tests: Path | None = None) -> History:
    """The history in the file. ``tests`` is JSON with every test there is: a list, or a mapping to the test's file.

    Raises BadInput where there is no such file, a column is missing, or more than half of the rows are bad.
    """
    files = {} if tests is None else read_universe(tests)
    assembly = Assembly(tuple(files))
    with opened(path) as lines:
        reader = _Reader(assembly, _columns(path, next(iter(lines), "")))
        reader.read(lines)
    reader.refuse_mostly_bad(path)
    known_files = {test: file for test, file in files.items() if file}
    history = assembly.history(rows=reader.rows, test_files=known_files, passes_may_be_missing=True)
    return follow_renames(history)


def _columns(path: Path, header: str) -> dict[str, int]:
    names = [name.strip().lower() for name in next(csv.reader([header]), [])]
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise BadInput(
            f"the file has no column {missing[0]}" if header.strip() else "the file is empty",
            field=f"{path.name}: {missing[0]}",
            fix=f"begin the file with the line {','.join(REQUIRED)}",
        )
    return {name: place for place, name in enumerate(names)}


class _BadRowError(Exception):
    """A row that is left out: which kind of fault, in which column."""

    def __init__(self, what: str, column: str) -> None:
        super().__init__(what)
        self.what = what
        self.column = column


class _Reader:
    """Takes row by row into the assembly. ``rows`` counts the good and the bad."""

    def __init__(self, assembly: Assembly, columns: Mapping[str, int]) -> None:
        self.rows = 0
        self._assembly = assembly
        self._at = columns
        self._faults: Counter[str] = Counter()
        self._drafts: dict[object, Draft] = {}
        self._silent: list[tuple[Draft, int]] = []
        # Where these say the same as an earlier row did, so does the rest of what is known of the build.
        self._identity = itemgetter(*(columns[name] for name in ("build", "time", *OPTIONAL) if name in columns))

    def read(self, lines: Iterator[str]) -> None:
        """Take every row. Nearly all say nothing new but a verdict: they take the short way, past ``_judge``."""
        width, identity, drafts, numbers = len(self._at), self._identity, self._drafts, self._assembly.numbers
        test, verdict, duration = (self._at[name] for name in ("test", "verdict", "duration_seconds"))
        for line, fields in rows_of(lines, width=width, first_line=2):
            self.rows += 1
            if len(fields) == width:
                try:
                    draft = drafts[identity(fields)]
                    number, code, seconds = numbers[fields[test]], _CODES[fields[verdict]], float(fields[duration])
                except (KeyError, ValueError):
                    pass
                else:
                    if 0.0 <= seconds <= LONGEST_SECONDS:
                        draft.add(number, code, seconds)
                        continue
            try:
                self._judge(line, fields)
            except _BadRowError as bad:
                self._faults[bad.column] += 1
                self._assembly.left_out.add(bad.what, f"line {line}")
        for draft, line in self._silent:
            if draft.tests:
                self._assembly.notes.add("row names no test, though its build has tests", f"line {line}")

    def refuse_mostly_bad(self, path: Path) -> None:
        """Raises BadInput where more than half of the rows were left out."""
        bad = self._assembly.left_out.count
        if bad * 2 <= self.rows:
            return
        worst = next(iter(self._assembly.left_out))
        raise BadInput(
            f"{bad} of {self.rows} rows cannot be used; most often: {worst}",
            field=f"{path.name}: {self._faults.most_common(1)[0][0]}",
            fix=f"write rows like 17,2026-11-23T09:30:00Z,tests/test_shop.py::test_price,{VERDICTS[0]},0.25",
        )

    def _judge(self, line: int, fields: Sequence[str]) -> None:
        """Take a row that has something new, or raise what is wrong with it."""
        required = max(self._at[name] for name in REQUIRED)
        if not required < len(fields) <= len(self._at):
            raise _BadRowError("row has another number of columns than the header", "row")
        said = {name: fields[place].strip() for name, place in self._at.items() if place < len(fields)}
        if not said["build"]:
            raise _BadRowError("row names no build", "build")
        draft_of = _time(said["time"]), _retry(said.get("retry", ""))
        if said["test"]:
            code, seconds = _code(said["verdict"]), _seconds(said["duration_seconds"])
        draft = self._draft(said, *draft_of)
        if len(fields) == len(self._at):
            self._drafts[self._identity(fields)] = draft
        if said["test"]:
            draft.add(self._assembly.number(fields[self._at["test"]]), code, seconds)
        else:
            self._silent.append((draft, line))

    def _draft(self, said: Mapping[str, str], time: float, retry: int) -> Draft:
        draft = self._assembly.draft(said["build"], time, environment=said.get("environment", ""), retry=retry)
        draft.revision = draft.revision or said.get("revision", "")
        files = tuple(file for file in said.get("changed_files", "").split(";") if file)
        if files != draft.files:
            draft.files = tuple(dict.fromkeys((*draft.files, *files)))
        return draft


def _time(text: str) -> float:
    try:
        return epoch_seconds(text)
    except (ValueError, OverflowError):
        raise _BadRowError("time is no ISO date and time", "time") from None


def _retry(text: str) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        raise _BadRowError("retry is no small whole number", "retry")
    return int(text)


def _code(text: str) -> int:
    code = _CODES.get(text.lower())
    if code is None:
        raise _BadRowError(f"verdict is none of {', '.join(VERDICTS)}", "verdict")
    return code


def _seconds(text: str) -> float:
    if not text:
        return 0.0
    try:
        seconds = float(text)
    except ValueError:
        raise _BadRowError("duration is no number", "duration_seconds") from None
    if not 0.0 <= seconds <= LONGEST_SECONDS:
        raise _BadRowError("duration is not a number between 0 and a month in seconds", "duration_seconds")
    return seconds
