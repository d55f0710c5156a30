"""Pull requests as the server lists them, by what their search attributes say, newest first."""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from temporalio.client import WorkflowExecution, WorkflowExecutionStatus
from temporalio.common import SearchAttributeKey

from gateway.connection import Connection, explained
from maestro.errors import BadInput
from workflows import contract

_SAFE_VALUE = re.compile(r"^[A-Za-z0-9._/@<> +-]{1,300}\Z")
"""What can stand between the quotes of a query without ending them."""

CHECK_BYTES = 8


@dataclass(frozen=True)
class Found:
    """A pull request's workflow as the server lists it; attributes that are not set are empty."""

    workflow_id: str
    running: bool
    started_at: datetime
    repo: str
    pr: str
    tenant: str
    phase: str
    decision: str
    region: str
    author: str

    @property
    def head_sha(self) -> str:
        return self.workflow_id.rpartition("/")[2]


@dataclass(frozen=True)
class Filters:
    """What is wanted; empty stands for everything. ``tenants`` is None where every tenant's may be seen."""

    repo: str = ""
    pr: str = ""
    author: str = ""
    region: str = ""
    phase: str = ""
    decision: str = ""
    running: bool | None = None
    tenants: frozenset[str] | None = None

    def query(self) -> str:
        """The list filter in the server's language. Raises BadInput for a value that cannot be searched for."""
        wanted: tuple[tuple[SearchAttributeKey[str], str, str], ...] = (
            (contract.REPO, self.repo, "repo"),
            (contract.PULL_REQUEST, self.pr, "pr"),
            (contract.AUTHOR, self.author, "author"),
            (contract.REGION, self.region, "region"),
            (contract.PHASE, self.phase, "phase"),
            (contract.DECISION, self.decision, "decision"),
        )
        conditions = [f"WorkflowType = '{contract.WORKFLOW}'"]
        conditions += [f"{key.name} = '{_safe(value, name)}'" for key, value, name in wanted if value]
        if self.running is not None:
            conditions.append(f"ExecutionStatus {'=' if self.running else '!='} 'Running'")
        if self.tenants is not None:
            names = ", ".join(f"'{_safe(name, 'tenant')}'" for name in sorted(self.tenants))
            conditions.append(f"{contract.TENANT.name} IN ({names})")
        return " AND ".join(conditions)


@dataclass(frozen=True)
class Page:
    """Some of them; ``cursor`` asks for those that follow, and is empty after the last."""

    items: tuple[Found, ...]
    cursor: str


async def page_of(connection: Connection, filters: Filters, *, limit: int, cursor: str = "") -> Page:
    """At most ``limit`` pull requests, each head once with its newest run. Raises BadInput for a cursor of another
    kind.
    """
    if filters.tenants is not None and not filters.tenants:
        return Page((), "")
    query = filters.query()
    listing = connection.client.list_workflows(query, page_size=limit, next_page_token=_token(cursor, query))
    with explained():
        await listing.fetch_next_page()
    following = listing.next_page_token
    return Page(_once(listing.current_page or ()), _cursor(following, query) if following else "")


def found_of(execution: WorkflowExecution) -> Found:
    """What the list says of one workflow."""
    attributes = execution.typed_search_attributes
    return Found(
        workflow_id=execution.id,
        running=execution.status is WorkflowExecutionStatus.RUNNING,
        started_at=execution.start_time,
        repo=attributes.get(contract.REPO, ""),
        pr=attributes.get(contract.PULL_REQUEST, ""),
        tenant=attributes.get(contract.TENANT, ""),
        phase=attributes.get(contract.PHASE, ""),
        decision=attributes.get(contract.DECISION, ""),
        region=attributes.get(contract.REGION, ""),
        author=attributes.get(contract.AUTHOR, ""),
    )


def _once(executions: Sequence[WorkflowExecution]) -> tuple[Found, ...]:
    newest: dict[str, Found] = {}
    for execution in executions:
        newest.setdefault(execution.id, found_of(execution))
    return tuple(newest.values())


def _cursor(token: bytes, query: str) -> str:
    return base64.urlsafe_b64encode(_check(token, query) + token).decode()


def _token(cursor: str, query: str) -> bytes | None:
    """The server's token in a cursor. One that was damaged, or is of another list, costs the server seconds and ends in
    an error that does not say so; it never gets there.
    """
    if not cursor:
        return None
    try:
        kept = base64.b64decode(cursor, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        kept = b""
    check, token = kept[:CHECK_BYTES], kept[CHECK_BYTES:]
    if not token or check != _check(token, query):
        raise BadInput("this cursor belongs to no such list", field="cursor", fix="take it from `next` of its answer")
    return token


def _check(token: bytes, query: str) -> bytes:
    return hashlib.sha256(query.encode() + b"\0" + token).digest()[:CHECK_BYTES]


def _safe(value: str, name: str) -> str:
    if not _SAFE_VALUE.match(value):
        raise BadInput(f"{value[:100]!r} cannot be searched for", field=name, fix="use letters, digits and . _ / @ + -")
    return value
