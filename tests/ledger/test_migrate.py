"""Migrations: once, whole, and the same tables as the schema says."""

import multiprocessing
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from maestro.errors import PlatformUnavailable
from maestro.ledger import Ledger
from maestro.ledger.chain import GENESIS_HASH, ChainHead
from maestro.ledger.migrate import MIGRATIONS
from maestro.ledger.schema import SCHEMA_REVISION, metadata
from tests.ledger.contenders import open_and_append


def test_the_migrations_make_exactly_the_tables_of_the_schema(ledger: Ledger) -> None:
    with ledger._database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_release_knows_its_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [SCHEMA_REVISION]


def test_a_new_ledger_begins_an_empty_chain(ledger: Ledger) -> None:
    assert ledger.records.head() == ChainHead(sequence=0, hash=GENESIS_HASH)


def test_opening_again_keeps_what_is_there(url: str) -> None:
    with Ledger.open(url) as ledger:
        ledger.leases.acquire("shard/1", holder="north", ttl_seconds=60)
    with Ledger.open(url, migrate=False) as ledger:
        assert ledger.leases.acquire("shard/1", holder="north", ttl_seconds=60).fence == 2


def test_tables_that_are_missing_are_refused_where_migrating_was_not_asked_for(url: str) -> None:
    with pytest.raises(PlatformUnavailable, match="stand at nothing, this release needs"):
        Ledger.open(url, migrate=False)


@pytest.mark.parametrize("migrate", [True, False])
def test_a_ledger_that_a_newer_release_migrated_is_refused_and_left_alone(url: str, migrate: bool) -> None:
    with Ledger.open(url) as ledger, ledger._database.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = 'r9999'"))
    with pytest.raises(PlatformUnavailable, match="r9999"):
        Ledger.open(url, migrate=migrate)
    with pytest.raises(PlatformUnavailable, match="r9999"):
        Ledger.open(url, migrate=migrate)


def test_a_migration_that_fails_leaves_nothing_behind(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise sa.exc.OperationalError("CREATE TABLE", None, OSError("cut off"))

    with monkeypatch.context() as patched:
        patched.setattr("alembic.operations.Operations.bulk_insert", fail)
        with pytest.raises(sa.exc.OperationalError, match="cut off"):
            Ledger.open(url)
    with Ledger.open(url) as ledger:
        assert ledger.records.head().sequence == 0


def test_threads_that_open_a_new_ledger_together_all_get_it(url: str) -> None:
    with ThreadPoolExecutor(6) as threads:
        opened = list(threads.map(lambda _: Ledger.open(url), range(6)))
    for ledger in opened:
        assert ledger.records.head().sequence == 0
        ledger.close()


def test_processes_that_open_a_new_ledger_together_all_get_it(url: str) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as processes:
        processes.starmap(open_and_append, [(url, number) for number in range(4)])
    with Ledger.open(url) as ledger:
        assert len(ledger.records.list()) == 4
        assert ledger.records.verify() == ()
