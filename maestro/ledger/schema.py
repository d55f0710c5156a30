"""The tables of the ledger, the same on SQLite and PostgreSQL.

Times are seconds since the epoch by the database's own clock (``now_seconds``), never a host's. There are no foreign
keys: rows that belong together are written in one transaction, and SQLite could not rebuild a referenced table.
"""

import hashlib
import re
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

SCHEMA_REVISION = "r0010"
"""The newest migration; a ledger that stands at another one is migrated or refused when it is opened."""

SECONDS_PER_DAY = 86_400.0

RECENT_DURATIONS = 5
"""Durations kept for each test; their median is what a test is expected to take."""

_UNSAFE = re.compile("[\\\\\x00\ud800-\udfff]")
_ESCAPED = re.compile(r"\\(\\|u[0-9a-f]{4})")


class AnyText(sa.types.TypeDecorator[str]):
    """Text that may hold what neither database can: NUL, and the surrogates of a name that is not UTF-8.

    These and the backslash are stored as escapes. The mapping is one to one, so it is safe for keys.
    """

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else escaped(value)

    def process_result_value(self, value: Any | None, dialect: sa.Dialect) -> str | None:  # noqa: ARG002 - as above
        return None if value is None else _ESCAPED.sub(_unescape, str(value))


def escaped(text: str) -> str:
    """The text as an ``AnyText`` column stores it, for a statement that is handed to the driver as it is."""
    return _UNSAFE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    return "\\\\" if character == "\\" else f"\\u{ord(character):04x}"


def _unescape(match: re.Match[str]) -> str:
    escape = match.group(1)
    return "\\" if escape == "\\" else chr(int(escape[1:], 16))


class now_seconds(FunctionElement[float]):  # noqa: N801 - reads as the SQL function that it is
    """The database's clock at the moment that a row is looked at, not when its transaction or statement began."""

    type = sa.Double()
    inherit_cache = True


@compiles(now_seconds, "sqlite")
def _now_on_sqlite(_element: now_seconds, _compiler: SQLCompiler, **_options: Any) -> str:
    return "unixepoch('subsec')"


@compiles(now_seconds, "postgresql")
def _now_on_postgresql(_element: now_seconds, _compiler: SQLCompiler, **_options: Any) -> str:
    return "CAST(extract(epoch FROM clock_timestamp()) AS double precision)"


def test_digest(test: str) -> bytes:
    """The key of a test's rows: an id can be longer than what PostgreSQL can index (2,704 bytes)."""
    return hashlib.sha256(test.encode("utf-8", "surrogatepass")).digest()


metadata = sa.MetaData()

leases = sa.Table(
    "leases",
    metadata,
    sa.Column("resource", AnyText, primary_key=True),
    sa.Column("holder", AnyText, nullable=False),
    sa.Column("fence", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.Double, nullable=False),
    # On whose behalf it is held, and under which epoch (0: none). Nobody's once it was released or revoked.
    sa.Column("region", AnyText, nullable=False, server_default=""),
    sa.Column("epoch", sa.BigInteger, nullable=False, server_default="0"),
)
_SOMEBODYS = leases.c.region != ""
# Rows of leases stay for ever; this index holds the few that a region has now. Renewing one leaves it as it is.
sa.Index("leases_of_regions", leases.c.region, sqlite_where=_SOMEBODYS, postgresql_where=_SOMEBODYS)

intents = sa.Table(
    "intents",
    metadata,
    sa.Column("key", AnyText, primary_key=True),
    sa.Column("request_digest", AnyText, nullable=False),
    sa.Column("resource", AnyText, nullable=False),
    sa.Column("fence", sa.BigInteger, nullable=False),
    sa.Column("intended_at", sa.Double, nullable=False),
)

effects = sa.Table(
    "effects",
    metadata,
    sa.Column("key", AnyText, primary_key=True),
    sa.Column("request_digest", AnyText, nullable=False),
    sa.Column("resource", AnyText, nullable=False),
    sa.Column("holder", AnyText, nullable=False),
    sa.Column("fence", sa.BigInteger, nullable=False),
    sa.Column("result", sa.Text, nullable=False),
    sa.Column("recorded_at", sa.Double, nullable=False),
)

records = sa.Table(
    "records",
    metadata,
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("key", AnyText, nullable=False, unique=True),
    sa.Column("kind", AnyText, nullable=False),
    sa.Column("repo", AnyText, nullable=False),
    sa.Column("pr", AnyText, nullable=False),
    sa.Column("head_sha", AnyText, nullable=False),
    sa.Column("previous_hash", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Index("records_by_pull_request", "repo", "pr", "sequence"),
)

chain_head = sa.Table(
    "chain_head",
    metadata,
    sa.Column("chain", sa.Text, primary_key=True),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
)

checkpoints = sa.Table(
    "checkpoints",
    metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("sequence", sa.BigInteger, nullable=False, unique=True),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("envelope", sa.Text, nullable=False),
)

checkpoint_head = sa.Table(
    "checkpoint_head",
    metadata,
    sa.Column("chain", sa.Text, primary_key=True),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("run_key", AnyText, primary_key=True),
    sa.Column("tenant", AnyText, nullable=False),
    sa.Column("repo", AnyText, nullable=False),
    sa.Column("revision", AnyText, nullable=False),
    sa.Column("environment", AnyText, nullable=False),
    sa.Column("started_at", sa.Double, nullable=False),
)

outcomes = sa.Table(
    "outcomes",
    metadata,
    sa.Column("run_key", AnyText, primary_key=True),
    sa.Column("test_digest", sa.LargeBinary, primary_key=True),
    sa.Column("test", AnyText, nullable=False),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("duration_seconds", sa.Double, nullable=False),
    sa.Column("message", AnyText, nullable=False),
    sa.Column("fence", sa.BigInteger, nullable=False),
)

test_summaries = sa.Table(
    "test_summaries",
    metadata,
    sa.Column("tenant", AnyText, primary_key=True),
    sa.Column("repo", AnyText, primary_key=True),
    sa.Column("test_digest", sa.LargeBinary, primary_key=True),
    sa.Column("test", AnyText, nullable=False),
    *(sa.Column(f"seconds_{age}", sa.Double) for age in range(1, RECENT_DURATIONS + 1)),
    sa.Column("last_failed_at", sa.Double),
    sa.Column("last_failed_revision", AnyText),
    sa.Index("test_summaries_by_failure", "tenant", "repo", "last_failed_at"),
)

night_debts = sa.Table(
    "night_debts",
    metadata,
    sa.Column("tenant", AnyText, primary_key=True),
    sa.Column("repo", AnyText, primary_key=True),
    sa.Column("test_digest", sa.LargeBinary, primary_key=True),
    sa.Column("pull_request", AnyText, primary_key=True),
    sa.Column("test", AnyText, nullable=False),
    sa.Column("owed_at", sa.Double, nullable=False),
    sa.Column("settled_by", AnyText),
)
_UNSETTLED = night_debts.c.settled_by.is_(None)
# Debts are kept when they are settled; this index holds the few that are open.
sa.Index(
    "night_debts_unsettled",
    night_debts.c.tenant,
    night_debts.c.repo,
    night_debts.c.pull_request,
    sqlite_where=_UNSETTLED,
    postgresql_where=_UNSETTLED,
)

escapes = sa.Table(
    "escapes",
    metadata,
    sa.Column("tenant", AnyText, primary_key=True),
    sa.Column("repo", AnyText, primary_key=True),
    sa.Column("pr", AnyText, primary_key=True),
    sa.Column("head_sha", AnyText, primary_key=True),
    sa.Column("test_digest", sa.LargeBinary, primary_key=True),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("found_at", sa.Double, nullable=False),
)

flips = sa.Table(
    "flips",
    metadata,
    sa.Column("tenant", AnyText, primary_key=True),
    sa.Column("repo", AnyText, primary_key=True),
    sa.Column("test_digest", sa.LargeBinary, primary_key=True),
    sa.Column("key", AnyText, primary_key=True),
    sa.Column("test", AnyText, nullable=False),
    sa.Column("revision", AnyText, nullable=False),
    sa.Column("evidence", AnyText, nullable=False),
    sa.Column("on_main", sa.Boolean, nullable=False),
    sa.Column("seen_at", sa.Double, nullable=False),
)

quarantines = sa.Table(
    "quarantines",
    metadata,
    sa.Column("tenant", AnyText, primary_key=True),
    sa.Column("repo", AnyText, primary_key=True),
    sa.Column("test_digest", sa.LargeBinary, primary_key=True),
    sa.Column("key", AnyText, primary_key=True),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("entered_at", sa.Double, nullable=False),
    sa.Column("expires_at", sa.Double, nullable=False),
)

conducted_heads = sa.Table(
    "conducted_heads",
    metadata,
    sa.Column("tenant", AnyText, primary_key=True),
    sa.Column("repo", AnyText, primary_key=True),
    sa.Column("pull_request", AnyText, primary_key=True),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("conducted_at", sa.Double, nullable=False),
)

samples = sa.Table(
    "samples",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("region", AnyText, nullable=False),
    sa.Column("kind", AnyText, nullable=False),
    sa.Column("value", sa.Double, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Index("samples_by_window", "region", "kind", "at"),
)
