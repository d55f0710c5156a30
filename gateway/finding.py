"""From what a person writes to one pull request's workflow: its id, the beginning of its head, or ``repo/pr``."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from temporalio.client import WorkflowExecution, WorkflowExecutionStatus

from gateway.connection import Connection, explained
from maestro.errors import BadInput
from workflows import contract

SCAN_LIMIT = 5_000
"""Newest pull requests among which the beginning of a head is looked for; no search attribute holds it."""

SHOWN_CANDIDATES = 10

_HEAD = re.compile(r"^[0-9a-f]{4,64}$")
_SAFE_VALUE = re.compile(r"^[A-Za-z0-9._/@<> +-]+$")


@dataclass(frozen=True)
class Found:
    """A pull request's workflow as the server lists it; attributes that are not set are empty."""

    workflow_id: str
    running: bool
    started_at: datetime
    repo: str
    pr: str
    phase: str
    decision: str
    region: str
    author: str

    @property
    def head_sha(self) -> str:
        return self.workflow_id.rpartition("/")[2]


async def find(connection: Connection, text: str) -> str:
    """The id of the one workflow that ``text`` names. ``BadInput`` lists the candidates where there are several."""
    if text.startswith("pr/"):
        return text
    if _HEAD.match(text):
        candidates = [found async for found in listed(connection, limit=SCAN_LIMIT) if found.head_sha.startswith(text)]
    else:
        repo, _, pr = text.rpartition("/")
        candidates = [found async for found in listed(connection, repo=repo, pr=pr)] if repo else []
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


async def listed(
    connection: Connection,
    *,
    repo: str = "",
    pr: str = "",
    phase: str = "",
    decision: str = "",
    limit: int | None = None,
) -> AsyncIterator[Found]:
    """Pull requests that fit, newest first, each head once with its newest run."""
    wanted = {contract.REPO: repo, contract.PULL_REQUEST: pr, contract.PHASE: phase, contract.DECISION: decision}
    conditions = [f"WorkflowType = '{contract.WORKFLOW}'"]
    conditions += [f"{key.name} = '{_safe(value)}'" for key, value in wanted.items() if value]
    seen: set[str] = set()
    with explained():
        async for execution in connection.client.list_workflows(" AND ".join(conditions), limit=limit):
            if execution.id not in seen:
                seen.add(execution.id)
                yield _found(execution)


def _found(execution: WorkflowExecution) -> Found:
    attributes = execution.typed_search_attributes
    return Found(
        workflow_id=execution.id,
        running=execution.status is WorkflowExecutionStatus.RUNNING,
        started_at=execution.start_time,
        repo=attributes.get(contract.REPO, ""),
        pr=attributes.get(contract.PULL_REQUEST, ""),
        phase=attributes.get(contract.PHASE, ""),
        decision=attributes.get(contract.DECISION, ""),
        region=attributes.get(contract.REGION, ""),
        author=attributes.get(contract.AUTHOR, ""),
    )


def _safe(value: str) -> str:
    if not _SAFE_VALUE.match(value):
        raise BadInput(f"{value!r} cannot be searched for", field="filter", fix="use letters, digits and . _ / @ + -")
    return value
