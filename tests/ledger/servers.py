"""PostgreSQL servers that a test may stop, kill and promote: one alone, or a primary with a synchronous standby.

They listen on sockets in a temporary folder and nowhere else, and stop when the process that started them is gone.
"""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psutil
import psycopg

from workers.drill.postgresql import PACKAGE, START_SECONDS, UNTIL_ORPHANED, identity_for, programs_in

_STANDBY = "standby"


class Server:
    """A server with its own folder. ``settings`` are those of postgresql.conf."""

    def __init__(self, root: Path, name: str, **settings: str) -> None:
        self.folder = root / name
        self.folder.mkdir()
        self._identity = identity_for(self.folder)
        self._programs = root / "programs" / PACKAGE / "pginstall" / "bin"
        if not self._programs.exists():
            self._programs = programs_in(root) / "bin"
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def host(self) -> str:
        """What it is to libpq."""
        return str(self.folder)

    def make(self) -> None:
        """A new, empty cluster of databases."""
        options = ["--username=maestro", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        self._run("initdb", f"--pgdata={self.folder / 'data'}", *options)

    def copy(self, primary: "Server") -> None:
        """What the primary holds, to follow it from there."""
        source = f"host={primary.host} user=maestro application_name={_STANDBY}"
        options = ["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync"]
        self._run("pg_basebackup", "-d", source, "-D", str(self.folder / "data"), *options)

    def start(self) -> None:
        """Returns once it takes connections."""
        settings = {"listen_addresses": "", **self._settings}
        options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
        command = ["sh", "-c", UNTIL_ORPHANED, "sh", str(self._programs / "postgres")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "-D", str(self.folder / "data"), "-k", str(self.folder), *options],
                cwd=self.folder,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                user=self._identity.user,
                group=self._identity.group,
                extra_groups=self._identity.extra_groups,
            )
        give_up_at = time.monotonic() + START_SECONDS
        while True:
            try:
                self.ask("SELECT 1")
            except psycopg.OperationalError:
                assert time.monotonic() < give_up_at, (self.folder / "log").read_text(errors="replace")[-2_000:]
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        """End it as its administrator would. Again is as once."""
        if self._process is not None:
            self._process.communicate()
            self._process = None

    def kill(self) -> None:
        """As when its machine dies: every process of it at once."""
        postmaster = psutil.Process(int((self.folder / "data" / "postmaster.pid").read_text().split()[0]))
        processes = [postmaster, *postmaster.children(recursive=True)]
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.stop()  # first, since its shell is the one who buries the postmaster
        assert not psutil.wait_procs(processes, timeout=START_SECONDS)[1], "something survived SIGKILL"

    def promote(self) -> None:
        """Make the primary of a standby; returns once it takes writes."""
        assert self.ask("SELECT pg_promote()") == (True,)

    def ask(self, statement: str, database: str = "postgres") -> tuple[object, ...] | None:
        """The first row of the answer."""
        with closing(psycopg.connect(host=self.host, user="maestro", dbname=database, autocommit=True)) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchone() if cursor.description else None

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._programs / program), *arguments],
            check=False,
            cwd=self.folder,
            capture_output=True,
            text=True,
            **self._identity._asdict(),
        )
        assert done.returncode == 0, done.stderr


@contextmanager
def server(*, folder: Path | None = None, **settings: str) -> Iterator[Server]:
    """One server that runs, with its files in a folder of its own within ``folder``."""
    with _root(folder) as root:
        alone = Server(root, "alone", **settings)
        alone.make()
        try:
            alone.start()
            yield alone
        finally:
            alone.stop()


@contextmanager
def primary_and_standby() -> Iterator[tuple[Server, Server]]:
    """A primary that acknowledges a commit once its standby has it too, and the standby, which can be promoted."""
    with _root() as root:
        primary, standby = (Server(root, name, fsync="off") for name in ("primary", _STANDBY))
        primary.make()
        try:
            primary.start()
            standby.copy(primary)
            standby.start()
            primary.ask(f"ALTER SYSTEM SET synchronous_standby_names = '{_STANDBY}'")
            primary.ask("SELECT pg_reload_conf()")
            while primary.ask("SELECT sync_state FROM pg_stat_replication") != ("sync",):
                time.sleep(0.05)
            yield primary, standby
        finally:
            standby.stop()
            primary.stop()


@contextmanager
def _root(within: Path | None = None) -> Iterator[Path]:
    root = Path(tempfile.mkdtemp(prefix="maestro-pg-", dir=within))
    identity_for(root)
    try:
        yield root
    finally:
        shutil.rmtree(root)
