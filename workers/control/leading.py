"""What the controller that holds the lease does: judge the regions, decide, move, take over what moved past it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

import structlog

from maestro.canonical import digest
from maestro.errors import Conflict, PlatformUnavailable, StaleEpoch
from maestro.ledger import Lease, Ledger
from maestro.ledger.failovers import FailoverKind as RecordedKind
from maestro.ledger.failovers import FailoverRow
from maestro.model.conduct import ConductRequest
from maestro.model.region import Epoch
from maestro.policy.engine import PolicyEngine
from maestro.regions.failover import (
    FailoverDecision,
    FailoverKind,
    Outcome,
    PastFailover,
    Situation,
    decide,
    requested,
)
from maestro.regions.rules import rulings
from workers.control.clusters import Clusters
from workers.control.judging import Judge
from workers.control.moving import Mover
from workers.control.probing import Prober

TICK_SECONDS = 1.0
RECENT = 50


class Leader:
    """One term of leadership. ``lead`` returns only by an error, LeaseLost before all."""

    def __init__(
        self, clusters: Clusters, ledger: Ledger, prober: Prober, policy: PolicyEngine, *, lease: Lease, name: str
    ) -> None:
        self._clusters = clusters
        self._topology = clusters.topology
        self._namespace = clusters.topology.temporal.namespace
        self._ledger = ledger
        self._prober = prober
        self._policy = policy
        self._mover = Mover(clusters, ledger, lease, actor=name)
        self._log = structlog.get_logger("workers.control").bind(actor=name)
        self._judge = Judge(clusters.topology, ledger)
        self._said: tuple[str, ...] = ()

    async def lead(self) -> None:
        """Judge, and go on with what an earlier leader did not end, then decide; each once a second, side by side: a
        handover takes seconds, in which the router wants to know how the regions stand.
        """
        await self._judge.begin()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._again(self._judge.judge))
            group.create_task(self._again(self._step))

    async def _again(self, what: Callable[[], Awaitable[None]]) -> None:
        while True:
            begun = time.monotonic()
            try:
                await what()
            except (StaleEpoch, Conflict) as error:
                # Somebody moved between our look and our decision: look again.
                self._log.warning("decision_overtaken", detail=str(error))
            except PlatformUnavailable as error:
                self._log.warning("ledger_unreachable", detail=error.message)
            await asyncio.sleep(max(0.0, TICK_SECONDS - (time.monotonic() - begun)))

    async def _step(self) -> None:
        running = await asyncio.to_thread(self._ledger.failovers.running, self._namespace)
        if running is not None:
            await self._mover.resume(running)
            return
        epoch = await asyncio.to_thread(self._ledger.epochs.current, self._namespace)
        if epoch is None or await self._adopted(epoch):
            return
        asked = await asyncio.to_thread(self._ledger.wishes.take, self._namespace)
        if asked is None and self._is_well(epoch):
            return
        situation = await self._situation(epoch)
        if asked is None:
            decision, by = decide(situation, self._topology.failover), ""
        else:
            by = asked.actor
            decision = requested(
                situation,
                asked.to_cluster,
                kind=FailoverKind(asked.kind),
                limits=self._topology.failover,
                even_if_worse=asked.even_if_worse,
            )
            decision = decision.model_copy(update={"reasons": (f"{by}: {asked.reason}", *decision.reasons)})
            refusal = "; ".join(decision.reasons) if decision.kind is None else ""
            await asyncio.to_thread(self._ledger.wishes.answer, asked.number, refusal)
        self._say(decision)
        await self._mover.begin(decision, epoch, inputs=digest(situation), asked_by=by)

    async def _adopted(self, epoch: Epoch) -> bool:
        """Follow a namespace that was moved by somebody else, or by a request of ours that came late."""
        seen = [one for one in self._prober.seen.values() if one is not None]
        newest = max(seen, key=lambda one: one.failover_version, default=None)
        if newest is None or newest.failover_version <= epoch.version:
            if newest is not None and newest.active_cluster != epoch.cluster and epoch.leaving is None:
                # A forced failover ended while the cluster that it moved to was away: what the ledger says holds.
                await self._clusters.make_active(epoch.cluster, by=epoch.cluster)
            return False
        await self._mover.adopt(epoch, newest)
        return True

    async def _situation(self, epoch: Epoch) -> Situation:
        recent = await asyncio.to_thread(self._ledger.failovers.recent, self._namespace, RECENT)
        starts = await asyncio.to_thread(self._ledger.starts.open, self._namespace)
        tenants = sorted({ConductRequest.model_validate_json(s.request_json).pull_request.tenant for s in starts})
        now = await asyncio.to_thread(self._ledger.now)
        names, states = self._clusters.names, self._judge.states
        return Situation(
            version=epoch.version,
            active=epoch.cluster,
            home=self._topology.home_cluster().name,
            states={
                name: tuple(states[region] for region in self._topology.regions_of(name) if region in states)
                for name in names
            },
            reachable=tuple(name for name, seen in self._prober.seen.items() if seen is not None),
            replication=tuple(self._prober.replication.values()),
            rulings=await asyncio.to_thread(
                rulings, epoch.cluster, names, tenants=tenants, hour=now.hour, policy=self._policy
            ),
            handing_over=epoch.leaving is not None,
            recent=past(recent),
            automatic=self._topology.failover.mode == "automatic",
            now=now.timestamp(),
        )

    def _is_well(self, epoch: Epoch) -> bool:
        """At home and healthy: nothing to decide, which need not be asked of policy every second."""
        regions = self._topology.regions_of(epoch.cluster)
        healthy = all(region in self._judge.states and self._judge.states[region].healthy for region in regions)
        return healthy and epoch.cluster == self._topology.home_cluster().name and epoch.leaving is None

    def _say(self, decision: FailoverDecision) -> None:
        # The other reasons carry figures that change all the time.
        if decision.reasons[:1] != self._said:
            self._said = decision.reasons[:1]
            kind = decision.kind.value if decision.kind else "none"
            self._log.info("decision", kind=kind, cluster=decision.to_cluster, reason="; ".join(decision.reasons))


def past(rows: Sequence[FailoverRow]) -> tuple[PastFailover, ...]:
    """The ended failovers as the decision wants them. One that was made past the controllers was somebody's wish."""
    return tuple(
        PastFailover(
            kind=FailoverKind.PLANNED if row.kind is RecordedKind.PLANNED else FailoverKind.FORCED,
            to_cluster=row.to_cluster,
            ended_at=row.ended_at.timestamp(),
            outcome=Outcome.DONE if row.outcome == "done" else Outcome.FAILED,
            requested=row.kind is RecordedKind.ADOPTED or not row.actor.startswith(CONTROLLER),
        )
        for row in rows
        if row.ended_at is not None
    )


CONTROLLER = "controller "
"""How the name of a controller begins where it acts by itself."""
