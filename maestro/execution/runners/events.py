"""Reads the lines that the pytest plugin appends while tests run.

The file is opened before the tests start and never by name again: they could put a link in its place.
"""

import json
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from pydantic import Field, TypeAdapter, ValidationError

from maestro.model.base import Model
from maestro.model.tests import MESSAGE_LIMIT, Verdict

READ_BYTES = 4_000_000
"""Read at most so much at once, so that a flood of events cannot fill the memory."""

LINE_LIMIT_BYTES = 100_000
"""A longer line is none of the plugin's."""


class Event(Model):
    """One line. ``verdict``, ``seconds`` and ``message`` belong to ``ended``, ``message`` to ``broken`` as well."""

    event: Literal["test", "broken", "collected", "started", "ended"]
    id: str = ""
    verdict: Verdict = Verdict.ERROR
    seconds: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    message: str = Field(default="", max_length=MESSAGE_LIMIT)


_EVENT = TypeAdapter(Event)


class EventFile:
    """New events since the last look. ``foreign`` counts lines that the plugin cannot have written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rest = b""
        self.foreign = 0

    def __enter__(self) -> Self:
        self._path.touch(exist_ok=False)
        self._file = self._path.open("rb", buffering=0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def news(self) -> list[Event]:
        """The events of the complete lines that were appended since the last call, up to ``READ_BYTES``."""
        *lines, self._rest = (self._rest + self._file.read(READ_BYTES)).split(b"\n")
        if len(self._rest) > LINE_LIMIT_BYTES:
            self._rest = b""
            self.foreign += 1
        return [event for event in map(self._parsed, lines) if event is not None]

    def all_news(self) -> list[Event]:
        """The same until nothing is left; for after the end."""
        found: list[Event] = []
        while events := self.news():
            found += events
        return found

    def _parsed(self, line: bytes) -> Event | None:
        try:
            return _EVENT.validate_python(json.loads(line))
        except (ValidationError, ValueError, RecursionError):
            self.foreign += 1
            return None
