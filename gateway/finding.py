"""From what a person writes to one pull request's workflow: its id, the beginning of its head, or ``repo/pr``."""

import re
from collections.abc import AsyncIterator

from gateway.connection import Connection, explained
from gateway.listing import Filters, Found, found_of
from maestro.errors import BadInput

SCAN_LIMIT = 5_000
"""Newest pull requests among which the beginning of a head is looked for; no search attribute holds it."""

SHOWN_CANDIDATES = 10

_HEAD = re.compile(r"^[0-9a-f]{4,64}$")


async def find(connection: Connection, text: str) -> str:
    """The id of the one workflow that ``text`` names. ``BadInput`` lists the candidates where there are several."""
    if text.startswith("pr/"):
        return text
    if _HEAD.match(text):
        newest = listed(connection, Filters(), limit=SCAN_LIMIT)
        candidates = [found async for found in newest if found.head_sha.startswith(text)]
    else:
        repo, _, pr = text.rpartition("/")
        candidates = [found async for found in listed(connection, Filters(repo=repo, pr=pr))] if repo else []
        candidates = [found for found in candidates if found.running] or candidates[:1]
    match candidates:
        case [only]:
            return only.workflow_id
        case []:
            raise BadInput(
                f"no pull request is known by {text!r}",
                field="PR",
                fix="give a workflow id, at least 4 characters of its head, or repo/pr; `maestro pr list` shows all",
            )
        case _:
            names = "\n".join(f"    {found.workflow_id}" for found in candidates[:SHOWN_CANDIDATES])
            raise BadInput(
                f"{text!r} names {len(candidates)} pull requests:\n{names}",
                field="PR",
                fix="give the whole workflow id",
            )


async def listed(connection: Connection, filters: Filters, *, limit: int | None = None) -> AsyncIterator[Found]:
    """Pull requests that fit, newest first, each head once with its newest run."""
    seen: set[str] = set()
    with explained():
        async for execution in connection.client.list_workflows(filters.query(), limit=limit):
            if execution.id not in seen:
                seen.add(execution.id)
                yield found_of(execution)
