"""A small drill as it is read where everything held, for tests that spoil one thing in it."""

import hashlib
import json

from workers.drill.acting import Done
from workers.drill.conducting import PullRequestRun, WorkflowRun
from workers.drill.faults import Fault, FaultKind
from workers.drill.repository import CHECKS, Proposal
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
from workers.drill.sink import Applied, Way
from workers.drill.steps import DrillPlan

BASE, HEAD = "b" * 40, "a" * 40

PULL_REQUEST = PullRequestRun(
    proposal=Proposal(number=1, base="base/1", head="head/1", base_sha=BASE, head_sha=HEAD, tenant="nordic"),
    workflow_id=f"pr/repository/drill-1/{HEAD}",
    started_at=101.0,
    ended_at=110.0,
    status="COMPLETED",
    decision="green",
)
RUN_KEY = f"run/repository/drill-1/{HEAD}/0"
SHARD = f"shard/repository/drill-1/{HEAD}/0.0.0"


def applied(way: Way, effect: str, at: float, *, epoch: int = 1) -> Applied:
    return Applied(way=way, effect=effect, key="" if way is Way.PLAIN else effect, region="eu-west", epoch=epoch, at=at)


def lease(fence: int, holder: str, at: float, until: float, *, epoch: int = 1, resource: str = SHARD) -> LeaseChange:
    return LeaseChange(
        resource=resource, holder=holder, fence=fence, region="eu-north", epoch=epoch, expires_at=until, at=at
    )


def chained(*outcomes: str) -> tuple[RecordRow, ...]:
    """Placements in a chain that holds."""
    previous = "sha256:" + "0" * 64
    rows: list[RecordRow] = []
    for sequence, outcome in enumerate(outcomes, start=1):
        key = f"placement/repository/drill-1/{HEAD}/{sequence}"
        record = {"key": key, "outcome": outcome}
        body = json.dumps({"sequence": sequence, "previous_hash": previous, "record": record})
        digest = "sha256:" + hashlib.sha256(body.encode()).hexdigest()
        rows.append(
            RecordRow(
                sequence=sequence,
                kind="placement",
                key=key,
                repo="repository",
                pr="drill-1",
                head_sha=HEAD,
                previous_hash=previous,
                hash=digest,
                body=body,
            )
        )
        previous = digest
    return tuple(rows)


def workflow(way: Way) -> WorkflowRun:
    plan = DrillPlan(name=f"w-{way.value}", steps=2, way=way)
    return WorkflowRun(plan=plan, started_at=101.0, ended_at=115.0, status="COMPLETED")


def sound() -> Reading:
    """One pull request, a workflow of each way, and a forced failover after a server was killed."""
    killed = Fault(number=1, kind=FaultKind.KILL_SERVER, target="eu-north", at_seconds=3.0, duration_seconds=0.0)
    records = chained("eu-north", "eu-north")
    return Reading(
        began_at=100.0,
        ended_at=130.0,
        pull_requests=(PULL_REQUEST,),
        workflows=tuple(workflow(way) for way in Way),
        faults=(Done(fault=killed, target="eu-north", began_at=103.0, ended_at=103.0),),
        applied=tuple(
            applied(way, f"w-{way.value}/{step}", at, epoch=epoch)
            for way in Way
            for step, at, epoch in ((0, 102.0, 1), (1, 112.5, 2))
        ),
        branches={"base/1": (BranchMove(old=BASE, new=HEAD),)},
        tips={"base/1": HEAD},
        comments={HEAD: (f"comment/repository/drill-1/{HEAD}/0.ab",)},
        verdicts=tuple(Verdict(run_key=RUN_KEY, test=test, verdict="pass") for test in CHECKS),
        tests=CHECKS,
        leases=(
            lease(1, "one", 101.0, 106.0),
            lease(1, "one", 103.0, 108.0),
            # Revoked, then taken by somebody else under the new epoch.
            lease(1, "one", 108.0, 108.0),
            lease(2, "two", 109.0, 114.0, epoch=2),
            lease(2, "two", 110.0, 110.0, epoch=2),
        ),
        epochs=(EpochChange(version=1, cluster="north", at=99.0), EpochChange(version=2, cluster="west", at=108.0)),
        effects=(EffectRow(key=SHARD, resource=SHARD, fence=2, recorded_at=109.5),),
        records=records,
        chain_head=(2, records[-1].hash),
        moves=(
            MoveRow(
                kind="forced",
                from_cluster="north",
                to_cluster="west",
                version=2,
                actor="controller eu-west",
                started_at=108.0,
                ended_at=109.0,
                outcome="done",
            ),
        ),
        residency={"nordic": ("eu-north",), "default": None},
    )
