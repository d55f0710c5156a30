"""A process that used Temporal's client ends with the code that was meant, and loses nothing on the way."""

import subprocess
import sys

import pytest

SCRIPT = """
import atexit, sys
from workers.exit import Leave
leave = Leave()
atexit.register(print, "flushed at the end")
print("said", end="")
{ending}
"""


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        pytest.param("leave(3)", 3, id="left with a code"),
        pytest.param("raise ValueError('a bug')", 1, id="an exception that nobody expected"),
    ],
)
def test_output_and_exit_handlers_come_before_the_code(ending: str, code: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(ending=ending)], capture_output=True, text=True, check=False
    )
    assert done.returncode == code
    assert done.stdout == "saidflushed at the end\n"
