"""Stand-ins for the activities, by name, for tests that are about the order of things and not about effects."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError

from maestro.model.artifact import ArtifactRef
from maestro.model.conduct import (
    ActionRecord,
    CommentRequest,
    DecideRequest,
    Gathered,
    GatherRequest,
    MergeRequest,
    PlaceRequest,
    ReassessRequest,
    ReminderRequest,
    RenderRequest,
    SealRequest,
    SelectRequest,
    ShardRequest,
    StatusRequest,
)
from maestro.model.decision import ActionResult, Decision, DecisionState, Links, Publication, Sealing
from maestro.model.evidence import Bundle, EvidenceSet
from maestro.model.night import NightPlan, NightRequest, NightTaskResult, TraceProbe, TraceRequest, TraceStep
from maestro.model.pull_request import PullRequest
from maestro.model.region import Placement
from maestro.model.tests import Replay, SelectionMode, ShardResult, TestOutcome, TestPlan, TestReport, Verdict
from maestro.model.tracing import FindingKind, Trace

SHA = "a" * 40


def pull_request(**changes: Any) -> PullRequest:
    base = PullRequest(
        repository="/nowhere",
        repo="acme/shop",
        pr="7",
        base_sha="b" * 40,
        head_sha=SHA,
        merge_base_sha="b" * 40,
        title="Round prices once",
        author="ada",
    )
    return base.model_copy(update=changes)


def artifact(name: str = "body") -> ArtifactRef:
    return ArtifactRef(digest="sha256:" + "0" * 64, media_type="application/json", bytes=2, name=name)


def at() -> datetime:
    return datetime.now(UTC)


@dataclass
class Fakes:
    """What the stand-ins answer, and what they were asked. A test changes the answers before it starts."""

    regions: list[str | None] = field(default_factory=lambda: ["eu-north"])
    dead: frozenset[str] = frozenset()
    """Regions without a worker."""
    frozen: frozenset[str] = frozenset()
    """Steps that do not answer in the first region before it thaws, not even to a cancellation."""
    thaw: asyncio.Event = field(default_factory=asyncio.Event)
    stuck: list[str] = field(default_factory=list)
    frozen_region: str = "eu-north"
    failing: list[int] = field(default_factory=list)
    """Failing tests per round of gathering; empty lists mean green."""
    shards: int = 2
    slots: int = 8
    applicable: bool = True
    decide_as: Callable[[DecideRequest], DecisionState] | None = None
    on_select: Callable[[SelectRequest], TestPlan] | None = None
    hold_shards: asyncio.Event | None = None
    hold_replays: asyncio.Event | None = None
    running: int = 0
    most_running: int = 0
    placed: list[PlaceRequest] = field(default_factory=list)
    selected: list[SelectRequest] = field(default_factory=list)
    ran: list[ShardRequest] = field(default_factory=list)
    priorities: list[tuple[ShardRequest, int | None]] = field(default_factory=list)
    cancelled: list[ShardRequest] = field(default_factory=list)
    gathered: list[GatherRequest] = field(default_factory=list)
    decided: list[DecideRequest] = field(default_factory=list)
    rendered: list[RenderRequest] = field(default_factory=list)
    recorded: list[ActionRecord] = field(default_factory=list)
    reminded: list[ReminderRequest] = field(default_factory=list)
    commented: list[CommentRequest] = field(default_factory=list)
    merged: list[MergeRequest] = field(default_factory=list)
    refuse_merge: str = ""
    stated: list[StatusRequest] = field(default_factory=list)
    """The statuses that the forge took, in its order."""
    on_status: Callable[[StatusRequest], Awaitable[None]] | None = None
    """Called before the forge takes one: to fail, or to wait."""
    sealed: list[SealRequest] = field(default_factory=list)
    refuse_seal: str = ""
    hold_seal: asyncio.Event | None = None
    reassessed: list[ReassessRequest] = field(default_factory=list)
    known_actions: dict[str, ActionResult] = field(default_factory=dict)
    """What the ledger has of actions, by their id, whatever a workflow remembers."""
    night: NightPlan = field(default_factory=NightPlan)
    settled: list[NightTaskResult] = field(default_factory=list)
    probes: list[TraceProbe] = field(default_factory=list)
    """What tracing wants to see, one after the other; then it has its findings."""
    traced: list[TraceRequest] = field(default_factory=list)
    trace_fails: bool = False

    async def _in(self, region: str, step: str) -> None:
        if step not in self.frozen or not region.startswith(self.frozen_region):
            return
        self.stuck.append(step)
        while not self.thaw.is_set():
            with suppress(asyncio.CancelledError):
                await self.thaw.wait()

    @activity.defn(name="place")
    async def place(self, request: PlaceRequest) -> Placement:
        self.placed.append(request)
        region = self.regions.pop(0) if len(self.regions) > 1 else self.regions[0]
        reason = f"{region} is cheapest" if region else "no healthy region is allowed"
        return Placement(region=region, reason=reason, slots=self.slots, ordinal=request.ordinal, decided_at=at())

    @activity.defn(name="select")
    async def select(self, request: SelectRequest) -> TestPlan:
        self.selected.append(request)
        await self._in(request.region, "select")
        if self.on_select:
            return self.on_select(request)
        return TestPlan(
            applicable=self.applicable,
            reason="2 tests import the change" if self.applicable else "no test imports the change",
            mode=request.mode,
            round=request.round,
            selected_count=2 if self.applicable else 0,
            shard_count=self.shards if self.applicable else 0,
            body=artifact(),
        )

    @activity.defn(name="run_shard")
    async def run_shard(self, request: ShardRequest) -> ShardResult:
        self.ran.append(request)
        self.priorities.append((request, activity.info().priority.priority_key))
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            return await self._shard(request)
        finally:
            self.running -= 1

    async def _shard(self, request: ShardRequest) -> ShardResult:
        await self._in(request.region, "run_shard")
        hold = self.hold_replays if request.pull_request.pr.endswith(".replay") else self.hold_shards
        if hold is not None:
            try:
                while not hold.is_set():
                    activity.heartbeat()
                    await asyncio.sleep(0.05)
            except asyncio.CancelledError:
                self.cancelled.append(request)
                raise
        return ShardResult(ordinal=request.ordinal, region=request.region)

    @activity.defn(name="gather")
    async def gather(self, request: GatherRequest) -> Gathered:
        self.gathered.append(request)
        await self._in(request.region, "gather")
        failed = self.failing.pop(0) if self.failing else 0
        report = TestReport(
            round=request.plan.round,
            failed_count=failed,
            failed=tuple(TestOutcome(test=f"t{i}", verdict=Verdict.FAIL) for i in range(failed)),
        )
        return Gathered(report=report, evidence=EvidenceSet())

    @activity.defn(name="decide")
    async def decide(self, request: DecideRequest) -> Decision:
        self.decided.append(request)
        return Decision(state=self._state(request), reasons=("because the stand-in says so",))

    def _state(self, request: DecideRequest) -> DecisionState:
        if self.decide_as:
            return self.decide_as(request)
        green = request.problem is None and request.report is not None and request.report.green
        return DecisionState.GREEN if green else DecisionState.BLOCKED

    @activity.defn(name="render")
    async def render(self, request: RenderRequest) -> Links:
        self.rendered.append(request)
        return Links(card_json=artifact("card"))

    @activity.defn(name="reassess")
    async def reassess(self, request: ReassessRequest) -> EvidenceSet:
        self.reassessed.append(request)
        return request.evidence

    @activity.defn(name="seal")
    async def seal(self, request: SealRequest) -> Sealing:
        self.sealed.append(request)
        if self.hold_seal is not None:
            await self.hold_seal.wait()
        if self.refuse_seal:
            raise ApplicationError(self.refuse_seal, type="IntegrityError", non_retryable=True)
        return Sealing(
            done=True, detail="the evidence is sealed", bundle=Bundle(index=artifact("index"), summary=artifact("vsa"))
        )

    @activity.defn(name="record_action")
    async def record_action(self, record: ActionRecord) -> ActionResult:
        self.recorded.append(record)
        return self.known_actions.setdefault(record.action.action_id, record.result)

    @activity.defn(name="remind")
    async def remind(self, request: ReminderRequest) -> None:
        self.reminded.append(request)

    @activity.defn(name="comment")
    async def comment(self, request: CommentRequest) -> Publication:
        self.commented.append(request)
        return Publication(kind="comment", done=True, detail="the head carries the comment", commit="c" * 40)

    @activity.defn(name="merge")
    async def merge(self, request: MergeRequest) -> Publication:
        self.merged.append(request)
        await self._in(request.region, "merge")
        if self.refuse_merge:
            return Publication(kind="merge", done=False, detail=f"not merged: {self.refuse_merge}")
        head_sha = request.pull_request.head_sha
        return Publication(kind="merge", done=True, detail=f"main is at {head_sha[:12]}", commit=head_sha)

    @activity.defn(name="status")
    async def status(self, request: StatusRequest) -> Publication:
        if self.on_status:
            await self.on_status(request)
        self.stated.append(request)
        return Publication(kind="status", done=True, detail=f"version {request.version} is shown")

    @activity.defn(name="plan_night")
    async def plan_night(self, request: NightRequest) -> NightPlan:
        return self.night

    @activity.defn(name="settle")
    async def settle(self, result: NightTaskResult) -> NightTaskResult:
        self.settled.append(result)
        return result

    @activity.defn(name="trace")
    async def trace(self, request: TraceRequest) -> TraceStep:
        self.traced.append(request)
        if self.trace_fails:
            raise ApplicationError("the mirror is damaged", type="IntegrityError", non_retryable=True)
        if len(request.probed) < len(self.probes):
            return TraceStep(subject=artifact("subject"), probe=self.probes[len(request.probed)])
        found = Trace(counts={FindingKind.ESCAPE: 1}, escapes=("t0",), findings=artifact("findings"))
        return TraceStep(subject=artifact("subject"), trace=found)

    def all(self) -> list[Callable[..., Any]]:
        return [
            self.place, self.select, self.run_shard, self.gather, self.decide, self.render, self.record_action,
            self.remind, self.comment, self.status, self.merge, self.plan_night, self.settle, self.trace,
            self.reassess, self.seal,
        ]  # fmt: skip


def needs_person_until_approved(request: DecideRequest) -> DecisionState:
    """The usual rule: a person is needed, an approval is enough, a rejection or the deadline blocks."""
    words = {review.kind for review in request.reviews}
    if "reject" in words or request.expired:
        return DecisionState.BLOCKED
    return DecisionState.GREEN if "approve" in words else DecisionState.NEEDS_PERSON


REPLAY = Replay(reason="its τ is at the tenant's floor of 0.01", tests=artifact("left-out"))


def risky_plan(request: SelectRequest) -> TestPlan:
    """Two tests run, three are left out, and those are wanted after the decision."""
    night = request.only is not None
    return TestPlan(
        applicable=True,
        reason="2 tests import the change",
        mode=request.mode,
        round=request.round,
        selected_count=3 if night else 2,
        left_out_count=0 if night or request.mode is SelectionMode.ALL else 3,
        shard_count=1,
        body=artifact(),
        replay=None if night or request.mode is SelectionMode.ALL else REPLAY,
    )
