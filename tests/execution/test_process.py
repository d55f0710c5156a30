"""Commands are watched, capped and ended with everything that they started."""

import asyncio
import os
import sys
import tracemalloc
from pathlib import Path

import pytest

from maestro.execution.output import CappedFile, last_lines
from maestro.execution.process import Command, Ended, Limits, Tick, run
from tests.execution.processes import ends, is_running

NO_LIMITS = Limits(total_seconds=60, hang_seconds=60, output_bytes=1_000_000, grace_seconds=1)


def python(code: str, folder: Path) -> Command:
    return Command(argv=(sys.executable, "-c", code), cwd=folder, variables={}, mark=f"process-{folder.name}")


async def ended(code: str, folder: Path, *, limits: Limits = NO_LIMITS, tick: Tick | None = None) -> Ended:
    return await run(python(code, folder), limits=limits, log=folder / "log", tick=tick)


async def test_output_and_exit_code_are_kept(tmp_path: Path) -> None:
    result = await ended("import sys; print('out'); sys.stderr.write('err\\n'); sys.exit(3)", tmp_path)
    assert (result.exit_code, result.stopped) == (3, "")
    assert set((tmp_path / "log").read_text().split()) == {"out", "err"}


async def test_an_answer_is_kept_apart_from_the_noise(tmp_path: Path) -> None:
    command = python("import sys; print('answer'); sys.stderr.write('noise\\n')", tmp_path)
    await run(command, limits=NO_LIMITS, log=tmp_path / "log", answer=tmp_path / "answer")
    assert (tmp_path / "answer").read_text() == "answer\n"
    assert (tmp_path / "log").read_text() == "noise\n"


async def test_nothing_of_the_callers_environment_is_inherited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "geheim")
    await ended("import os; print(sorted(os.environ))", tmp_path)
    assert "SECRET_TOKEN" not in (tmp_path / "log").read_text()


async def test_a_hundred_megabytes_of_output_become_a_small_log_that_says_so(tmp_path: Path) -> None:
    code = "import sys\nprint('first')\nfor _ in range(1600): sys.stdout.write('x' * 65535 + '\\n')\nprint('last')"
    tracemalloc.start()
    try:
        result = await ended(code, tmp_path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    log = (tmp_path / "log").read_bytes()
    assert result.printed_bytes > 100_000_000
    assert len(log) < 1_100_000
    assert peak < 10_000_000
    assert log.startswith(b"first\n")
    assert log.endswith(b"last\n")
    assert b"bytes of output were left out here" in log


async def test_a_command_without_a_sign_of_life_is_stopped(tmp_path: Path) -> None:
    limits = NO_LIMITS.model_copy(update={"hang_seconds": 0.5})
    result = await ended("import time; time.sleep(60)", tmp_path, limits=limits)
    assert result.stopped == "hang"


async def test_progress_that_only_the_caller_sees_is_a_sign_of_life(tmp_path: Path) -> None:
    async def always() -> bool:
        return True

    limits = NO_LIMITS.model_copy(update={"hang_seconds": 0.3})
    result = await ended("import time; time.sleep(1.5)", tmp_path, limits=limits, tick=always)
    assert (result.stopped, result.exit_code) == ("", 0)


async def test_a_command_that_talks_for_ever_is_stopped(tmp_path: Path) -> None:
    limits = NO_LIMITS.model_copy(update={"total_seconds": 0.5})
    result = await ended("import time\nwhile True: print('.', flush=True); time.sleep(0.05)", tmp_path, limits=limits)
    assert result.stopped == "timeout"


@pytest.mark.parametrize(
    "start",
    [
        pytest.param("subprocess.Popen(sleep)", id="a child in the group"),
        pytest.param("subprocess.Popen(sleep, start_new_session=True)", id="a child in a session of its own"),
        pytest.param("subprocess.Popen(sleep, stdout=-3, stderr=-3, start_new_session=True)", id="a daemon"),
    ],
)
async def test_children_that_a_command_leaves_behind_are_ended(tmp_path: Path, start: str) -> None:
    code = f"""
import subprocess, sys
sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
print({start}.pid, flush=True)
"""
    result = await ended(code, tmp_path)
    assert result.exit_code == 0
    # It would sleep for a minute; what it was sent arrives when the kernel gets to it.
    assert ends(int((tmp_path / "log").read_text()))


async def test_cancelling_asks_first_and_leaves_no_process(tmp_path: Path) -> None:
    code = """
import os, signal, subprocess, sys, time
def farewell(*_):
    print("goodbye", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, farewell)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
print(os.getpid(), child.pid, flush=True)
time.sleep(60)
"""
    pids = await cancelled(code, tmp_path)
    assert (tmp_path / "log").read_text().endswith("goodbye\n")
    assert not any(map(is_running, pids))


async def test_cancelling_ends_a_command_that_ignores_being_asked(tmp_path: Path) -> None:
    code = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(os.getpid(), flush=True)
while True: time.sleep(1)
"""
    (pid,) = await cancelled(code, tmp_path)
    assert not is_running(pid)


async def cancelled(code: str, folder: Path) -> list[int]:
    """Cancel ``code`` when it has printed the ids of its processes; returns them."""
    task = asyncio.create_task(ended(code, folder))
    async with asyncio.timeout(30):
        while not (folder / "log").exists() or not (folder / "log").read_text().endswith("\n"):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    return [int(word) for word in (folder / "log").read_text().splitlines()[0].split()]


async def test_an_error_of_the_caller_ends_the_command_and_is_passed_on(tmp_path: Path) -> None:
    async def broken() -> bool:
        raise ConnectionError("the ledger is away")

    code = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    with pytest.raises(ConnectionError):
        await ended(code, tmp_path, tick=broken)
    text = (tmp_path / "log").read_text()
    assert not text or not is_running(int(text))


async def test_a_command_that_cannot_be_started_is_an_error(tmp_path: Path) -> None:
    command = Command(argv=("/nothing/here",), cwd=tmp_path, variables={}, mark="none")
    with pytest.raises(FileNotFoundError):
        await run(command, limits=NO_LIMITS, log=tmp_path / "log")


def test_output_below_the_limit_is_kept_whole(tmp_path: Path) -> None:
    data = os.urandom(1000)
    with CappedFile(tmp_path / "log", 1000) as file:
        for byte in data:
            file.write(bytes([byte]))
    assert (tmp_path / "log").read_bytes() == data


def test_the_last_lines_of_a_log_are_readable_whatever_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"first\n\n" + b"caf\xe9\n" * 3)
    assert last_lines(tmp_path / "log", count=2) == "caf\\xe9\ncaf\\xe9"
