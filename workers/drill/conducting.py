"""The work of a drill: pull requests by ``maestro pr start``, and the drill's own workflows, a few of each at a time.

Whoever starts something asks until it is taken, and looks until it has ended, as a CI job or a person would.
"""

import asyncio
import itertools
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.service import RPCError, RPCStatusCode

from maestro.config.timings import timings_of
from maestro.errors import MaestroError
from maestro.execution.places import Places
from maestro.execution.resolve import resolve_pull_request
from maestro.ledger import Ledger
from maestro.model.base import Model
from maestro.model.conduct import ConductRequest
from maestro.model.decision import DecisionState
from maestro.model.tests import SelectionMode
from workers.clusters.clients import HERE
from workers.drill.ground import BOUND_TENANT, Ground
from workers.drill.repository import Proposal
from workers.drill.sink import Way
from workers.drill.steps import DrillPlan, queue
from workers.drill.workload import DrillWorkflow
from workers.starting import start_key, start_workflow
from workflows import contract

PULL_REQUESTS_AT_ONCE = 3
WORKFLOWS_AT_ONCE = 3
"""Of each way."""

STEPS = 4

EVERY_NTH_BOUND = 4
"""One pull request in so many belongs to a tenant that may run in one region only."""

REVIEWER = "reviewer@localhost"
"""Who approves what waits for a person, and has run again what was blocked: every pull request of a drill is sound."""

ACTS = {DecisionState.NEEDS_PERSON.value: "approve", DecisionState.BLOCKED.value: "retry"}

RPC_TIMEOUT = timedelta(seconds=3)
LOOK_SECONDS = 0.5

LOST = "NOT_FOUND"
"""The status of a workflow that its cluster knows nothing of."""

SPLIT_STARTS = 2
"""Pull requests, and workflows of each way, that are started on both sides of a split brain."""


class PullRequestRun(Model):
    """A pull request that was started. ``status`` is Temporal's (empty: it was never seen to end), ``decision`` what
    its outcome says; ``reviews`` counts how often somebody had to act on it.
    """

    proposal: Proposal
    workflow_id: str
    started_at: float
    ended_at: float | None = None
    status: str = ""
    decision: str = ""
    reviews: int = 0


class WorkflowRun(Model):
    """A workflow of the drill's own; the same of it. ``starts`` are more than one where a cluster lost it."""

    plan: DrillPlan
    started_at: float
    ended_at: float | None = None
    status: str = ""
    starts: int = 1


@dataclass(frozen=True)
class Seen:
    """How a workflow stands; without a status nobody answered."""

    status: str = ""
    decision: str = ""
    result: Mapping[str, Any] = field(default_factory=dict)

    @property
    def has_ended(self) -> bool:
        return self.status not in {"", LOST, WorkflowExecutionStatus.RUNNING.name}


class Desk:
    """Whoever wants work done. ``begin``, later ``stop`` beginning new work, then ``finished``."""

    def __init__(self, ground: Ground, ledger: Ledger, ways: tuple[Way, ...]) -> None:
        self._ground = ground
        self._ledger = ledger
        self._ways = ways
        self._topology = ground.topology
        self._clients: dict[str, Client] = {}
        # A cluster that is away is no news here.
        self._runtime = Runtime(telemetry=TelemetryConfig(logging=None))
        self._numbers = itertools.count(1)
        self._names = itertools.count(1)
        self._stopping = False
        self._tasks: list[asyncio.Task[None]] = []
        self._making = asyncio.Lock()
        self.pull_requests: dict[str, PullRequestRun] = {}
        self.workflows: dict[str, WorkflowRun] = {}

    def begin(self) -> None:
        """Keep so much of each kind under way."""
        for _ in range(PULL_REQUESTS_AT_ONCE):
            self._tasks.append(asyncio.create_task(self._keep_proposing()))
        for way in self._ways:
            for _ in range(WORKFLOWS_AT_ONCE):
                self._tasks.append(asyncio.create_task(self._keep_stepping(way)))

    def stop(self) -> None:
        """Begin nothing new."""
        self._stopping = True

    async def finished(self, *, patience_seconds: float) -> None:
        """Wait until all that was begun has ended; what has not by then stays as it was seen last."""
        give_up = time.monotonic() + patience_seconds
        pending = set(self._tasks)
        while pending and time.monotonic() < give_up:
            done, pending = await asyncio.wait(pending, timeout=LOOK_SECONDS)
            for task in done:
                task.result()
            # A split brain may have added more.
            pending |= {task for task in self._tasks if not task.done()}
        for task in pending:
            task.cancel()
        if pending:
            await asyncio.wait(pending)

    async def start_on_both_sides(self) -> None:
        """The same pull requests and workflows at each cluster, which answers for itself and asks no other one."""
        for _ in range(SPLIT_STARTS):
            proposal = await self._proposal()
            request = await asyncio.to_thread(self._request, proposal)
            await asyncio.to_thread(
                self._ledger.starts.begin,
                start_key(request),
                self._topology.temporal.namespace,
                request.model_dump_json(),
            )
            await asyncio.gather(*(self._start_here(cluster, request) for cluster in self._clusters()))
            self._follow(proposal, request.pull_request.workflow_id)
            for way in self._ways:
                plan = self._plan(way)
                await asyncio.gather(*(self._step_here(cluster, plan) for cluster in self._clusters()))
                self.workflows[plan.workflow_id] = WorkflowRun(plan=plan, started_at=time.time())
                self._tasks.append(asyncio.create_task(self._until_stepped(plan)))

    async def _keep_proposing(self) -> None:
        while not self._stopping:
            proposal = await self._proposal()
            workflow_id = await self._started(proposal)
            await self._until_decided(self._noted(proposal, workflow_id))

    async def _started(self, proposal: Proposal) -> str:
        while True:
            answer = await self._ground.command(
                *("pr", "start", "--repo", str(self._ground.repository.bare), "--json"),
                *("--base", proposal.base, "--head", proposal.head, "--pr", proposal.pr, "--tenant", proposal.tenant),
                *("--merge", "--comment"),
            )
            if answer.returncode == 0:
                return str(json.loads(answer.stdout)["workflow_id"])
            # Neither cluster answers, or the ledger does not: what a CI job does is to run again.
            await asyncio.sleep(LOOK_SECONDS)

    def _follow(self, proposal: Proposal, workflow_id: str) -> None:
        run = self._noted(proposal, workflow_id)
        self._tasks.append(asyncio.create_task(self._until_decided(run)))

    def _noted(self, proposal: Proposal, workflow_id: str) -> PullRequestRun:
        run = PullRequestRun(proposal=proposal, workflow_id=workflow_id, started_at=time.time())
        self.pull_requests[workflow_id] = run
        return run

    async def _until_decided(self, run: PullRequestRun) -> None:
        """Look until it has ended, and act where it waits for a person. One that a cluster lost is started again by the
        controllers, not here.
        """
        while True:
            seen = await self._seen(run.workflow_id)
            if seen.has_ended:
                decision = str(seen.result.get("decision", {}).get("state", ""))
                run = run.model_copy(update={"ended_at": time.time(), "status": seen.status, "decision": decision})
                self.pull_requests[run.workflow_id] = run
                return
            if seen.decision in ACTS and await self._acted(run, ACTS[seen.decision]):
                run = run.model_copy(update={"reviews": run.reviews + 1})
                self.pull_requests[run.workflow_id] = run
            await asyncio.sleep(LOOK_SECONDS)

    async def _acted(self, run: PullRequestRun, kind: str) -> bool:
        """Act as a reviewer does, under an id by which repeating it acts once."""
        answer = await self._ground.command(
            *("pr", "act", kind, run.workflow_id, "--actor", REVIEWER, "--reason", "a drill"),
            *("--action-id", f"{run.proposal.pr}-{run.reviews}"),
        )
        return answer.returncode == 0

    async def _keep_stepping(self, way: Way) -> None:
        while not self._stopping:
            plan = self._plan(way)
            self.workflows[plan.workflow_id] = WorkflowRun(plan=plan, started_at=time.time())
            await self._step(plan)
            await self._until_stepped(plan)

    async def _until_stepped(self, plan: DrillPlan) -> None:
        """Look until it has ended, and start it again where a cluster lost it, as whoever wants it done would."""
        while True:
            seen = await self._seen(plan.workflow_id)
            run = self.workflows[plan.workflow_id]
            if seen.status == LOST:
                self.workflows[plan.workflow_id] = run.model_copy(update={"starts": run.starts + 1})
                await self._step(plan)
            elif seen.has_ended:
                ended = {"ended_at": time.time(), "status": seen.status}
                self.workflows[plan.workflow_id] = run.model_copy(update=ended)
                return
            await asyncio.sleep(LOOK_SECONDS)

    async def _step(self, plan: DrillPlan) -> None:
        while True:
            with suppress(RPCError, MaestroError, RuntimeError):
                await self._start_plan(await self._active(), plan)
                return
            await asyncio.sleep(LOOK_SECONDS)

    async def _seen(self, workflow_id: str) -> Seen:
        """How a workflow stands where the namespace is active."""
        try:
            handle: WorkflowHandle[Any, Any] = (await self._active()).get_workflow_handle(workflow_id)
            described = await handle.describe(rpc_timeout=RPC_TIMEOUT)
            decision = described.typed_search_attributes.get(contract.DECISION) or ""
            status = described.status.name if described.status else ""
            if described.status is not WorkflowExecutionStatus.COMPLETED:
                return Seen(status, decision)
            result = await handle.result(rpc_timeout=RPC_TIMEOUT)
        except RPCError as error:
            return Seen(LOST if error.status is RPCStatusCode.NOT_FOUND else "")
        except (MaestroError, RuntimeError):
            return Seen()
        return Seen(status, decision, result if isinstance(result, Mapping) else {})

    async def _start_here(self, cluster: str, request: ConductRequest) -> None:
        # Whether a side takes it is its own matter; the ledger has the start.
        with suppress(RPCError, RuntimeError):
            await start_workflow(await self._client(cluster, alone=True), self._topology, request)

    async def _step_here(self, cluster: str, plan: DrillPlan) -> None:
        with suppress(RPCError, RuntimeError):
            await self._start_plan(await self._client(cluster, alone=True), plan)

    async def _start_plan(self, client: Client, plan: DrillPlan) -> None:
        with suppress(WorkflowAlreadyStartedError):
            await client.start_workflow(
                DrillWorkflow.run,
                plan,
                id=plan.workflow_id,
                task_queue=queue(plan.way),
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                rpc_timeout=RPC_TIMEOUT,
            )

    async def _active(self) -> Client:
        epoch = await asyncio.to_thread(self._ledger.epochs.current, self._topology.temporal.namespace)
        return await self._client(epoch.cluster if epoch else self._topology.home_cluster().name)

    async def _client(self, cluster: str, *, alone: bool = False) -> Client:
        """A client of a cluster; ``alone``: its calls are never passed on to the other one."""
        name = f"{cluster}{' alone' if alone else ''}"
        if name not in self._clients:
            self._clients[name] = await Client.connect(
                self._topology.cluster(cluster).address,
                namespace=self._topology.temporal.namespace,
                data_converter=pydantic_data_converter,
                rpc_metadata=HERE if alone else {},
                lazy=True,
                runtime=self._runtime,
            )
        return self._clients[name]

    def _clusters(self) -> tuple[str, ...]:
        return tuple(cluster.name for cluster in self._topology.clusters)

    def _plan(self, way: Way) -> DrillPlan:
        heartbeat = self._topology.run.heartbeat_timeout_seconds
        return DrillPlan(name=f"w{next(self._names)}", steps=STEPS, way=way, heartbeat_timeout_seconds=heartbeat)

    async def _proposal(self) -> Proposal:
        number = next(self._numbers)
        tenant = BOUND_TENANT if number % EVERY_NTH_BOUND == 0 else "default"
        async with self._making:
            return await asyncio.to_thread(self._ground.repository.propose, number, tenant=tenant)

    def _request(self, proposal: Proposal) -> ConductRequest:
        found = resolve_pull_request(
            str(self._ground.repository.bare),
            base=proposal.base,
            head=proposal.head,
            places=Places.under(self._ground.folder / "desk"),
            pr=proposal.pr,
            tenant=proposal.tenant,
        )
        publish = {"base_ref": proposal.base, "publish": ("comment", "merge")}
        return ConductRequest(
            pull_request=found.model_copy(update=publish),
            mode=SelectionMode.STANDARD,
            timings=timings_of(self._topology),
        )
