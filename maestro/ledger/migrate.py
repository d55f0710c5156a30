"""Bring the ledger's tables up to date when it is opened, once, however many processes open it at the same time."""

import threading
from pathlib import Path

import sqlalchemy as sa

from maestro.errors import PlatformUnavailable
from maestro.ledger.engine import Database
from maestro.ledger.schema import SCHEMA_REVISION

MIGRATIONS = Path(__file__).parent / "migrations"

_ADVISORY_LOCK = 0x6D61_6573_7472_6F  # "maestro": one number for all who migrate a ledger in this database
_one_at_a_time = threading.Lock()
"""Alembic keeps the migration that runs in module globals, so the threads of a process take turns."""


def bring_up_to_date(database: Database) -> None:
    """Run the missing migrations in one transaction: all of them, or none.

    Raises PlatformUnavailable for a ledger that a newer release has migrated.
    """
    with database.read() as connection:
        found = _revision(connection)
    if found != SCHEMA_REVISION:
        _migrate(database)


def require_current(database: Database) -> None:
    """Raises PlatformUnavailable where the ledger's tables are not those of this release."""
    with database.read() as connection:
        found = _revision(connection)
    if found != SCHEMA_REVISION:
        raise PlatformUnavailable(
            f"the ledger's tables stand at {found or 'nothing'}, this release needs {SCHEMA_REVISION}",
            field=database.name,
            fix="start a worker of this release once (`maestro up`), which brings the tables up to date",
        )


def _migrate(database: Database) -> None:
    # Imported here: a ledger that is up to date, the usual case, need not wait for Alembic.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    ours = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    with _one_at_a_time, database.write() as connection:
        if database.dialect == "postgresql":
            # Two that look for the version table and then make it would race. On SQLite the write lock is enough.
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ADVISORY_LOCK)))
        found = _revision(connection)
        if found is not None and found not in ours:
            raise PlatformUnavailable(
                f"the ledger was migrated to {found} by a newer release",
                field=database.name,
                fix="upgrade this installation of Maestro, or use another ledger",
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return found
