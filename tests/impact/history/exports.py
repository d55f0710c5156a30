"""Writes CSV exports for the tests beside it."""

from collections.abc import Iterable
from pathlib import Path

from maestro.impact.history.builds import VERDICTS, Build, History
from maestro.impact.history.csvfile import read_csv

HEADER = "build,time,test,verdict,duration_seconds"
DAY = "2026-11-{:02}T09:30:00Z"


def read(folder: Path, *rows: str, header: str = HEADER) -> History:
    """What is read from these rows."""
    path = folder / "history.csv"
    path.write_bytes("\n".join((header, *rows, "")).encode("utf-8", "surrogateescape"))
    return read_csv(path)


def verdicts(history: History, build: Build) -> dict[str, str]:
    return {history.names[test]: VERDICTS[code] for test, code in zip(build.tests, build.verdicts, strict=True)}


def green_day(day: int, tests: Iterable[str]) -> list[str]:
    """The rows of a build in which all of these passed."""
    return [f"{day},{DAY.format(day)},{test},pass,1" for test in tests]
