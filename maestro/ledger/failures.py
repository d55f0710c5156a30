"""What a database's failure means to a person: which part is at fault and what to do, by error code, never by text."""

import psycopg
from sqlalchemy import exc

from maestro.errors import BadInput, MaestroError, PlatformUnavailable

_BUSY_FIX = "try again; if it lasts, end the process that holds the ledger open in a long transaction"
_FULL_FIX = "free space on the ledger's disk, then try again; nothing was half-written"
_READ_ONLY_FIX = "make the ledger's file and folder writable, or point the ledger's url at the primary"
_UNREACHABLE_FIX = "start the database or check host, port and network in the ledger's url, then try again"
_SCHEMA_FIX = "start a worker of this release once (`maestro up`), or restore the tables from a backup"

# Primary codes, https://sqlite.org/rescode.html; an extended code carries its primary code in the low byte.
_SQLITE: dict[int, tuple[str, str]] = {
    3: ("the ledger's file may not be opened by this user", _READ_ONLY_FIX),
    5: ("the ledger is locked by another process", _BUSY_FIX),
    6: ("the ledger is locked by another connection", _BUSY_FIX),
    8: ("the ledger is read-only", _READ_ONLY_FIX),
    10: ("the ledger's disk reports an error", "check the disk; keep a copy of the ledger before repairing anything"),
    11: ("the ledger's file is damaged", "restore the file from a backup; keep the damaged one for inspection"),
    13: ("the ledger's disk is full", _FULL_FIX),
    14: ("the ledger's file cannot be opened", "check that its folder exists and that this user may write there"),
    26: ("the file is not a ledger", "point the ledger's url at another file"),
}

# SQLSTATE classes and codes, longest prefix first, https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRESQL: tuple[tuple[str, str, str], ...] = (
    ("25006", "the ledger's database is read-only", _READ_ONLY_FIX),
    ("25P03", "the database ended a transaction of the ledger that stood still for too long", _BUSY_FIX),
    ("40001", "the ledger lost a race with another transaction", _BUSY_FIX),
    ("40P01", "the ledger lost a race with another transaction", _BUSY_FIX),
    ("42501", "the ledger's user lacks a right", "grant it the tables of the ledger"),
    ("42P01", "the ledger's tables are missing", _SCHEMA_FIX),
    ("53100", "the ledger's disk is full", _FULL_FIX),
    ("53300", "the database has no connection left", "raise max_connections or end idle clients, then try again"),
    ("55P03", "the ledger is locked by another transaction", _BUSY_FIX),
    ("57P", "the ledger's database is shutting down or starting", _UNREACHABLE_FIX),
    ("08", "the ledger's database cannot be reached", _UNREACHABLE_FIX),
)


def explain(error: exc.SQLAlchemyError, *, where: str) -> MaestroError | None:
    """The error that a person can act on, or None where the failure is a defect of ours and must be seen as it is.

    ``where`` names the ledger, without its password.
    """
    if isinstance(error, exc.TimeoutError):
        return PlatformUnavailable(
            "every connection to the ledger is in use", field=where, fix="lower the number of parallel activities"
        )
    if not isinstance(error, exc.DBAPIError):
        return None
    if isinstance(error.orig, psycopg.Error):
        return _explain_postgresql(error, error.orig, where=where)
    code = getattr(error.orig, "sqlite_errorcode", None)
    known = None if code is None else _SQLITE.get(code & 0xFF)
    return None if known is None else PlatformUnavailable(known[0], field=where, fix=known[1])


def _explain_postgresql(error: exc.DBAPIError, cause: psycopg.Error, *, where: str) -> MaestroError | None:
    state = cause.sqlstate
    for prefix, message, fix in _POSTGRESQL:
        if state is not None and state.startswith(prefix):
            return PlatformUnavailable(message, field=where, fix=fix)
    if error.connection_invalidated or (state is None and isinstance(cause, psycopg.OperationalError)):
        # A refused connection carries no SQLSTATE: libpq's own words (no server, no such role or database) say why.
        return PlatformUnavailable(
            f"the ledger's database cannot be reached: {str(cause).strip()}", field=where, fix=_UNREACHABLE_FIX
        )
    return None


def malformed_url(why: str) -> BadInput:
    """The ledger's url cannot be used."""
    return BadInput(why, field="ledger url", fix="use sqlite:////absolute/path.db or postgresql://user@host/database")
