"""Sorts what runs into buckets: a test, a fixture, what runs outside every test; and writes them as JSON lines.

A bucket is written when its test ends, so that a process that crashes loses only the test that it was in.
"""

# Written for Python 3.8, so in its forms.
# ruff: noqa: UP006, UP035, UP045

import json
import os
import platform
import sys
from typing import Any, Dict, List, Optional, Set, Tuple

from maestro_pytest import TOP, printable  # type: ignore[import-not-found,unused-ignore]

FORMAT = 1

LOST = 1
"""The test took the recorder away: more lines may have run than were seen."""

SPAWNED = 2
"""The test started another process, whose lines are not seen."""

_SPAWNING = frozenset(
    {"os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system", "subprocess.Popen"}
)
_LISTING = frozenset({"os.listdir", "os.scandir"})
_FOREIGN = tuple(
    f"{os.sep}{name}{os.sep}"
    for name in (
        "site-packages",
        ".venv",
        "venv",
        ".git",
        ".tox",
        ".nox",
        ".hypothesis",
        ".pytest_cache",
        "__pycache__",
    )
)

_READERS = tuple(
    f"{os.sep}{name}.py"
    for name in (*("linecache", "tokenize", "inspect", f"assertion{os.sep}rewrite", f"_pytest{os.sep}pathlib"),)
)
"""Who reads a source file in order to show it, or looks for modules: that is no use of what is in there."""


def _ours(path: str) -> bool:
    """Whether an absolute path is a file of the repository, and none of what is installed or generated there."""
    return path.startswith(TOP) and not any(part in path + os.sep for part in _FOREIGN)


def _relative(path: Any) -> Optional[str]:
    """A path that was opened, from the repository's top, or None where it lies elsewhere."""
    if not isinstance(path, (str, bytes)):
        return None
    try:
        full = os.path.normpath(os.path.join(os.getcwd(), os.fsdecode(path)))  # noqa: PTH118, PTH109 - called too often for pathlib
    except OSError:
        # A test removed the folder that it is in.
        return None
    return full[len(TOP) :].replace(os.sep, "/") if _ours(full) else None


class Bucket:
    """Where lines and openings are put: a test, a fixture, or what runs outside every test."""

    def __init__(self) -> None:
        self.units: Set[int] = set()
        self.opened: Set[str] = set()
        self.flags = 0
        self.needs: Set[int] = set()

    def empty(self) -> Dict[str, Any]:
        """Take out what is in it, as a line of the file says it."""
        units, opened, needs = sorted(self.units), sorted(self.opened), sorted(self.needs)
        fields = {"units": units, "opened": opened, "flags": self.flags, "fixtures": needs}
        self.__init__()  # type: ignore[misc]
        return {name: value for name, value in fields.items() if value}


class Recorder:
    """Sorts what runs into buckets. ``lines`` tells what ran since it was asked last."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._owner = os.getpid()
        self._file = -1
        self._unit_numbers: Dict[Tuple[str, Any], int] = {}
        self._pending: List[Dict[str, Any]] = []
        self._outside = Bucket()
        self._stack: List[Bucket] = []
        self._imports = 0
        self._closed = False
        self.fixtures: Dict[Tuple[str, str, int], Tuple[int, Bucket]] = {}
        if sys.version_info >= (3, 12):
            import maestro_recording_monitor as engine  # noqa: PLC0415 - only one of the two can be imported
        else:
            import maestro_recording_probes as engine  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415
        early = sorted(
            relative
            for module in list(sys.modules.values())
            for relative in (_relative(getattr(module, "__file__", None)),)
            if relative is not None
        )
        self._pending.append(
            {
                "format": FORMAT,
                "python": platform.python_version(),
                "granularity": engine.GRANULARITY,
                "unseen": early,
            }
        )
        self.lines: Any = engine.Lines(_ours, self.importing)
        sys.addaudithook(self._on_event)

    def stay_first(self) -> None:
        """Let nobody else find the modules before they are prepared."""
        if hasattr(self.lines, "stay_first"):
            self.lines.stay_first()

    def open(self, worker: str) -> None:
        """Begin to write. ``worker`` is the name that pytest-xdist gave this process, or nothing."""
        path = f"{self._path}.{worker}" if worker else self._path
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        # The first line must be ours, before any test can write.
        self.flush()

    def importing(self, begins: bool) -> None:  # noqa: FBT001 - the two engines call it with the one argument
        """A module of the repository begins or ends to run: its lines belong to everybody, not to who came first."""
        if begins:
            if not self._imports:
                self.sort()
            self._imports += 1
        elif self._imports:
            if self._imports == 1:
                self.sort()
            self._imports -= 1

    @property
    def current(self) -> Bucket:
        """Where what runs now belongs."""
        return self._outside if self._imports or not self._stack else self._stack[-1]

    def sort(self, *buckets: Bucket) -> None:
        """Put what ran since the last time into ``buckets``, or where it belongs where none is named."""
        units = {self._unit(key) for key in self.lines.take()}
        for bucket in buckets or (self.current,):
            bucket.units |= units

    def push(self, bucket: Bucket) -> None:
        self.sort()
        self._stack.append(bucket)

    def pop(self, bucket: Bucket) -> None:
        """End a bucket and all that was begun in it."""
        self.sort()
        if bucket in self._stack:
            del self._stack[self._stack.index(bucket) :]

    def begin(self) -> Bucket:
        """A test begins."""
        # An import that an exception ended is never reported as ended.
        self._imports = 0
        bucket = Bucket()
        self.push(bucket)
        return bucket

    def end(self, test: str, bucket: Bucket) -> None:
        """A test ended: write it."""
        if not self.lines.alive():
            bucket.flags |= LOST
        self._imports = 0
        self.pop(bucket)
        self._pending.append({"test": test, **bucket.empty()})
        self.flush()

    def flush(self) -> None:
        """Write what is waiting, and what fixtures and imports did since."""
        fixtures = [({"fixture": number}, bucket) for number, bucket in self.fixtures.values()]
        for name, bucket in [({"outside": 1}, self._outside), *fixtures]:
            fields = bucket.empty()
            if fields:
                self._pending.append({**name, **fields})
        # A test that forks has this plugin in the child as well, whose end is not the end of the test.
        if self._file >= 0 and os.getpid() == self._owner:
            text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in self._pending)
            os.write(self._file, text.encode("ascii"))
            self._pending.clear()

    def _unit(self, key: Tuple[str, Any]) -> int:
        """The number of a set of lines of a file. Tests that do the same share it, which keeps the file small."""
        number = self._unit_numbers.get(key)
        if number is None:
            number = self._unit_numbers[key] = len(self._unit_numbers)
            file, taken = key
            bits = 0
            for line in self.lines.lines(taken):
                bits |= 1 << line
            path = file[len(TOP) :].replace(os.sep, "/")
            self._pending.append({"unit": number, "file": printable(path), "lines": f"{bits:x}"})
        return number

    def close(self) -> None:
        """Listen no more: at the interpreter's end an event would find half of this module gone."""
        self._closed = True
        self.lines.close()

    def _on_event(self, event: str, args: Any) -> None:
        if self._closed:
            return
        if event == "open":
            self._opened(args)
        elif event in _LISTING:
            relative = _relative(args[0] if args and args[0] is not None else ".")
            if relative is not None and not _is_search(sys._getframe(1)):  # noqa: SLF001 - who asks is told nowhere else
                self._note(f"{relative}/")
        elif event in _SPAWNING and self._stack:
            self._stack[-1].flags |= SPAWNED

    def _opened(self, args: Any) -> None:
        path, mode, flags = args
        reads = (
            "r" in mode or "+" in mode
            if isinstance(mode, str)
            else not (isinstance(flags, int) and flags & os.O_WRONLY)
        )
        relative = _relative(path) if reads else None
        if relative is not None and not (relative.endswith(".py") and _is_search(sys._getframe(2))):  # noqa: SLF001 - who asks is told nowhere else
            self._note(relative)

    def _note(self, relative: str) -> None:
        self.current.opened.add(printable(relative))


def _is_search(frame: Any) -> bool:
    """Whether one of the nearest callers looks for modules, imports one, or shows its source."""
    for _ in range(4):
        if frame is None:
            return False
        name = frame.f_code.co_filename
        if name.startswith("<frozen importlib") or name.endswith(_READERS):
            return True
        frame = frame.f_back
    return False
