"""Makes a recording of the files that the recorder wrote inside the sandbox.

They are untrusted: what is not one of the tests that were run, not a file of the worktree, or not well formed, is left
out. A test that lies about its lines only deceives the selection of its own repository.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, StringConstraints, ValidationError

from maestro.impact.history.builds import VERDICTS
from maestro.impact.knowledge.coverage import Coverage
from maestro.impact.knowledge.recording import Granularity, Recording
from maestro.impact.knowledge.spans import Spans
from maestro.model.base import Model
from maestro.model.tests import TestOutcome

FORMAT = 1

LINE_LIMIT_BYTES = 20_000_000
"""No test says so much about itself."""

_Number = Annotated[int, Field(ge=0, lt=1 << 31)]


class Entry(Model):
    """One line of the recorder's file; which fields it has says what it is about."""

    format: int | None = None
    python: str = ""
    granularity: Granularity = "line"
    unseen: tuple[str, ...] = ()
    unit: _Number | None = None
    file: str = ""
    lines: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]*$", max_length=1_000_000)] = ""
    test: str | None = None
    fixture: _Number | None = None
    outside: Literal[1] | None = None
    units: tuple[_Number, ...] = ()
    opened: tuple[str, ...] = ()
    flags: int = Field(default=0, ge=0, lt=256)
    fixtures: tuple[_Number, ...] = ()


@dataclass
class _Found:
    """What is said about one test, one fixture, or about what runs outside."""

    units: set[int] = field(default_factory=set)
    opened: set[str] = field(default_factory=set)
    flags: int = 0
    fixtures: set[int] = field(default_factory=set)

    def add(self, entry: Entry) -> None:
        self.units.update(entry.units)
        self.opened.update(entry.opened)
        self.flags |= entry.flags
        self.fixtures.update(entry.fixtures)


@dataclass
class _Process:
    """What one process of pytest wrote; the numbers of units and fixtures are its own."""

    head: Entry
    units: dict[int, tuple[str, int]] = field(default_factory=dict)
    tests: defaultdict[str, _Found] = field(default_factory=lambda: defaultdict(_Found))
    fixtures: defaultdict[int, _Found] = field(default_factory=lambda: defaultdict(_Found))
    outside: _Found = field(default_factory=_Found)

    def take(self, entry: Entry) -> None:
        if entry.unit is not None:
            self.units[entry.unit] = (entry.file, int(entry.lines or "0", 16))
        elif entry.test is not None:
            self.tests[entry.test].add(entry)
        elif entry.fixture is not None:
            self.fixtures[entry.fixture].add(entry)
        elif entry.outside:
            self.outside.add(entry)

    def whole(self, found: _Found) -> _Found:
        """With all that the fixtures did, and the fixtures that those needed."""
        result = _Found(set(found.units), set(found.opened), found.flags)
        open_numbers = list(found.fixtures)
        seen: set[int] = set()
        while open_numbers:
            number = open_numbers.pop()
            if number in seen or number not in self.fixtures:
                continue
            seen.add(number)
            fixture = self.fixtures[number]
            result.units |= fixture.units
            result.opened |= fixture.opened
            result.flags |= fixture.flags
            open_numbers.extend(fixture.fixtures)
        return result

    def bits(self, units: Iterable[int]) -> dict[str, int]:
        """The lines of each file, as bits."""
        found: dict[str, int] = {}
        for unit in units:
            file, bits = self.units.get(unit, ("", 0))
            found[file] = found.get(file, 0) | bits
        return found


def read_recording(
    paths: Sequence[Path],
    *,
    source: Path,
    outcomes: Mapping[str, TestOutcome],
    revision: str,
    recorded_at: datetime,
) -> Recording | None:
    """The recording of the tests in ``outcomes``, from the files of all processes; None where nothing was recorded.

    ``source`` is the worktree, whose files are read for their digests and the extent of their statements.
    """
    processes = [process for process in map(_process, paths) if process is not None]
    if not processes:
        return None
    tests = tuple(sorted({test for process in processes for test in process.tests} & set(outcomes)))
    gathered = _Gathered({test: number for number, test in enumerate(tests)})
    for process in processes:
        gathered.add(process)
    if not gathered.tests_with_lines:
        # Every test executes at least its own first line: whoever sees none at all has not looked.
        return None
    head = processes[0].head
    files = _own_files(source, gathered.files)
    return Recording(
        revision=revision,
        recorded_at=recorded_at,
        python=head.python,
        granularity="block" if any(each.head.granularity == "block" for each in processes) else "line",
        tests=tests,
        seconds=np.array([outcomes[test].duration_seconds for test in tests], np.float32),
        verdicts=np.array([VERDICTS.index(outcomes[test].verdict) for test in tests], np.uint8),
        flags=np.array([gathered.flags[number] for number in range(len(tests))], np.uint8),
        files=tuple(files),
        blobs=tuple(hashlib.sha256(path.read_bytes()).hexdigest() for path in files.values()),
        coverage=tuple(gathered.coverage(file, path, widen=head.granularity == "line") for file, path in files.items()),
        openings={path: np.array(sorted(by), np.int32) for path, by in sorted(gathered.openings.items())},
        opened_at_import=frozenset(gathered.opened_at_import),
        unseen=frozenset(file for each in processes for file in each.head.unseen),
    )


def _process(path: Path) -> _Process | None:
    process: _Process | None = None
    for entry in _entries(path):
        if process is not None:
            process.take(entry)
        elif entry.format == FORMAT:
            process = _Process(entry)
        else:
            return None
    return process


def _entries(path: Path) -> Iterator[Entry]:
    with path.open("rb") as file:
        while line := file.readline(LINE_LIMIT_BYTES):
            try:
                yield Entry.model_validate(json.loads(line))
            except (ValidationError, ValueError, RecursionError):
                # A test wrote into the file, or the process was killed within a line: no other line is less true.
                continue


class _Gathered:
    """The rows of all processes together, by file."""

    def __init__(self, numbers: Mapping[str, int]) -> None:
        self._numbers = numbers
        self._rows: defaultdict[str, dict[int, int]] = defaultdict(dict)
        self._outside: defaultdict[str, int] = defaultdict(int)
        self.openings: defaultdict[str, set[int]] = defaultdict(set)
        self.opened_at_import: set[str] = set()
        self.flags: defaultdict[int, int] = defaultdict(int)

    @property
    def files(self) -> list[str]:
        return sorted({*self._rows, *self._outside})

    @property
    def tests_with_lines(self) -> int:
        return len(set().union(*self._rows.values()))

    def add(self, process: _Process) -> None:
        for file, bits in process.bits(process.outside.units).items():
            self._outside[file] |= bits
        self.opened_at_import |= process.outside.opened
        for test, found in process.tests.items():
            number = self._numbers.get(test)
            if number is None:
                continue
            whole = process.whole(found)
            self.flags[number] |= whole.flags
            for path in whole.opened:
                self.openings[path].add(number)
            for file, bits in process.bits(whole.units).items():
                rows = self._rows[file]
                rows[number] = rows.get(number, 0) | bits

    def coverage(self, file: str, path: Path, *, widen: bool) -> Coverage:
        rows, outside = self._rows[file], self._outside[file]
        lines = path.read_bytes().count(b"\n") + 1
        possible = (1 << (lines + 1)) - 2
        spans = Spans.of(path) if widen else Spans(())
        widened = {bits: spans.widened(bits & possible) & possible for bits in {outside, *rows.values()}}
        return Coverage.of({test: widened[bits] for test, bits in rows.items()}, outside=widened[outside])


def _own_files(source: Path, files: Iterable[str]) -> dict[str, Path]:
    """The regular files of the worktree among ``files``, none of them reached through a link."""
    real = source.resolve()
    paths = {file: source / file for file in files if file and "\0" not in file}
    return {file: path for file, path in paths.items() if path.is_file() and path.resolve() == real / file}
