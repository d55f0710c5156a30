"""The rows of the chain of records as links: what each says, and whether it says what was hashed, to the byte."""

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from maestro.canonical import digest_of_bytes
from maestro.ledger.chain import ChainHead, Link
from maestro.ledger.records_exact import ExactRow, exact_rows
from maestro.ledger.schema import chain_head, escaped, records

CHAIN = "decisions"

FILTER_COLUMNS = ("key", "kind", "repo", "pr", "head_sha")
"""What a body says that stands in columns of its own as well, to be searched."""


def links_in(connection: sa.Connection, *, start: int | None = None) -> Iterator[Link]:
    """The links in the order in which they stand, from the number ``start`` on where it is given."""
    nowhere = 0
    for row in exact_rows(connection, records, by=records.c.sequence, start=start):
        stands_at = row.numbers["sequence"]
        if stands_at is None:
            nowhere -= 1  # below every number that a record can have, and no two alike
        yield _link(row, stands_at=nowhere if stands_at is None else stands_at)


def head_of(connection: sa.Connection, heads: sa.Table = chain_head) -> ChainHead | None:
    """The head of a chain as it is stored; None where it is gone or is none."""
    for row in exact_rows(connection, heads, by=heads.c.chain):
        number = row.numbers["sequence"]
        if row.texts["chain"] == CHAIN.encode() and row.typed and number is not None:
            return ChainHead(sequence=number, hash=_shown(row.texts["hash"]))
    return None


def _link(row: ExactRow, *, stands_at: int) -> Link:
    body = row.texts["body"]
    written = _columns_by_body(body)
    sound = row.typed and written is not None and digest_of_bytes(body).encode() == row.texts["hash"]
    said = {} if written is None else {name: text for name, text in written.items() if name != "sequence"}
    return Link(
        stands_at=stands_at,
        written_at=stands_at if written is None else written["sequence"],
        key=_shown(row.texts["key"]),
        hash=_shown(row.texts["hash"]),
        previous_hash=_shown(row.texts["previous_hash"]),
        # The escaped text, not what it reads like: there is one way to write it, and queries look for that one.
        sound=sound and all(row.texts[name] == escaped(text).encode() for name, text in said.items()),
    )


def _columns_by_body(body: bytes) -> dict[str, Any] | None:
    """What the columns beside a body must hold, or None where it is no body of ours."""
    try:
        written = json.loads(body)
        found = {name: written["record"][name] for name in FILTER_COLUMNS}
        found["previous_hash"] = written["previous_hash"]
        number = written["sequence"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if type(number) is not int or not all(isinstance(text, str) for text in found.values()):
        return None
    return {"sequence": number, **found}


def _shown(text: bytes) -> str:
    return text.decode(errors="backslashreplace")
