"""Tries to get out of each sandbox that this machine can give. Not what flags were passed: what pull-request code gets.

The machine must be able to give both sandboxes; run these outside of a container that forbids user namespaces.
"""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from maestro.errors import BadInput
from maestro.execution.sandbox import Mount, Sandbox, View, choose
from maestro.execution.sandbox import choose as choose_module
from maestro.execution.sandbox.launch import base_python
from tests.execution.processes import ends, is_running

Attempt = Callable[..., Any]


@pytest.fixture(params=["bubblewrap", "namespaces"])
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    return choose(request.param)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The one folder that the code inside may write to; its neighbour is a secret."""
    (tmp_path / "work").mkdir()
    (tmp_path / "secret").write_text("geheim")
    return tmp_path / "work"


@pytest.fixture
def attempt(sandbox: Sandbox, folder: Path) -> Attempt:
    """Runs code inside and gives what it answers: the value of ``answer``, or the name of the error."""

    def run(code: str, *, variables: dict[str, str] | None = None, **view: Any) -> Any:
        body = "\n".join(f"    {line}" for line in code.strip().splitlines())
        program = f"import json, os, socket, sys\ntry:\n{body}\nexcept OSError as e:\n    answer = type(e).__name__\n"
        program += "print(json.dumps(answer))"
        seen = View(mounts=(Mount(outside=folder, inside=folder, writable=True),), folder=folder, **view)
        argv = sandbox.wrap((base_python(), "-I", "-c", program), seen)
        done = subprocess.run(argv, env=variables or {}, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture
def listener() -> Iterator[int]:
    """The port of a service of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_code_inside_can_work_in_its_folder(attempt: Attempt, folder: Path) -> None:
    assert attempt("open('made', 'w').write('here'); answer = os.getcwd()") == str(folder)
    assert (folder / "made").read_text() == "here"


def test_a_file_outside_cannot_be_read(attempt: Attempt, folder: Path) -> None:
    for path in (folder.parent / "secret", Path("../secret"), Path("/proc/1/root") / str(folder.parent)[1:] / "secret"):
        assert attempt(f"answer = open({str(path)!r}).read()") in {"FileNotFoundError", "PermissionError"}


def test_a_link_to_a_file_outside_leads_nowhere(attempt: Attempt, folder: Path) -> None:
    (folder / "link").symlink_to(folder.parent / "secret")
    assert attempt("answer = open('link').read()") == "FileNotFoundError"


@pytest.mark.parametrize("private", ["/etc/shadow", "/etc/machine-id", "/etc/ssh", "/var", "/run", "/sys", "/boot"])
def test_what_is_private_to_the_machine_is_absent(attempt: Attempt, private: str) -> None:
    assert attempt(f"answer = os.path.exists({private!r})") is False


def test_the_home_of_the_user_has_nothing_but_the_interpreter(attempt: Attempt) -> None:
    home = Path.home()
    shown = attempt(f"answer = os.listdir({str(home)!r})")
    inside = Path(sys.base_prefix)
    expected = [inside.relative_to(home).parts[0]] if inside.is_relative_to(home) else "FileNotFoundError"
    assert shown == expected


@pytest.mark.parametrize("place", ["/usr/bin", "/etc", "/", "/opt", sys.base_prefix])
def test_the_system_cannot_be_written(attempt: Attempt, place: str) -> None:
    answer = attempt(f"open(os.path.join({place!r}, 'planted'), 'w'); answer = 'written'")
    assert answer in {"OSError", "PermissionError", "FileNotFoundError"}
    assert not Path(place, "planted").exists()


def test_a_temporary_file_stays_inside(attempt: Attempt) -> None:
    name = f"/tmp/planted-{os.getpid()}"
    assert attempt(f"open({name!r}, 'w'); answer = 'written'") == "written"
    assert not Path(name).exists()


def test_a_variable_of_the_conductor_is_not_seen(attempt: Attempt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "geheim")
    seen = attempt(
        """
found = []
for pid in filter(str.isdigit, os.listdir('/proc')):
    try:
        found.append(open(f'/proc/{pid}/environ').read())
    except PermissionError:
        pass
answer = [dict(os.environ), found]
"""
    )
    assert "geheim" not in json.dumps(seen)


def test_no_service_of_this_machine_can_be_reached(attempt: Attempt, listener: int) -> None:
    assert (
        attempt(f"answer = socket.create_connection(('127.0.0.1', {listener}), 5).fileno()") == "ConnectionRefusedError"
    )


def test_no_other_machine_can_be_reached(attempt: Attempt) -> None:
    assert attempt("answer = socket.create_connection(('192.0.2.1', 80), 5).fileno()") == "OSError"


def test_a_socket_in_the_abstract_namespace_cannot_be_reached(attempt: Attempt) -> None:
    name = f"\0maestro-escape-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(name)
        server.listen()
        assert attempt(f"answer = socket.socket(socket.AF_UNIX).connect({name!r})") == "ConnectionRefusedError"


def test_code_inside_can_serve_and_reach_itself(attempt: Attempt) -> None:
    code = "s = socket.create_server(('127.0.0.1', 0)); answer = bool(socket.create_connection(s.getsockname(), 5))"
    assert attempt(code) is True


def test_with_the_network_only_the_named_ports_can_be_reached(attempt: Attempt, listener: int) -> None:
    connect = f"answer = bool(socket.create_connection(('127.0.0.1', {listener}), 5))"
    assert attempt(connect, network=True) is True
    assert attempt(connect, network=True, connect_ports=(listener,)) is True
    assert attempt(connect, network=True, connect_ports=(443,)) == "PermissionError"


def test_with_the_network_the_platforms_own_ports_stay_out_of_reach(attempt: Attempt, listener: int) -> None:
    connect = f"answer = bool(socket.create_connection(('127.0.0.1', {listener}), 5))"
    assert attempt(connect, network=True, protected_ports=(listener,)) == "PermissionError"
    assert attempt(connect, network=True, protected_ports=(listener + 1,)) is True


def test_no_process_outside_can_be_seen_or_killed(attempt: Attempt) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as outside:
        try:
            shown = attempt("answer = [open(f'/proc/{p}/cmdline').read() for p in os.listdir('/proc') if p.isdigit()]")
            assert not any("time.sleep(60)" in command for command in shown)
            assert attempt(f"os.kill({outside.pid}, 9); answer = 'killed'") == "ProcessLookupError"
            attempt("import signal; signal.signal(15, signal.SIG_IGN); os.kill(-1, 15); answer = 'tried'")
            assert is_running(outside.pid)
        finally:
            outside.kill()


def test_no_capability_and_no_way_to_one_is_held(attempt: Attempt) -> None:
    status = attempt("answer = open('/proc/self/status').read()")
    values = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert {int(values[name], 16) for name in ("CapEff", "CapPrm", "CapBnd", "CapInh", "CapAmb")} == {0}
    assert values["NoNewPrivs"] == "1"
    assert attempt("answer = os.getuid()") != 0


def test_no_further_user_namespace_can_be_made(attempt: Attempt) -> None:
    code = "import ctypes; answer = ctypes.CDLL(None).unshare(0x10000000)"
    assert attempt(code) == -1


def test_no_mount_can_be_taken_away_or_added(attempt: Attempt) -> None:
    code = """
import ctypes
libc = ctypes.CDLL(None)
answer = [libc.umount2(b'/tmp', 2), libc.mount(b'/proc', b'/tmp', None, 4096, None)]
"""
    assert attempt(code) == [-1, -1]


def test_nothing_that_code_inside_starts_outlives_it(attempt: Attempt, folder: Path) -> None:
    code = f"""
import subprocess, time
child = "import time; open('started', 'w').close(); time.sleep(60)"
subprocess.Popen([sys.executable, '-c', child, {str(folder)!r}], start_new_session=True, stdout=-3, stderr=-3)
while not os.path.exists('started'): time.sleep(0.05)
answer = 'left'
"""
    assert attempt(code) == "left"
    left = [each.pid for each in psutil.process_iter(["cmdline"]) if str(folder) in (each.info["cmdline"] or [])]
    assert all(map(ends, left))


def test_the_sandbox_ends_with_the_conductor(sandbox: Sandbox, folder: Path) -> None:
    view = View(mounts=(Mount(outside=folder, inside=folder, writable=True),), folder=folder)
    code = "import time; open('started', 'w').close(); time.sleep(60)"
    argv = sandbox.wrap((base_python(), "-I", "-c", code), view)
    script = (
        f"import os, pathlib, subprocess, time; p = subprocess.Popen({argv!r}, env={{}}, stdout=-3, stderr=-3)\n"
        f"while not pathlib.Path({str(folder / 'started')!r}).exists(): time.sleep(0.05)\n"
        "print(p.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == -9, done.stderr
    assert ends(int(done.stdout))


def test_a_program_that_is_missing_inside_is_named(sandbox: Sandbox, folder: Path) -> None:
    view = View(mounts=(Mount(outside=folder, inside=folder, writable=True),), folder=folder)
    done = subprocess.run(sandbox.wrap(("no-such-program",), view), env={}, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "no-such-program" in done.stderr


def test_auto_never_means_unprotected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[choose_module.__module__], "_candidates", lambda wanted: ())
    with pytest.raises(BadInput) as caught:
        choose("auto")
    assert (caught.value.field, "isolation: none" in caught.value.fix) == ("run.isolation", True)
