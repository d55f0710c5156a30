"""A recording says of every line which tests executed it: no test too few, and only those that share a fixture more."""

from collections.abc import Callable
from pathlib import Path

import pytest

from maestro.execution.environment import Environment
from maestro.impact.knowledge.recording import LOST, SPAWNED
from tests.execution.conftest import MakeBench
from tests.execution.recorded import PLAIN, Recorded
from tests.execution.repositories import Files

Record = Callable[..., Recorded]


@pytest.fixture
def project(make_bench: MakeBench, this_environment: Environment, tmp_path: Path) -> Record:
    def make(files: Files, *, arguments: tuple[str, ...] = PLAIN) -> Recorded:
        return Recorded(make_bench(files), this_environment, tmp_path / "work", arguments=arguments)

    return make


LIBRARY = """
TABLE = {"a": lambda x: x + 1}
def double(x):
    if x < 0:
        return "negative"
    return 2 * x
def untouched():
    return "untouched"
def decorate(function):
    kind = "decorating"
    return function
"""

TESTS = """
import pytest
from library import decorate, double, TABLE, untouched

@decorate
def helper():
    return double(3)

@pytest.mark.parametrize("x", [double(5)])
def test_parametrized(x):
    assert x == 10

def test_negative():
    assert double(-1) == "negative"

def test_positive():
    assert helper() == 6

def test_table():
    assert TABLE["a"](1) == 2
"""


async def test_each_line_knows_the_tests_that_executed_it(project: Record) -> None:
    recorded = project({"library.py": LIBRARY, "test_a.py": TESTS})
    await recorded.run()
    assert recorded.testing("library.py", 'return "negative"') == {"test_negative"}
    assert recorded.testing("library.py", "return 2 * x") == {"test_positive"}
    assert recorded.testing("library.py", "if x < 0") == {"test_negative", "test_positive"}
    assert recorded.testing("library.py", "lambda x") == {"test_table"}
    assert recorded.testing("library.py", 'return "untouched"') == set()
    assert recorded.testing("test_a.py", "return double(3)") == {"test_positive"}


async def test_what_runs_at_import_and_collection_belongs_to_no_test(project: Record) -> None:
    recorded = project({"library.py": LIBRARY, "test_a.py": TESTS})
    await recorded.run()
    assert recorded.at_import("library.py", 'kind = "decorating"')
    assert recorded.at_import("library.py", "return 2 * x")
    assert recorded.at_import("library.py", "def untouched")
    assert not recorded.at_import("library.py", 'return "negative"')
    assert recorded.testing("library.py", 'kind = "decorating"') == set()


SCOPES = """
import pytest
from library import {names}

@pytest.fixture(scope="session")
def session_thing():
    yield of_session()
    end_of_session()

@pytest.fixture(scope="module")
def module_thing(session_thing):
    yield of_module()
    end_of_module()

@pytest.fixture(scope="class", autouse=True)
def class_thing():
    return of_class()

@pytest.fixture
def function_thing():
    yield of_function()
    end_of_function()

@pytest.fixture(scope="module", params=["one", "two"])
def chosen(request):
    return of_one() if request.param == "one" else of_two()

class TestFirst:
    def test_a(self, module_thing): pass
    def test_b(self, module_thing): pass
    def test_c(self, session_thing): pass
    def test_d(self, function_thing): pass

class TestSecond:
    def test_e(self): pass
    def test_asking_by_name(self, request): request.getfixturevalue("module_thing")

def test_chosen(chosen): pass
"""


async def test_what_a_wide_fixture_executes_counts_for_every_test_that_uses_it(project: Record) -> None:
    names = [f"{kind}of_{scope}" for scope in ("session", "module", "class", "function") for kind in ("", "end_")]
    library = "".join(f"def {name}():\n    return '{name}'\n" for name in [*names, "of_one", "of_two"])
    recorded = project(
        {"library.py": library, "test_a.py": SCOPES.format(names=", ".join([*names, "of_one", "of_two"]))}
    )
    await recorded.run()

    def testing(name: str) -> set[str]:
        return recorded.testing("library.py", f"return '{name}'")

    for_module = {"test_a", "test_b", "test_asking_by_name"}
    assert testing("of_module") == testing("end_of_module") == for_module
    assert testing("of_session") == testing("end_of_session") == {*for_module, "test_c"}
    assert testing("of_function") == testing("end_of_function") == {"test_d"}
    assert testing("of_one") == {"test_chosen[one]"}
    assert testing("of_two") == {"test_chosen[two]"}
    assert testing("of_class") == {recorded.name(number) for number in range(len(recorded.recording.tests))}


ASKED_BY_A_FIXTURE = """
import pytest
from library import deep

@pytest.fixture(scope="session")
def inner():
    return deep()

@pytest.fixture(scope="session")
def outer(request):
    return request.getfixturevalue("inner")

def test_first(outer): pass
def test_second(outer): pass
def test_neither(): pass
"""


async def test_a_fixture_that_another_fixture_asks_for_counts_as_well(project: Record) -> None:
    recorded = project({"library.py": "def deep():\n    return 'deep'\n", "test_a.py": ASKED_BY_A_FIXTURE})
    await recorded.run()
    assert recorded.testing("library.py", "return 'deep'") == {"test_first", "test_second"}


OLD_STYLE = """
import unittest
from library import for_class, for_module, for_method

def setup_module():
    for_module()

class TestOld(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for_class()
    def setUp(self):
        for_method()
    def test_a(self): pass
    def test_b(self): pass

def test_c(): pass
"""


async def test_set_up_of_the_old_style_counts_like_fixtures(project: Record) -> None:
    library = "".join(f"def {name}():\n    return '{name}'\n" for name in ("for_class", "for_module", "for_method"))
    recorded = project({"library.py": library, "test_a.py": OLD_STYLE})
    await recorded.run()
    assert recorded.testing("library.py", "return 'for_module'") == {"test_a", "test_b", "test_c"}
    assert recorded.testing("library.py", "return 'for_class'") == {"test_a", "test_b"}
    assert recorded.testing("library.py", "return 'for_method'") == {"test_a", "test_b"}


LATE = """
def test_first():
    import late
    assert late.use() == 1
def test_second():
    import late
    assert late.use() == 1
def test_broken():
    try:
        import breaks
    except ZeroDivisionError:
        from late import use
        use()
"""


async def test_a_module_that_a_test_imports_first_is_not_that_tests_alone(project: Record) -> None:
    late = "def prepare():\n    return 1\nVALUE = prepare()\ndef use():\n    return VALUE\n"
    recorded = project({"late.py": late, "breaks.py": "1 / 0", "test_a.py": LATE})
    await recorded.run()
    assert recorded.at_import("late.py", "VALUE = prepare()")
    assert recorded.at_import("late.py", "return 1")
    assert recorded.testing("late.py", "return 1") == set()
    assert {"test_first", "test_second"} <= recorded.testing("late.py", "return VALUE")


FLOWS = """
import threading
from library import generate, in_thread, leave, with_finally

def test_generator():
    assert list(generate(2)) == [0, 1]
def test_thread():
    thread = threading.Thread(target=in_thread)
    thread.start()
    thread.join()
def test_leaves():
    for value in (1, 2):
        try:
            leave(value)
        except ValueError:
            pass
def test_stays():
    assert leave(0) == "stayed"
def test_finally():
    assert with_finally() == 3
def test_comprehension():
    from library import squares
    assert squares([1, 2]) == [1, 4]
"""

FLOWING = """
from contextlib import suppress

def generate(count):
    for number in range(count):
        yield number
    finished = True

def in_thread():
    return "in a thread"

def leave(value):
    if value:
        if value == 1:
            raise ValueError(
                "one",
            )
        return None
    with suppress(KeyError):
        {}["x"]
    return "stayed"

def with_finally():
    try:
        return 3
    finally:
        closed = True

def squares(values):
    return [
        value * value
        for value in values
    ]
"""


async def test_lines_are_found_however_control_flows(project: Record) -> None:
    recorded = project({"library.py": FLOWING, "test_a.py": FLOWS})
    await recorded.run()

    def testing(text: str) -> set[str]:
        return recorded.testing("library.py", text)

    assert testing("yield number") == testing("finished = True") == {"test_generator"}
    assert testing('return "in a thread"') == {"test_thread"}
    assert testing("raise ValueError(") == testing('"one",') == testing("return None") == {"test_leaves"}
    assert testing('return "stayed"') == {"test_stays"}
    assert testing("return 3") == testing("closed = True") == {"test_finally"}
    assert testing("value * value") == testing("for value in values") == {"test_comprehension"}


DATA = """
import glob, io, os, pathlib, pytest
HERE = pathlib.Path(__file__).parent
TEXT = (HERE / "at_import.txt").read_text()

@pytest.fixture(scope="module")
def table():
    return (HERE / "table.csv").read_bytes()

def test_open():
    open("data/a.txt").close()
def test_low_level():
    os.close(os.open(HERE / "data" / "a.txt", os.O_RDONLY))
def test_folder():
    assert list((HERE / "data").iterdir())
def test_fixture(table): pass
def test_fixture_too(table): pass
def test_writes(tmp_path):
    (tmp_path / "x").write_text("x")
    pathlib.Path("written.txt").write_text("x")
def test_elsewhere(monkeypatch):
    monkeypatch.chdir(HERE / "data")
    io.open("b.py").close()
"""


async def test_data_files_are_known_by_the_tests_that_open_them(project: Record) -> None:
    data = {"data/a.txt": "a", "data/b.py": "b = 1", "at_import.txt": "x", "table.csv": "1,2"}
    recorded = project({**data, "test_a.py": DATA})
    await recorded.run()
    assert recorded.opening("data/a.txt") == {"test_open", "test_low_level"}
    assert recorded.opening("data/") == {"test_folder"}
    assert recorded.opening("table.csv") == {"test_fixture", "test_fixture_too"}
    assert recorded.opening("data/b.py") == {"test_elsewhere"}
    assert recorded.opening("written.txt") == set()
    assert "at_import.txt" in recorded.recording.opened_at_import
    assert not any(path.startswith("test_a") for path in recorded.recording.openings)


DISTURBING = """
import os, subprocess, sys
from library import double

def test_trace():
    lines = []
    sys.settrace(lambda *_: None)
    double(1)
    sys.settrace(None)
def test_profile():
    import cProfile
    cProfile.Profile().runcall(double, 1)
def test_after():
    double(2)
def test_process():
    subprocess.run([sys.executable, "-c", ""], check=True)
def test_fork():
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitpid(child, 0)
def test_last_takes_the_recorder_away():
    if hasattr(sys, "monitoring"):
        sys.monitoring.register_callback(4, sys.monitoring.events.LINE, None)
    sys.meta_path[:] = [each for each in sys.meta_path if type(each).__module__ != "maestro_recording_probes"]
"""


async def test_a_test_that_traces_is_recorded_and_one_that_stops_the_recorder_is_flagged(project: Record) -> None:
    recorded = project({"library.py": LIBRARY, "test_a.py": DISTURBING})
    await recorded.run()
    executed = recorded.testing("library.py", "return 2 * x")
    assert executed == {"test_trace", "test_profile", "test_after"}
    assert recorded.flags("test_last_takes_the_recorder_away") == LOST
    assert recorded.flags("test_process") & SPAWNED
    assert recorded.flags("test_fork") & SPAWNED
    assert recorded.flags("test_after") == 0


async def test_workers_of_xdist_record_together(project: Record) -> None:
    files = {"library.py": LIBRARY, "test_a.py": TESTS, "test_b.py": TESTS, "conftest.py": "from library import double"}
    plain = ("-p", "no:asyncio", "-p", "no:hypothesispytest")
    recorded = project(files, arguments=(*plain, "-n", "2", "--dist", "loadfile"))
    await recorded.run()
    assert len(recorded.recording.tests) == 8
    assert len(recorded.recording.tests_of("library.py")) == 6
    assert recorded.at_import("library.py", "return 2 * x")


async def test_a_coroutine_is_recorded_like_a_function(project: Record) -> None:
    library = "import asyncio\nasync def wait():\n    await asyncio.sleep(0)\n    return 'waited'\n"
    source = "import pytest\nfrom library import wait\n@pytest.mark.asyncio\nasync def test_wait():\n    await wait()\n"
    recorded = project({"library.py": library, "test_a.py": source}, arguments=("-p", "no:hypothesispytest"))
    await recorded.run()
    assert recorded.testing("library.py", "return 'waited'") == {"test_wait"}


async def test_assertions_still_explain_themselves(project: Record) -> None:
    source = 'from library import double\ndef test_a():\n    """Doc."""\n    assert double(2) == 5\n'
    recorded = project({"library.py": LIBRARY, "test_a.py": source})
    await recorded.run()
    [outcome] = recorded.outcomes.values()
    assert "assert 4 == 5" in outcome.message
    assert outcome.message.startswith("test_a.py:4: ")
    assert recorded.testing("library.py", "return 2 * x") == {"test_a"}


async def test_a_recorder_file_that_a_test_wrote_into_is_read_as_far_as_it_is_true(project: Record) -> None:
    forging = """
import os
def test_forge():
    with open(os.environ["MAESTRO_RECORDING"], "a") as file:
        file.write('no json\\n[1]\\n{"test": "other.py::test_x", "units": [0]}\\n{"test": 5}\\n{"unit": -1}\\n')
        file.write('{"unit": 99, "file": "../outside.py", "lines": "ff"}\\n{"outside": 1, "units": [99, 98]}\\n')
        file.write('{"unit": 97, "file": "library.py", "lines": "%s"}\\n' % ("f" * 5000))
        file.write('{"outside": 1, "units": [97]}\\n')
def test_after():
    from library import double
    double(1)
"""
    recorded = project({"library.py": LIBRARY, "test_a.py": forging})
    await recorded.run()
    assert {name.rsplit("::", 1)[-1] for name in recorded.recording.tests} == {"test_forge", "test_after"}
    assert set(recorded.recording.files) == {"library.py", "test_a.py"}
    assert recorded.recording.at_import("library.py").max() <= len(LIBRARY.splitlines()) + 1
    assert recorded.testing("library.py", "return 2 * x") == {"test_after"}


async def test_a_test_that_ends_the_process_leaves_the_recording_of_those_before(
    project: Record,
) -> None:
    source = "import os\nfrom library import double\ndef test_a(): double(1)\ndef test_b(): os._exit(3)\n"
    recorded = project({"library.py": LIBRARY, "test_a.py": source})
    with pytest.raises(AssertionError, match="exit code 3"):
        await recorded.run()
    recorded.read()
    assert recorded.recording.tests == ("test_a.py::test_a",)
    assert recorded.testing("library.py", "return 2 * x") == {"test_a"}
