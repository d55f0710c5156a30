"""Reads what a drill has left: SQL, git and the sink's lines, past the code that wrote them."""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import yaml
from psycopg.rows import dict_row

from workers.drill.acting import Done
from workers.drill.conducting import PullRequestRun, WorkflowRun
from workers.drill.ground import Ground
from workers.drill.journal import plain
from workers.drill.repository import CHECKS, git
from workers.drill.seen import (
    BranchMove,
    EffectRow,
    EpochChange,
    LeaseChange,
    MoveRow,
    Reading,
    RecordRow,
    Verdict,
)
from workers.drill.sink import Way

NOTES = "refs/notes/maestro"

_COMMENT = re.compile(r"^<!-- maestro key=(?P<key>\S+) ", re.MULTILINE)

ANYWHERE = "*"


def read(
    ground: Ground,
    *,
    began_at: float,
    ended_at: float,
    pull_requests: Sequence[PullRequestRun],
    workflows: Sequence[WorkflowRun],
    faults: Sequence[Done],
) -> Reading:
    """Everything that is there now; what was started and injected is the drill's own memory."""
    bare = ground.repository.bare
    bases = [run.proposal.base for run in pull_requests]
    with psycopg.connect(plain(ground.url), row_factory=dict_row) as ledger:
        rows = _Rows(ledger)
        head = rows.of("SELECT sequence, hash FROM chain_head")
        return Reading(
            began_at=began_at,
            ended_at=ended_at,
            pull_requests=tuple(pull_requests),
            workflows=tuple(workflows),
            faults=tuple(sorted(faults, key=lambda done: done.fault.number)),
            applied=tuple(line for way in Way for line in ground.sink.read(way)),
            branches={base: _moves(bare, base) for base in bases},
            tips={base: git(bare, "rev-parse", f"refs/heads/{base}") for base in bases},
            comments={run.proposal.head_sha: _comments(bare, run.proposal.head_sha) for run in pull_requests},
            verdicts=tuple(Verdict(**row) for row in rows.of("SELECT run_key, test, verdict FROM outcomes")),
            tests=CHECKS,
            leases=tuple(
                LeaseChange(**row)
                for row in rows.of(
                    "SELECT resource, holder, fence, region, epoch, expires_at, at FROM drill_leases ORDER BY number"
                )
            ),
            epochs=tuple(
                EpochChange(**row)
                for row in rows.of("SELECT version, cluster, leaving, at FROM drill_epochs ORDER BY number")
            ),
            effects=tuple(EffectRow(**row) for row in rows.of("SELECT key, resource, fence, recorded_at FROM effects")),
            records=tuple(
                RecordRow(**row)
                for row in rows.of(
                    "SELECT sequence, kind, key, repo, pr, head_sha, previous_hash, hash, body FROM records"
                    " ORDER BY sequence"
                )
            ),
            chain_head=(head[0]["sequence"], head[0]["hash"]) if head else None,
            moves=tuple(
                MoveRow(**row)
                for row in rows.of(
                    "SELECT kind, from_cluster, to_cluster, version, actor, started_at, ended_at, outcome"
                    " FROM failovers ORDER BY number"
                )
            ),
            residency=_residency(ground.folder / "policies" / "tenants" / "data.yaml"),
        )


class _Rows:
    """Rows by SQL. Escapes of the ledger's texts do not occur in what a drill makes."""

    def __init__(self, connection: psycopg.Connection[dict[str, Any]]) -> None:
        self._connection = connection

    def of(self, query: LiteralString) -> list[dict[str, Any]]:
        return self._connection.execute(query).fetchall()


def _moves(bare: Path, branch: str) -> tuple[BranchMove, ...]:
    """From the file of the branch's log: the old and the new commit begin each line."""
    lines = (bare / "logs" / "refs" / "heads" / branch).read_text(encoding="utf-8").splitlines()
    pairs = [line.split(" ", 2)[:2] for line in lines]
    return tuple(BranchMove(old=old, new=new) for old, new in pairs if old.strip("0"))


def _comments(bare: Path, head: str) -> tuple[str, ...]:
    try:
        text = git(bare, "notes", f"--ref={NOTES}", "show", head)
    except subprocess.CalledProcessError:
        # No note.
        return ()
    return tuple(found["key"] for found in _COMMENT.finditer(text))


def _residency(file: Path) -> dict[str, tuple[str, ...] | None]:
    tenants = yaml.safe_load(file.read_text(encoding="utf-8"))
    allowed: dict[str, tuple[str, ...] | None] = {}
    for tenant, rules in tenants.items():
        regions = tuple(rules["residency"]["regions"])
        allowed[tenant] = None if ANYWHERE in regions else regions
    return allowed
