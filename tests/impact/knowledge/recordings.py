"""Recordings made of plain words, for tests that need no pytest run to have one."""

from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np

from maestro.impact.knowledge.coverage import Coverage
from maestro.impact.knowledge.recording import Recording

AT = datetime(2026, 11, 20, tzinfo=UTC)


def recording_of(
    executed: Mapping[str, Mapping[str, set[int]]],
    *,
    blobs: Mapping[str, str] | None = None,
    at_import: Mapping[str, set[int]] | None = None,
    opened: Mapping[str, set[str]] | None = None,
    recorded_at: datetime = AT,
) -> Recording:
    """``executed`` maps each test to the lines of each file, ``opened`` each data file to the tests that opened it."""
    tests = tuple(executed)
    outside = at_import or {}
    files = tuple(sorted({*(file for lines in executed.values() for file in lines), *outside}))
    return Recording(
        revision="a" * 40,
        recorded_at=recorded_at,
        python="3.13.0",
        granularity="line",
        tests=tests,
        seconds=np.arange(len(tests), dtype=np.float32),
        verdicts=np.zeros(len(tests), np.uint8),
        flags=np.zeros(len(tests), np.uint8),
        files=files,
        blobs=tuple((blobs or {}).get(file, "0" * 64) for file in files),
        coverage=tuple(
            Coverage.of(
                {number: _bits(executed[test][file]) for number, test in enumerate(tests) if file in executed[test]},
                outside=_bits(outside.get(file, set())),
            )
            for file in files
        ),
        openings={
            path: np.array([tests.index(test) for test in sorted(by, key=tests.index)], np.int32)
            for path, by in (opened or {}).items()
        },
    )


def _bits(lines: set[int]) -> int:
    return sum(1 << line for line in lines)


def executed_by(recording: Recording) -> dict[str, dict[str, set[int]]]:
    """What ``recording_of`` was given, read back pair by pair."""
    found: dict[str, dict[str, set[int]]] = {test: {} for test in recording.tests}
    for file in recording.files:
        lines, tests = recording.lines_of(file)
        for line, test in zip(lines.tolist(), tests.tolist(), strict=True):
            found[recording.tests[test]].setdefault(file, set()).add(line)
    return found
