"""Which lines run, by the interpreter's own monitoring (Python 3.12 and newer): each line is reported once per taking.

Only code of the repository is watched. It is found when a module is executed, so that no other code ever pays.
"""

import opcode
import sys
from collections.abc import Callable
from types import CodeType
from typing import Any

NAME = "maestro"
GRANULARITY = "line"

_FREE_IDS = (4, 3)
"""The ids that the interpreter's documentation leaves to anybody; the others have an owner by name."""

_RESUME = opcode.opmap["RESUME"]


class Lines:
    """Watches code from the moment that a module with it is executed. ``ours`` tells files of the repository.

    ``importing`` is called with True before a module of the repository runs, and with False after. Raises
    RuntimeError where no tool id is free.
    """

    def __init__(self, ours: Callable[[str], bool], importing: Callable[[bool], None]) -> None:
        self._ours = ours
        self._importing = importing
        self._closed = False
        self._hits: dict[str, set[int]] = {}
        self._monitoring: Any = sys.monitoring  # type: ignore[attr-defined,unused-ignore]
        self._id = self._own_id()
        events = self._monitoring.events
        self._monitoring.register_callback(self._id, events.LINE, self._on_line())
        self._monitoring.register_callback(self._id, events.PY_START, self._on_start)
        self._monitoring.register_callback(self._id, events.PY_RETURN, self._on_return)
        self._monitoring.set_local_events(self._id, _canary.__code__, events.LINE)
        sys.addaudithook(self._on_event)

    def take(self) -> list[tuple[str, frozenset[int]]]:
        """What ran since the last taking, by file: to be compared, and told as lines by ``lines``."""
        taken = [(file, frozenset(lines)) for file, lines in self._hits.items() if lines]
        if taken:
            # Without a report, nothing was switched off that would have to be switched on again.
            self._hits.update({file: set() for file, _ in taken})
            self._monitoring.restart_events()
        return [(file, lines) for file, lines in taken if file != __file__]

    def lines(self, taken: frozenset[int]) -> frozenset[int]:
        """The lines of what was taken."""
        return taken

    def alive(self) -> bool:
        """Whether lines are still reported: a test may take our tool id away or switch its events off."""
        _canary()
        return bool(self._hits.get(__file__))

    def close(self) -> None:
        """Listen no more, and give the tool id back."""
        self._closed = True
        for event in (
            self._monitoring.events.LINE,
            self._monitoring.events.PY_START,
            self._monitoring.events.PY_RETURN,
        ):
            self._monitoring.register_callback(self._id, event, None)
        self._monitoring.free_tool_id(self._id)

    def _own_id(self) -> int:
        for number in _FREE_IDS:
            if self._monitoring.get_tool(number) is None:
                self._monitoring.use_tool_id(number, NAME)
                return number
        owners = ", ".join(str(self._monitoring.get_tool(number)) for number in _FREE_IDS)
        raise RuntimeError(f"no monitoring tool id is free for recording: {owners}")

    def _on_line(self) -> Callable[[CodeType, int], Any]:
        hits, disable = self._hits, self._monitoring.DISABLE
        hits[__file__] = set()

        def on_line(code: CodeType, line: int) -> Any:
            hits[code.co_filename].add(line)
            return disable

        return on_line

    def _on_start(self, code: CodeType, offset: int) -> Any:
        self._hits[code.co_filename].update(
            line for start, end, line in code.co_lines() if start <= offset < end and line is not None
        )
        return self._monitoring.DISABLE

    def _on_return(self, _code: CodeType, _offset: int, _value: object) -> None:
        self._importing(False)  # noqa: FBT003 - the meaning is in the parameter's name

    def _on_event(self, event: str, args: Any) -> None:
        if event == "exec" and not self._closed and isinstance(args[0], CodeType) and self._ours(args[0].co_filename):
            self._watch(args[0], module=args[0].co_name == "<module>")

    def _watch(self, code: CodeType, *, module: bool = False) -> None:
        self._hits.setdefault(code.co_filename, set())
        events = self._monitoring.events
        if module:
            self._importing(True)  # noqa: FBT003 - as above
        wanted = events.LINE | (events.PY_RETURN if module else 0)
        wanted |= events.PY_START if _begins_on_its_first_line(code) else 0
        self._monitoring.set_local_events(self._id, code, wanted)
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                self._watch(constant)


def _begins_on_its_first_line(code: CodeType) -> bool:
    """Whether the body begins on the line of the ``def`` or ``lambda``, which Python 3.13 then does not report."""
    resume = 2 * code.co_code[::2].find(_RESUME)
    return any(start <= resume and resume + 2 < end for start, end, _ in code.co_lines())


def _canary() -> None:
    """Runs one line, which has to be reported."""
    return
