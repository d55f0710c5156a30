"""One pull request with everything in its tests that could confuse or harm whoever runs them; conducted once."""

import socket
import uuid
from collections.abc import Iterator

import psutil
import pytest

from tests.e2e.conducting import Conducted, conduct
from tests.e2e.conftest import MakeProject
from tests.execution.repositories import Files
from tests.localstack import LocalStack

NAMES_TEST = """
import pytest
import calc

FINE = ["", "a::b", "$(touch x)", "a\\nb", "x" * 300]
BAD = ["a b", "it's", 'say "hi"', "[x]", "--version"]

@pytest.mark.parametrize("name", FINE + BAD)
def test_name(name):
    assert name in FINE

def test_größe():
    assert calc.double(1) == 3
"""

LOUD_TEST = """
import sys
import calc

def test_prints_100_megabytes(capfd):
    with capfd.disabled():
        for _ in range(100):
            sys.stdout.write("x" * 1_000_000)
"""

CHILDREN_TEST = """
import subprocess
import sys
import calc

def test_leaves_children():
    sleeper = [sys.executable, "-c", "import time; time.sleep(3600)", "{marker}"]
    left = [subprocess.Popen(sleeper, start_new_session=new) for new in (True, False)]
    subprocess.run(["setsid", "--fork", *sleeper], check=True)
    assert all(child.poll() is None for child in left)
"""

NETWORK_TEST = """
import socket
import calc

def test_calls_home():
    socket.create_connection(("127.0.0.1", {port}), timeout=5)
"""

BYTES_TEST = "import calc\ndef test_inside():\n    assert calc.double(1) == 3\n"

MARKER = str(uuid.uuid4())
"""An argument of the processes that a test leaves behind, to find them by."""

BYTES_FILE = r"tests/test_\xff.py"
"""How the name of a file that is not UTF-8 is shown."""


@pytest.fixture(scope="module")
def outside() -> Iterator[socket.socket]:
    """A server that anybody on this machine can reach."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.fixture(scope="module")
def hostile(stack: LocalStack, make_project: MakeProject, outside: socket.socket) -> Conducted:
    change: Files = {
        "calc.py": "def double(x):\n    return x + x\n",
        "tests/test_names.py": NAMES_TEST,
        "tests/test_loud.py": LOUD_TEST,
        "tests/test_children.py": CHILDREN_TEST.format(marker=MARKER),
        "tests/test_network.py": NETWORK_TEST.format(port=outside.getsockname()[1]),
        b"tests/test_\xff.py": BYTES_TEST,
        b"caf\xe9.csv": "1,2",
    }
    return conduct(stack, make_project(change).folder)


def test_every_test_gets_a_verdict_whatever_it_is_called(hostile: Conducted) -> None:
    assert hostile.card.plan is not None
    assert hostile.card.report is not None
    assert hostile.card.plan.selected_count == sum(hostile.card.report.counts.values()) == 17
    assert hostile.card.report.missing_count == 0
    assert hostile.card.report.problems == ()


@pytest.mark.parametrize("name", ["a b", "it's", 'say "hi"', "[x]", "--version"])
def test_a_failing_test_is_named_with_its_spaces_quotes_and_brackets(hostile: Conducted, name: str) -> None:
    assert f"tests/test_names.py::test_name[{name}]" in hostile.failed


def test_a_failing_test_is_named_with_its_letters_beyond_ascii(hostile: Conducted) -> None:
    assert "tests/test_names.py::test_größe" in hostile.failed


def test_a_failing_test_in_a_file_whose_name_is_not_utf8_is_named(hostile: Conducted) -> None:
    assert f"{BYTES_FILE}::test_inside" in hostile.failed


def test_a_changed_file_whose_name_is_not_utf8_is_the_reason_that_all_tests_run(hostile: Conducted) -> None:
    assert hostile.card.plan is not None
    assert r"caf\xe9.csv" in hostile.card.plan.reason
    assert hostile.card.plan.left_out_count == 0


def test_100_megabytes_of_output_do_no_harm_and_are_kept_in_part(stack: LocalStack, hostile: Conducted) -> None:
    assert "tests/test_loud.py::test_prints_100_megabytes" not in hostile.failed
    assert hostile.card.report is not None
    sizes = [log.bytes for log in hostile.card.report.logs]
    assert sum(sizes) > 1_000_000
    assert max(sizes) < 25_000_000


def test_what_a_test_leaves_running_is_gone(hostile: Conducted) -> None:
    assert "tests/test_children.py::test_leaves_children" not in hostile.failed
    running = [process for process in psutil.process_iter(["cmdline"]) if MARKER in (process.info["cmdline"] or ())]
    assert running == []


def test_a_test_that_needs_the_network_fails_and_reaches_nobody(hostile: Conducted, outside: socket.socket) -> None:
    assert "tests/test_network.py::test_calls_home" in hostile.failed
    with pytest.raises(BlockingIOError):
        outside.accept()


def test_the_card_says_how_the_tests_were_isolated(hostile: Conducted) -> None:
    assert hostile.card.report is not None
    assert set(hostile.card.report.isolation) < {"bubblewrap", "namespaces"}


def test_the_verdict_is_red_with_the_failing_tests_in_the_first_reason(hostile: Conducted) -> None:
    assert hostile.exit_code == 1
    assert "8 tests failed" in hostile.card.decision.reasons[0]
