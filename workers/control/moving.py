"""Moves the namespace from one cluster to the other: forced or planned, and to its end also where another controller
began it.

The hazard everywhere: this process may have been frozen since it looked. Every write to the ledger therefore holds the
controller's lease in its transaction. A request to Temporal cannot be fenced so; one that comes late moves the
namespace past the ledger, where its effects are refused until the controllers have taken the move over.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa
import structlog
from temporalio.client import Client, WorkflowFailureError
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

from maestro.canonical import digest
from maestro.errors import PlatformUnavailable
from maestro.ledger import Lease, Ledger
from maestro.ledger.failovers import FailoverKind, FailoverRow
from maestro.ledger.leases import require_valid
from maestro.model.record import DecisionRecord, RecordKind
from maestro.model.region import Epoch
from maestro.regions.failover import FailoverDecision, next_version
from workers.clusters.clients import connect_cluster
from workers.clusters.namespace import SeenNamespace
from workers.control.clusters import Clusters
from workers.control.rescue import rescue

FLIP_PAUSE_SECONDS = 0.2
FLIP_SECONDS = 60.0
SEE_SECONDS = 1.0

HANDOVER_MARGIN_SECONDS = 10.0
"""Beyond Temporal's own limits: after that the handover is not waited for, and a forced failover may follow."""

SILENT_SECONDS = 4.0
"""A cluster that answers nothing for so long in the middle of a handover will not end it."""

SETTLE_SECONDS = 6.0
"""How long what the old cluster gave stays admitted after a planned handover: its last long polls end in 5 s."""

HANDOVER = "handover"
FLIP = "flip"
SETTLE = "settle"
RESCUE = "rescue"

SYSTEM_NAMESPACE = "temporal-system"
HANDOVER_WORKFLOW = "namespace-handover-v2"
HANDOVER_QUEUE = "default-worker-tq"


class Mover:
    """Carries out what was decided, under the controller's lease."""

    def __init__(self, clusters: Clusters, ledger: Ledger, lease: Lease, *, actor: str) -> None:
        self._clusters = clusters
        self._topology = clusters.topology
        self._namespace = clusters.topology.temporal.namespace
        self._ledger = ledger
        self._lease = lease
        self._actor = actor
        self._log = structlog.get_logger("workers.control").bind(actor=actor)

    async def begin(self, decision: FailoverDecision, epoch: Epoch, *, inputs: str, asked_by: str = "") -> None:
        """Raise the epoch with the failover's row and record in one transaction, then carry it out."""
        if decision.kind is None or decision.to_cluster is None:
            return
        to, kind = decision.to_cluster, FailoverKind(decision.kind.value)
        planned = kind is FailoverKind.PLANNED
        version = self._next_version(epoch, to)
        reason = "; ".join(decision.reasons)
        record = self._record(decision, version, inputs, asked_by, at=await asyncio.to_thread(self._ledger.now))

        def also(connection: sa.Connection) -> None:
            require_valid(connection, self._lease)
            number = self._ledger.failovers.begin(
                self._namespace,
                kind,
                from_cluster=epoch.cluster,
                to_cluster=to,
                version=version,
                reason=reason,
                actor=asked_by or self._actor,
                within=connection,
            )
            self._ledger.failovers.step(number, HANDOVER if planned else FLIP, within=connection)
            self._ledger.records.append(self._numbered(record, number), within=connection)

        await asyncio.to_thread(
            self._ledger.epochs.raise_to,
            self._namespace,
            version=version,
            cluster=to,
            reason=reason,
            revoke_regions=() if planned else self._topology.regions_of(epoch.cluster),
            keep_leaving=planned,
            also=also,
        )
        self._log.warning("epoch_raised", cluster=to, epoch=version, kind=decision.kind.value, reason=reason)
        running = await asyncio.to_thread(self._ledger.failovers.running, self._namespace)
        if running is not None:
            await self.resume(running)

    async def resume(self, row: FailoverRow) -> None:
        """Carry a failover on from the step that it stands at, to its end."""
        if row.kind is FailoverKind.PLANNED:
            await self._hand_over(row)
        else:
            await self._flip(row)

    async def adopt(self, epoch: Epoch, seen: SeenNamespace) -> None:
        """Take over a move that was made past the controllers: the ledger follows, and nothing is revoked."""
        reason = f"{seen.active_cluster} was made active past the controllers, under version {seen.failover_version}"
        decision = FailoverDecision(to_cluster=seen.active_cluster, reasons=(reason,))
        at = await asyncio.to_thread(self._ledger.now)
        record = self._record(decision, seen.failover_version, digest(seen), "", at=at)

        def also(connection: sa.Connection) -> None:
            require_valid(connection, self._lease)
            number = self._ledger.failovers.begin(
                self._namespace,
                FailoverKind.ADOPTED,
                from_cluster=epoch.cluster,
                to_cluster=seen.active_cluster,
                version=seen.failover_version,
                reason=reason,
                actor=self._actor,
                within=connection,
            )
            self._ledger.failovers.end(number, "done", within=connection)
            self._ledger.records.append(self._numbered(record, number), within=connection)

        await asyncio.to_thread(
            self._ledger.epochs.raise_to,
            self._namespace,
            version=seen.failover_version,
            cluster=seen.active_cluster,
            reason=reason,
            also=also,
        )
        self._log.warning("epoch_adopted", cluster=seen.active_cluster, epoch=seen.failover_version)
        # Nobody knows whether it lost a tail. No region is left: who lives there works on, under the new epoch.
        client = await self._clusters.client(seen.active_cluster)
        await rescue(self._topology, self._ledger, client, left=(), reason=reason, epoch=seen.failover_version)

    async def _flip(self, row: FailoverRow) -> None:
        """Ask whichever cluster answers, until the namespace is active where the epoch says; then see to the work."""
        by = [row.to_cluster, *(name for name in self._clusters.names if name != row.to_cluster)]
        give_up = time.monotonic() + FLIP_SECONDS
        while not await self._is_active(row):
            if time.monotonic() > give_up:
                # It died, too. The epoch stays; whichever side conducts first is decided for anew.
                await self._end(row, f"failed: {row.to_cluster} does not say that it is active")
                return
            for name in by:
                if await self._clusters.make_active(row.to_cluster, by=name):
                    break
            await asyncio.sleep(FLIP_PAUSE_SECONDS)
        await self._step(row, RESCUE)
        left = self._topology.regions_of(row.from_cluster)
        client = await self._clusters.client(row.to_cluster)
        await rescue(self._topology, self._ledger, client, left=left, reason=row.reason, epoch=row.version)
        await self._end(row, "done")

    async def _hand_over(self, row: FailoverRow) -> None:
        if row.step == HANDOVER:
            problem = await self._handed_over(row)
            if problem:
                await self._withdraw(row, problem)
                return
            await self._step(row, SETTLE)
        await asyncio.sleep(SETTLE_SECONDS)
        await asyncio.to_thread(self._ledger.epochs.settle, self._namespace, also=self._ended(row, "done"))
        self._log.info("handed_over", cluster=row.to_cluster, epoch=row.version)

    async def _handed_over(self, row: FailoverRow) -> str:
        """Run Temporal's own handover, or wait for the one that an earlier controller started; what went wrong.

        What counts is the namespace, not the handover's own answer, which its cluster may not live to give. One whose
        cluster falls silent is not waited for: a forced failover has to follow soon.
        """
        config = self._topology.failover
        limit = config.allowed_lagging_seconds + config.handover_timeout_seconds + HANDOVER_MARGIN_SECONDS
        running = asyncio.create_task(self._temporal_hands_over(row))
        # Since it was begun by whichever controller, or one that dies again and again would never give it up.
        age = (await asyncio.to_thread(self._ledger.now) - row.started_at).total_seconds()
        heard = time.monotonic()
        begun = heard - age
        try:
            while not await self._is_active(row):
                now = time.monotonic()
                if await self._clusters.seen(row.from_cluster, timeout_seconds=SEE_SECONDS):
                    heard = now
                if now - heard > SILENT_SECONDS:
                    return f"{row.from_cluster} has fallen silent"
                if running.done() and running.result():
                    return running.result()
                if now - begun > limit:
                    return f"the namespace did not move within {limit:g} s"
                await asyncio.sleep(FLIP_PAUSE_SECONDS)
        finally:
            running.cancel()
        return ""

    async def _temporal_hands_over(self, row: FailoverRow) -> str:
        """Temporal's handover from its start to its end; what it says went wrong. Never cancelled, never two at once:
        its id is the failover's number.
        """
        config = self._topology.failover
        request = {
            "Namespace": self._namespace,
            "RemoteCluster": row.to_cluster,
            "AllowedLaggingSeconds": config.allowed_lagging_seconds,
            "AllowedLaggingTasks": config.replication_backlog_limit,
            "HandoverTimeoutSeconds": int(config.handover_timeout_seconds),
        }
        try:
            client = await self._system(row.from_cluster)
            handle = await client.start_workflow(
                HANDOVER_WORKFLOW,
                request,
                id=f"maestro-handover-{self._namespace}-{row.number}",
                task_queue=HANDOVER_QUEUE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            )
            await handle.result()
        except WorkflowAlreadyStartedError:
            # An earlier controller's has ended: the namespace tells how.
            return ""
        except (WorkflowFailureError, RPCError, PlatformUnavailable) as error:
            self._log.warning("handover_failed", detail=str(error))
            return f"Temporal's handover failed: {error}"
        return ""

    async def _withdraw(self, row: FailoverRow, problem: str) -> None:
        reason = f"the handover to {row.to_cluster} was given up: {problem}"
        await asyncio.to_thread(
            self._ledger.epochs.withdraw, self._namespace, reason=reason, also=self._ended(row, f"failed: {problem}")
        )
        self._log.warning("handover_withdrawn", cluster=row.to_cluster, detail=problem)

    async def _is_active(self, row: FailoverRow) -> bool:
        """Whether the cluster that takes over knows that it is active (under an older version: it never stopped)."""
        seen = await self._clusters.seen(row.to_cluster, timeout_seconds=SEE_SECONDS)
        return seen is not None and seen.active_cluster == row.to_cluster

    async def _system(self, cluster: str) -> Client:
        temporal = self._topology.temporal.model_copy(update={"namespace": SYSTEM_NAMESPACE})
        topology = self._topology.model_copy(update={"temporal": temporal})
        return await connect_cluster(topology, cluster, runtime=self._clusters.runtime, identity=self._actor)

    async def _step(self, row: FailoverRow, step: str) -> None:
        await asyncio.to_thread(self._ledger.failovers.step, row.number, step, lease=self._lease)

    async def _end(self, row: FailoverRow, outcome: str) -> None:
        await asyncio.to_thread(self._ledger.failovers.end, row.number, outcome, lease=self._lease)
        self._log.warning("failover_ended", cluster=row.to_cluster, epoch=row.version, outcome=outcome)

    def _ended(self, row: FailoverRow, outcome: str) -> Callable[[sa.Connection], None]:
        def also(connection: sa.Connection) -> None:
            require_valid(connection, self._lease)
            self._ledger.failovers.end(row.number, outcome, within=connection)

        return also

    def _next_version(self, epoch: Epoch, to: str) -> int:
        initial = self._topology.cluster(to).initial_failover_version
        return next_version(epoch.version, initial=initial, increment=self._topology.failover.version_increment)

    def _numbered(self, record: DecisionRecord, number: int) -> DecisionRecord:
        # By the number and not by the version, which the next attempt has again when a handover was withdrawn.
        return record.model_copy(update={"key": f"{record.key}/{number}"})

    def _record(
        self, decision: FailoverDecision, version: int, inputs: str, asked_by: str, *, at: datetime
    ) -> DecisionRecord:
        kind = decision.kind.value if decision.kind else "adopted"
        return DecisionRecord(
            key=f"failover/{self._namespace}",
            kind=RecordKind.FAILOVER,
            repo=self._namespace,
            pr="failover",
            head_sha="",
            actor=asked_by or self._actor,
            outcome=f"{kind} to {decision.to_cluster} under {version}",
            reason="; ".join(decision.reasons),
            inputs={"situation": inputs},
            at=at,
        )
