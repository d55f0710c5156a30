"""Rows exactly as they are stored, whatever somebody wrote: the bytes of each text, and whether its type fits.

A reader that trusts the driver can be made to stumble over a byte that is no UTF-8, and misses an escape that nobody
ever wrote, which hides a row from every query and reads like the original.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

BATCH = 500
"""Rows that are in memory at a time."""


@dataclass(frozen=True, slots=True)
class ExactRow:
    """``texts`` by column, as bytes; ``numbers`` by column, None for what is no whole number. ``typed`` is False where
    a column holds what its type cannot be, which SQLite allows.
    """

    texts: dict[str, bytes]
    numbers: dict[str, int | None]
    typed: bool


def exact_rows(
    connection: sa.Connection, table: sa.Table, *, by: sa.Column[Any], start: int | None = None
) -> Iterator[ExactRow]:
    """The rows of a table of texts and whole numbers, in the order of ``by``, from ``start`` on where it is given."""
    dialect = connection.dialect.name
    sqlite = dialect == "sqlite"
    columns = list(table.c)
    query = sa.select(*(_exact(column, dialect) for column in columns)).order_by(by)
    if sqlite:
        query = query.add_columns(*(sa.func.typeof(column) for column in columns))
    if start is not None:
        query = query.where(by >= start)
    with connection.execute(query.execution_options(yield_per=BATCH)) as result:
        for row in result:
            yield _row(columns, row, sqlite=sqlite)


def exact_text(column: sa.Column[Any], dialect: str) -> sa.ColumnElement[Any]:
    """The stored text itself, past its type: bytes on SQLite, where it may be none that can be decoded."""
    return sa.cast(column, sa.LargeBinary) if dialect == "sqlite" else sa.type_coerce(column, sa.Text)


def as_bytes(value: str | bytes | None) -> bytes:
    """What ``exact_text`` selected, on either database."""
    return b"" if value is None else value if isinstance(value, bytes) else value.encode()


def _is_number(column: sa.Column[Any]) -> bool:
    return isinstance(column.type, sa.Integer)


def _exact(column: sa.Column[Any], dialect: str) -> sa.ColumnElement[Any]:
    if _is_number(column):
        # Cast, because a text in its place may be one that the driver cannot decode.
        return sa.cast(column, sa.Integer) if dialect == "sqlite" else column
    return exact_text(column, dialect)


def _row(columns: list[sa.Column[Any]], row: sa.Row[Any], *, sqlite: bool) -> ExactRow:
    texts: dict[str, bytes] = {}
    numbers: dict[str, int | None] = {}
    typed = True
    for place, column in enumerate(columns):
        value = row[place]
        stored = row[len(columns) + place] if sqlite else ("null" if value is None else None)
        fits = stored in {None, "integer" if _is_number(column) else "text"}
        typed = typed and fits
        if _is_number(column):
            numbers[column.name] = value if fits else None
        else:
            texts[column.name] = as_bytes(value)
    return ExactRow(texts=texts, numbers=numbers, typed=typed)
