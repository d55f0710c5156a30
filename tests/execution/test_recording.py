"""A recording says of every line which tests executed it: no test too few, and only those that share a fixture more."""

from collections.abc import Callable
from pathlib import Path

import pytest

from maestro.execution.environment import Environment
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
