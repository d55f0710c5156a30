"""Statements that are a transaction each: no BEGIN and COMMIT to send, no statement to build, no connection to try out.

What building and checking cost would be more than the write itself on a fast disk.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPIConnection

IDLE_CONNECTIONS = 5
"""Connections that are kept for the next statement; more of them work at a time, and are closed then."""


class Prepared:
    """A statement in the words of one database, compiled once. Its values must be as its columns store them."""

    def __init__(self, statement: sa.ClauseElement, dialect: sa.Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self.text = str(compiled)
        self._order: list[str] | None = getattr(compiled, "positiontup", None)

    def parameters(self, values: Mapping[str, Any]) -> Any:
        """The values as the driver wants them, by place or by name."""
        return values if self._order is None else tuple(values[name] for name in self._order)


class Autocommitting:
    """Connections on which every statement commits by itself. Safe for many threads."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._idle: list[DBAPIConnection] = []

    def first_row(self, prepared: Prepared, values: Mapping[str, Any]) -> Any | None:
        """The first row that the statement returned, or None for none.

        Also None where the connection was lost, so that nobody knows what became of the statement: the caller looks,
        and may repeat only what is the same when it is done twice. Raises SQLAlchemy's errors for everything else.
        """
        connection = self._idle.pop() if self._idle else self._connect()
        try:
            cursor = connection.cursor()
            cursor.execute(prepared.text, prepared.parameters(values))
            rows = cursor.fetchall()  # all: SQLite commits when a statement has said that there is no more
            cursor.close()
        except BaseException as error:
            self._close(connection)
            if not isinstance(error, self._engine.dialect.loaded_dbapi.Error):
                raise
            if self._engine.dialect.is_disconnect(error, connection, None):
                self.close()  # the others were lost with it, most likely
                return None
            raise sa.exc.DBAPIError(prepared.text, None, error) from error
        if len(self._idle) < IDLE_CONNECTIONS:
            self._idle.append(connection)
        else:
            self._close(connection)
        return rows[0] if rows else None

    def close(self) -> None:
        while self._idle:
            self._close(self._idle.pop())

    def _connect(self) -> DBAPIConnection:
        try:
            pooled = self._engine.raw_connection()
        except self._engine.dialect.loaded_dbapi.Error as error:
            raise sa.exc.DBAPIError("connect", None, error) from error
        pooled.detach()  # set up like the others, and ours from here on
        connection = pooled.dbapi_connection
        assert connection is not None, "it was connected just now"  # noqa: S101
        if self._engine.dialect.name == "postgresql":
            connection.autocommit = True
        return connection

    def _close(self, connection: DBAPIConnection) -> None:
        with suppress(self._engine.dialect.loaded_dbapi.Error):
            connection.close()
