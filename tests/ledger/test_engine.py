"""Opening a ledger, and what its database's failures mean to a person."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from maestro.errors import BadInput, PlatformUnavailable
from maestro.ledger import Ledger
from maestro.ledger.engine import Database, open_database, require_safe_sqlite
from maestro.ledger.failures import explain
from maestro.ledger.schema import samples


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("", id="nothing"),
        pytest.param("ledger.db", id="a bare path"),
        pytest.param("sqlite://", id="memory, which no other process can see"),
        pytest.param("sqlite:///:memory:", id="memory by its name"),
        pytest.param("sqlite:////tmp/x.db?mode=ro", id="options of a file"),
        pytest.param("mysql://user@host/ledger", id="another database"),
        pytest.param("postgresql://user:secret@host:port/ledger", id="a port that is no number"),
    ],
)
def test_a_url_that_cannot_be_used_is_bad_input_and_never_repeats_a_password(url: str) -> None:
    with pytest.raises(BadInput, match=r"ledger url: .*\n  fix: use sqlite:////") as caught:
        Ledger.open(url)
    assert "secret" not in str(caught.value)


def test_the_folder_of_a_new_ledger_is_made(tmp_path: Path) -> None:
    path = tmp_path / "state" / "maestro" / "ledger.db"
    Ledger.open(f"sqlite:///{path}").close()
    assert path.exists()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PlatformUnavailable, match="folder cannot be made"):
        Ledger.open(f"sqlite:///{tmp_path / 'file' / 'ledger.db'}")


def test_a_ledger_path_that_is_a_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(PlatformUnavailable, match="cannot be opened"):
        Ledger.open(f"sqlite:///{tmp_path}")


def test_a_file_that_is_no_ledger_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database " * 1_000)
    with pytest.raises(PlatformUnavailable, match="not a ledger"):
        Ledger.open(f"sqlite:///{path}")
    assert path.read_text() == "not a database " * 1_000


@pytest.mark.parametrize("version", [(3, 40, 1), (3, 51, 2)])
def test_a_sqlite_that_can_corrupt_a_shared_ledger_is_refused(version: tuple[int, ...]) -> None:
    with pytest.raises(PlatformUnavailable, match=r"can corrupt a ledger .* 3\.51\.3 is the oldest safe one"):
        require_safe_sqlite(version)


def test_a_sqlite_without_the_defect_is_taken() -> None:
    require_safe_sqlite((3, 51, 3))


def test_an_embedded_ledger_survives_a_power_cut_and_serves_readers_while_it_is_written(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    with database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
    database.close()


def test_a_locked_ledger_is_unavailable_once_patience_is_over(url: str) -> None:
    with Ledger.open(url) as patient, Ledger.open(url, patience_seconds=0.2) as hasty:
        patient.leases.acquire("shard/1", holder="north", ttl_seconds=60)
        with patient._database.write() as connection:
            connection.exec_driver_sql("UPDATE leases SET fence = fence")
            with pytest.raises(PlatformUnavailable, match="locked by another") as caught:
                hasty.leases.acquire("shard/1", holder="north", ttl_seconds=60)
        assert "try again" in caught.value.fix
        assert caught.value.retryable
        assert hasty.leases.acquire("shard/1", holder="north", ttl_seconds=60).fence == 2


def test_threads_of_a_process_stand_in_line_and_lose_patience_as_well(sqlite_url: str) -> None:
    with Ledger.open(sqlite_url, patience_seconds=0.2) as ledger, ledger._database.write():
        with ThreadPoolExecutor(1) as thread:
            waiting = thread.submit(ledger.leases.acquire, "shard/1", holder="north", ttl_seconds=60)
        with pytest.raises(PlatformUnavailable, match="locked by another thread"):
            waiting.result()


def test_a_transaction_that_stands_still_is_ended_so_that_others_can_go_on(postgresql_host: str) -> None:
    database = open_database(f"postgresql://maestro@/postgres?host={postgresql_host}", patience_seconds=0.1)

    def stand_still() -> None:
        with database.write() as connection:
            backend = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
            while is_there(backend):
                time.sleep(0.01)
            connection.exec_driver_sql("SELECT 1")

    def is_there(backend: int) -> bool:
        with database.read() as connection:
            found = sa.text("SELECT count(*) FROM pg_stat_activity WHERE pid = :backend")
            return bool(connection.execute(found, {"backend": backend}).scalar_one())

    with pytest.raises(PlatformUnavailable, match=r"stood still|cannot be reached"):
        stand_still()
    database.close()


def fill(database: Database, *, before: str) -> None:
    rows = [{"region": "x" * 1_000, "kind": "k", "value": 1.0, "at": 1.0}] * 100
    with database.write() as connection:
        connection.exec_driver_sql(before)
        connection.execute(sa.insert(samples), rows)


def test_a_full_disk_leaves_the_ledger_as_it_was_and_says_what_to_do(sqlite_url: str) -> None:
    with Ledger.open(sqlite_url) as ledger:
        with pytest.raises(PlatformUnavailable, match="disk is full") as caught:
            fill(ledger._database, before="PRAGMA max_page_count=1")  # SQLite takes it as: not one page more
        assert "free space" in caught.value.fix
        with ledger._database.read() as connection:
            assert connection.execute(sa.select(samples)).all() == []


def test_a_read_only_ledger_says_what_to_do(url: str) -> None:
    setting = "PRAGMA query_only=ON" if url.startswith("sqlite") else "SET TRANSACTION READ ONLY"
    with Ledger.open(url) as ledger:
        with pytest.raises(PlatformUnavailable, match="read-only") as caught:
            fill(ledger._database, before=setting)
        assert "writable" in caught.value.fix


def test_a_database_that_cannot_be_reached_says_what_to_do() -> None:
    with pytest.raises(PlatformUnavailable, match=r"cannot be reached.*refused") as caught:
        Ledger.open("postgresql://maestro:secret@127.0.0.1:1/ledger")
    assert "host, port" in caught.value.fix
    assert "secret" not in str(caught.value)


def test_a_database_that_does_not_exist_is_named(postgresql_host: str) -> None:
    with pytest.raises(PlatformUnavailable, match='database "nowhere" does not exist'):
        Ledger.open(f"postgresql://maestro@/nowhere?host={postgresql_host}")


@pytest.mark.parametrize(
    ("cause", "message"),
    [
        (psycopg.errors.DiskFull(), "disk is full"),
        (psycopg.errors.TooManyConnections(), "no connection left"),
        (psycopg.errors.AdminShutdown(), "shutting down"),
        (psycopg.errors.DeadlockDetected(), "lost a race"),
        (psycopg.errors.UndefinedTable(), "tables are missing"),
        (psycopg.errors.InsufficientPrivilege(), "lacks a right"),
        (psycopg.errors.ConnectionFailure(), "cannot be reached"),
    ],
)
def test_a_failure_of_postgresql_is_explained_by_its_code(cause: psycopg.Error, message: str) -> None:
    error = explain(sa.exc.DBAPIError("SELECT 1", None, cause), where="postgresql://host/ledger")
    assert isinstance(error, PlatformUnavailable)
    assert message in error.message
    assert error.field == "postgresql://host/ledger"
    assert error.fix


def test_a_defect_of_ours_is_not_dressed_up_as_a_failure_of_the_platform(ledger: Ledger) -> None:
    with pytest.raises(sa.exc.SQLAlchemyError), ledger._database.read() as connection:
        connection.exec_driver_sql("SELECT FROM WHERE")


def test_a_failed_write_leaves_nothing(ledger: Ledger) -> None:
    def fail() -> None:
        fill(ledger._database, before="SELECT 1")
        with ledger._database.write() as connection:
            connection.execute(sa.delete(samples))
            raise BadInput("stop")

    with pytest.raises(BadInput, match="stop"):
        fail()
    with ledger._database.read() as connection:
        assert len(connection.execute(sa.select(samples)).all()) == 100
