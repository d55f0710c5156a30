"""One way to a transaction on either database: ``Database.read()`` and ``Database.write()``.

A write holds what it read until it commits; a failure of the platform comes out as an error that says what to do.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from pysqlite3 import dbapi2 as sqlite
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from maestro.errors import PlatformUnavailable
from maestro.ledger.alone import Autocommitting, Prepared
from maestro.ledger.failures import explain, malformed_url

PATIENCE_SECONDS = 30.0
"""How long a transaction waits for another one before the ledger counts as locked."""

FROZEN_SECONDS = 5.0
"""How long PostgreSQL waits for the next statement of a transaction, at most: what waits for its locks may be a
failover, whose own time is short. A transaction of the ledger is over in milliseconds, but for a slow network.
"""

_DURABLE = (
    "SELECT set_config('synchronous_commit', 'on', false)"
    " WHERE current_setting('synchronous_commit') NOT IN ('on', 'remote_apply')"
)

CONNECT_SECONDS = 10

_NOTICE_A_CUT = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 11_000}
"""A network that is cut sends no error: without these a call would wait for hours. 11 s, in libpq's units."""

POOL_SIZE = 5
POOL_OVERFLOW = 27
"""With POOL_SIZE, one connection for each of the 32 threads that asyncio starts at most by default."""

OLDEST_SAFE_SQLITE = (3, 51, 3)
"""Before it, two connections to one WAL file could corrupt it (https://sqlite.org/wal.html#walresetbug)."""


class Database:
    """A pool of connections to one ledger. Safe for many threads; every process opens its own."""

    def __init__(self, engine: sa.Engine, *, patience_seconds: float) -> None:
        self.name = engine.url.render_as_string(hide_password=True)
        self.dialect = engine.dialect.name
        self._patience_seconds = patience_seconds
        self._engine = engine
        if self.dialect == "sqlite":
            self._reader: sa.Engine = engine
            self._writer: sa.Engine = engine.execution_options(begin="BEGIN IMMEDIATE")
        else:
            self._reader = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            self._writer = engine
        self._autocommitting = Autocommitting(engine)
        # SQLite wakes waiting writers by chance and can starve one; the threads of a process at least stand in line.
        self._line = threading.Lock() if self.dialect == "sqlite" else None

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A transaction that sees one state of the ledger and changes nothing. Raises PlatformUnavailable."""
        with self._explained(), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction that is kept if the block ends well and leaves nothing otherwise. Raises PlatformUnavailable.

        Inside it, pass its connection on: a second one in the same thread would wait for the first.
        """
        with self._in_line(), self._explained(), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def joined(self, within: sa.Connection | None) -> Iterator[sa.Connection]:
        """The transaction ``within`` where there is one, which then decides what is kept; otherwise one of its own."""
        if within is not None:
            yield within
            return
        with self.write() as connection:
            yield connection

    def prepare(self, statement: sa.ClauseElement) -> Prepared:
        """The statement for ``alone``."""
        return Prepared(statement, self._engine.dialect)

    def alone(self, prepared: Prepared, values: Mapping[str, Any]) -> Any | None:
        """The first row that a statement returned which is a transaction of its own: the fastest write there is.

        None where it returned none, or the connection was lost and nobody knows; look then. Raises PlatformUnavailable.
        """
        with self._in_line(), self._explained():
            return self._autocommitting.first_row(prepared, values)

    def insert(self, table: sa.Table) -> sqlite_dialect.Insert | postgresql.Insert:
        """An insert that knows ON CONFLICT, which both databases write alike."""
        return sqlite_dialect.insert(table) if self.dialect == "sqlite" else postgresql.insert(table)

    def close(self) -> None:
        self._autocommitting.close()
        self._engine.dispose()

    @contextmanager
    def _in_line(self) -> Iterator[None]:
        if self._line is None:
            yield
            return
        if not self._line.acquire(timeout=self._patience_seconds):
            raise PlatformUnavailable(
                "the ledger is locked by another thread", field=self.name, fix="try again; look for a slow disk"
            )
        try:
            yield
        finally:
            self._line.release()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            explained = explain(error, where=self.name)
            if explained is None:
                raise
            raise explained from error


def open_database(url: str, *, patience_seconds: float = PATIENCE_SECONDS) -> Database:
    """A pool for ``sqlite:///path`` or ``postgresql://…``; connects with the first transaction.

    Raises BadInput for a url that cannot be used, PlatformUnavailable for an unsafe SQLite.
    """
    parsed = _parsed(url)
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        engine = _sqlite_engine(parsed, patience_seconds=patience_seconds)
    elif backend in {"postgresql", "postgres"}:
        engine = _postgresql_engine(parsed, patience_seconds=patience_seconds)
    else:
        raise malformed_url(f"there is no ledger on {backend!r}")
    return Database(engine, patience_seconds=patience_seconds)


def require_safe_sqlite(version: tuple[int, ...]) -> None:
    """Raises PlatformUnavailable where the linked SQLite can corrupt a ledger that several processes use."""
    if version < OLDEST_SAFE_SQLITE:
        found, needed = (".".join(map(str, numbers)) for numbers in (version, OLDEST_SAFE_SQLITE))
        raise PlatformUnavailable(
            f"SQLite {found} can corrupt a ledger that several processes use; {needed} is the oldest safe one",
            field="pysqlite3",
            fix="install pysqlite3 0.6.1 or newer from its wheel, which brings its own SQLite, or use PostgreSQL",
        )


def _parsed(url: str) -> sa.URL:
    try:
        return sa.make_url(url)
    except (ArgumentError, ValueError):
        # From None: the url may hold a password, and the cause may quote it.
        raise malformed_url("the url cannot be read") from None


def _sqlite_engine(url: sa.URL, *, patience_seconds: float) -> sa.Engine:
    require_safe_sqlite(sqlite.sqlite_version_info)
    path = url.database
    if path is None or path in {"", ":memory:"} or path.startswith("file:"):
        raise malformed_url("a ledger needs a file that every process can open")
    if url.query:
        raise malformed_url("a ledger's file takes no options")
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PlatformUnavailable(
            f"the ledger's folder cannot be made: {error.strerror}",
            field=path,
            fix="check that this user may write there, or choose another path",
        ) from error
    engine = sa.create_engine(
        url.set(drivername="sqlite+pysqlite"),
        module=sqlite,
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
        connect_args={"timeout": patience_seconds, "isolation_level": None, "check_same_thread": False},
    )
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    mode = cursor.execute("PRAGMA journal_mode=WAL").fetchone()
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA fullfsync=ON")  # macOS keeps a plain fsync in the drive's cache
    cursor.close()
    if mode != ("wal",):
        raise PlatformUnavailable(
            "the ledger's file system cannot hold a write-ahead log",
            field="ledger url",
            fix="put the ledger on a local disk, or use PostgreSQL",
        )


def _begin_sqlite(connection: sa.Connection) -> None:
    # The driver starts no transaction by itself (isolation_level None). A write takes the lock at its start: one that
    # read first and asked for it later could not wait for it, because its snapshot would be stale.
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))


def _postgresql_engine(url: sa.URL, *, patience_seconds: float) -> sa.Engine:
    engine = sa.create_engine(
        url.set(drivername="postgresql+psycopg"),
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
        connect_args={"connect_timeout": CONNECT_SECONDS, **_NOTICE_A_CUT},
    )

    def prepare(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SET lock_timeout = {patience_seconds * 1000:.0f}")
        # A frozen process would hold its row locks for ever, and with them the takeover of its lease and a failover.
        frozen_seconds = min(patience_seconds, FROZEN_SECONDS)
        cursor.execute(f"SET idle_in_transaction_session_timeout = {frozen_seconds * 1000:.0f}")
        # A server that is set to acknowledge sooner would forget effects that were acknowledged, when it or, with a
        # synchronous standby, the machine that it runs on dies.
        cursor.execute(_DURABLE)
        cursor.close()
        connection.commit()

    sa.event.listen(engine, "connect", prepare)
    return engine
