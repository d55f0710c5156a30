"""What was read from outside after a drill, as plain data: rows, references, comments and lines, as they were found."""

from pydantic import Field

from maestro.model.base import Model
from workers.drill.acting import Done
from workers.drill.conducting import PullRequestRun, WorkflowRun
from workers.drill.sink import Applied


class LeaseChange(Model):
    """A row of a lease as a change left it, at a moment of the ledger's clock; in the order of the changes."""

    resource: str
    holder: str
    fence: int
    region: str
    epoch: int
    expires_at: float
    at: float


class EpochChange(Model):
    """The epoch as a change left it. ``leaving`` is still admitted."""

    version: int
    cluster: str
    leaving: int | None = None
    at: float


class EffectRow(Model):
    """An effect of the ledger; ``fence`` 0: under no lease."""

    key: str
    resource: str
    fence: int
    recorded_at: float


class RecordRow(Model):
    """A link of the chain of records as it is stored."""

    sequence: int
    kind: str
    key: str
    repo: str
    pr: str
    head_sha: str
    previous_hash: str
    hash: str
    body: str


class MoveRow(Model):
    """A failover of the ledger's table. Moments are the ledger's."""

    kind: str
    from_cluster: str
    to_cluster: str
    version: int
    actor: str
    started_at: float
    ended_at: float | None = None
    outcome: str = ""


class BranchMove(Model):
    """A line of a branch's own log, without that of its creation."""

    old: str
    new: str


class Verdict(Model):
    """A verdict row: which run, which test, and what it is."""

    run_key: str
    test: str
    verdict: str


class Reading(Model):
    """Everything. ``branches`` maps a base branch to its moves, ``tips`` to where it is; ``comments`` a head to the
    keys of the comments on it; ``residency`` a tenant to the regions where it may run (None: anywhere).
    """

    began_at: float
    ended_at: float
    pull_requests: tuple[PullRequestRun, ...] = ()
    workflows: tuple[WorkflowRun, ...] = ()
    faults: tuple[Done, ...] = ()
    applied: tuple[Applied, ...] = ()
    branches: dict[str, tuple[BranchMove, ...]] = Field(default_factory=dict)
    tips: dict[str, str] = Field(default_factory=dict)
    comments: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    verdicts: tuple[Verdict, ...] = ()
    tests: tuple[str, ...] = ()
    leases: tuple[LeaseChange, ...] = ()
    epochs: tuple[EpochChange, ...] = ()
    effects: tuple[EffectRow, ...] = ()
    records: tuple[RecordRow, ...] = ()
    chain_head: tuple[int, str] | None = None
    moves: tuple[MoveRow, ...] = ()
    residency: dict[str, tuple[str, ...] | None] = Field(default_factory=dict)
