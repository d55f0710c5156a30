"""A pytest plugin that records which lines of the repository each test executes, and which of its files it opens.

Runs inside the conducted project: Python 3.8 and pytest 6 or newer, nothing but the standard library.
``MAESTRO_RECORDING`` names the file that JSON lines are appended to; each worker of pytest-xdist writes its own, with
the worker's name at the end. What runs in other processes that a test starts is not recorded: such a test is flagged.
"""

# Written for Python 3.8, so in its forms.
# ruff: noqa: UP006, UP035, UP045

import os
import sys
from typing import Any, Iterator, Optional, Tuple

import pytest
from maestro_pytest import printable  # type: ignore[import-not-found,unused-ignore]
from maestro_recording_sorting import Bucket, Recorder  # type: ignore[import-not-found,unused-ignore]


def pytest_load_initial_conftests() -> None:
    if RECORDER is not None:
        RECORDER.stay_first()


def pytest_configure(config: Any) -> None:
    if RECORDER is not None:
        RECORDER.stay_first()
        RECORDER.open(getattr(config, "workerinput", {}).get("workerid", ""))
        config.pluginmanager.register(Hooks(RECORDER), "maestro-recording-hooks")


class Hooks:
    """Tells the recorder which test or fixture runs."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._bucket: Optional[Bucket] = None
        self._wide_fixtures_end = True
        self._ending = False

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: Any) -> Iterator[None]:
        bucket = self._bucket = self._recorder.begin()
        yield
        self._bucket = None
        self._recorder.end(printable(item.nodeid), bucket)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: Any, nextitem: Any) -> Iterator[None]:
        if self._bucket is not None:
            self._bucket.needs.update(self._fixtures_of(item))
        self._wide_fixtures_end = nextitem is None or nextitem.parent is not item.parent
        self._ending = True
        yield
        self._ending = False

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
        if fixturedef.scope == "function":
            if self._wide_fixtures_end:
                self._recorder.sort()
            return
        # What ran since the last boundary was this fixture's end, which belongs to its users. While another test is set
        # up (a parameter changes), a part of it may have been that test's own.
        _, bucket = self._fixture(fixturedef, getattr(request, "param_index", 0))
        self._recorder.sort(*((bucket,) if self._ending else (bucket, self._recorder.current)))

    def pytest_unconfigure(self) -> None:
        self._recorder.sort()
        self._recorder.flush()
        self._recorder.close()

    def _fixture(self, fixturedef: Any, index: int) -> Tuple[int, Bucket]:
        fixtures = self._recorder.fixtures
        key = (fixturedef.argname, getattr(fixturedef, "baseid", ""), index)
        found: Tuple[int, Bucket] = fixtures.setdefault(key, (len(fixtures), Bucket()))
        return found

    def _fixtures_of(self, item: Any) -> Iterator[int]:
        """The wider fixtures that a test uses: of a name it asked for, seen from where it lies, with its parameter."""
        request = getattr(item, "_request", None)
        names = frozenset(request.fixturenames if request else getattr(item, "fixturenames", ()))
        indices = getattr(getattr(item, "callspec", None), "indices", {})
        for (name, base, index), (number, _) in self._recorder.fixtures.items():
            if name in names and item.nodeid.startswith(base) and index == indices.get(name, index):
                yield number


def _recorder() -> Optional[Recorder]:
    path = os.environ.get("MAESTRO_RECORDING")
    try:
        return Recorder(path) if path else None
    except RuntimeError as error:
        # The verdicts matter more: without a recording, everything is selected.
        sys.stderr.write(f"maestro: nothing is recorded: {error}\n")
        return None


RECORDER = _recorder()
