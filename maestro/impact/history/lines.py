"""Lines of a CSV file and the rows in them; a stray quote costs its own line, not those that come after it."""

import csv
import gzip
import zlib
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from maestro.errors import BadInput

OPEN_QUOTE_LINES = 20
"""A quoted field ends within so many lines; otherwise its quote is broken, and the lines after it are rows."""

_GZIP = b"\x1f\x8b"


@contextmanager
def opened(path: Path) -> Iterator[IO[str]]:
    """The text of a plain or gzipped file; names that are not UTF-8 survive. Raises BadInput for what is neither."""
    try:
        with path.open("rb") as raw:
            packed = raw.read(len(_GZIP)) == _GZIP
        opener = gzip.open if packed else open
        with opener(path, "rt", encoding="utf-8-sig", errors="surrogateescape", newline="") as lines:
            yield lines
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BadInput(f"the file is cut off or damaged: {error}", field=str(path), fix="fetch it again") from error
    except OSError as error:
        raise BadInput(
            f"the file cannot be read: {error.strerror or error}", field=str(path), fix="name a file that is there"
        ) from error


def rows_of(lines: Iterable[str], *, width: int, first_line: int) -> Iterator[tuple[int, list[str]]]:
    """Each row with the number of its first line. ``width`` tells whether lines that a quote joins are one row."""
    waiting: deque[str] = deque()
    rest = iter(lines)
    number = first_line
    while True:
        line = waiting.popleft() if waiting else next(rest, None)
        if line is None:
            return
        taken = 1
        if '"' not in line:
            fields = line.rstrip("\r\n").split(",")
        else:
            fields, taken = _quoted(line, waiting, rest, width)
        if fields != [""]:
            yield number, fields
        number += taken


def _quoted(line: str, waiting: deque[str], rest: Iterator[str], width: int) -> tuple[list[str], int]:
    """The fields of a line with quotes, and how many lines they took. Where a quote never closes, there are none."""
    text = line
    for taken in range(1, OPEN_QUOTE_LINES + 1):
        try:
            fields = next(csv.reader([text], strict=True))
        except csv.Error:
            fields = []
        if fields and (taken == 1 or len(fields) == width):
            for _ in range(taken - 1):
                waiting.popleft()
            return fields, taken
        if len(waiting) < taken:
            following = next(rest, None)
            if following is None:
                break
            waiting.append(following)
        text += waiting[taken - 1]
    return [], 1
