"""A pytest plugin that records which lines of the repository each test executes, and which of its files it opens.

Runs inside the conducted project: Python 3.8 and pytest 6 or newer, nothing but the standard library.
``MAESTRO_RECORDING`` names the file that JSON lines are appended to; each worker of pytest-xdist writes its own, with
the worker's name at the end. What runs in other processes that a test starts is not recorded: such a test is flagged.
"""

# Written for Python 3.8, so in its forms.
# ruff: noqa: UP006, UP035, UP045

import json
import os
import platform
import sys
from typing import Any, Dict, Iterator, List, Optional, Set, Tuple

import pytest
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


def pytest_load_initial_conftests() -> None:
    if RECORDER is not None:
        RECORDER.stay_first()


def pytest_configure(config: Any) -> None:
    if RECORDER is not None:
        RECORDER.stay_first()
        RECORDER.open(getattr(config, "workerinput", {}).get("workerid", ""))
        config.pluginmanager.register(Hooks(RECORDER), "maestro-recording-hooks")


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
        self._unit_numbers: Dict[Tuple[str, int], int] = {}
        self._pending: List[Dict[str, Any]] = []
        self._outside = Bucket()
        self._stack: List[Bucket] = []
        self._imports = 0
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

    def sort(self) -> None:
        """Put what ran since the last time where it belongs."""
        bucket = self._outside if self._imports or not self._stack else self._stack[-1]
        for file, lines in self.lines.take().items():
            bucket.units.add(self._unit(file, lines))

    def push(self, bucket: Bucket) -> None:
        self.sort()
        self._stack.append(bucket)

    def pop(self, bucket: Bucket) -> None:
        """End a bucket and all that was begun in it."""
        self.sort()
        if bucket in self._stack:
            del self._stack[self._stack.index(bucket) :]

    def give(self, bucket: Bucket) -> None:
        """Put what ran since the last time into this bucket."""
        self._stack.append(bucket)
        self.sort()
        self._stack.pop()

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

    def _unit(self, file: str, lines: Set[int]) -> int:
        """The number of a set of lines of a file. Tests that do the same share it, which keeps the file small."""
        bits = 0
        for line in lines:
            bits |= 1 << line
        key = (file, bits)
        number = self._unit_numbers.get(key)
        if number is None:
            number = self._unit_numbers[key] = len(self._unit_numbers)
            path = file[len(TOP) :].replace(os.sep, "/")
            self._pending.append({"unit": number, "file": printable(path), "lines": f"{bits:x}"})
        return number

    def _on_event(self, event: str, args: Any) -> None:
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
        (self._stack[-1] if self._stack and not self._imports else self._outside).opened.add(printable(relative))


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


class Hooks:
    """Tells the recorder which test or fixture runs."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._bucket: Optional[Bucket] = None

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: Any) -> Iterator[None]:
        bucket = self._bucket = self._recorder.begin()
        yield
        self._bucket = None
        self._recorder.end(printable(item.nodeid), bucket)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: Any) -> Iterator[None]:
        if self._bucket is not None:
            self._bucket.needs.update(self._fixtures_of(item))
        yield

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: Any, request: Any) -> Iterator[None]:
        if fixturedef.scope == "function":
            yield
            return
        _, bucket = self._fixture(fixturedef, getattr(request, "param_index", 0))
        before = set(request.fixturenames)
        self._recorder.push(bucket)
        yield
        self._recorder.pop(bucket)
        # What a fixture asks for by name while it runs, later users of its result do not ask for.
        asked = set(request.fixturenames) - before
        bucket.needs.update(number for (name, _, _), (number, _) in self._recorder.fixtures.items() if name in asked)

    @pytest.hookimpl(tryfirst=True)
    def pytest_fixture_post_finalizer(self, fixturedef: Any, request: Any) -> None:
        # What ran since the last boundary was this fixture's end; it belongs to all who used the fixture.
        if fixturedef.scope == "function":
            self._recorder.sort()
            return
        _, bucket = self._fixture(fixturedef, getattr(request, "param_index", 0))
        self._recorder.give(bucket)

    def pytest_sessionfinish(self) -> None:
        self._recorder.sort()
        self._recorder.flush()

    def _fixture(self, fixturedef: Any, index: int) -> Tuple[int, Bucket]:
        fixtures = self._recorder.fixtures
        key = (fixturedef.argname, getattr(fixturedef, "baseid", ""), index)
        return fixtures.setdefault(key, (len(fixtures), Bucket()))

    def _fixtures_of(self, item: Any) -> Iterator[int]:
        """The wider fixtures that a test uses: of a name it asked for, seen from where it lies, with its parameter."""
        request = getattr(item, "_request", None)
        names = frozenset(request.fixturenames if request else getattr(item, "fixturenames", ()))
        indices = getattr(getattr(item, "callspec", None), "indices", {})
        for (name, base, index), (number, _) in self._recorder.fixtures.items():
            if name in names and item.nodeid.startswith(base) and index == indices.get(name, index):
                yield number


RECORDER = Recorder(os.environ["MAESTRO_RECORDING"]) if os.environ.get("MAESTRO_RECORDING") else None
