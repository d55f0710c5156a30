"""Does what a schedule says to a ground, each fault at its moment, and notes what was done when."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress

import psutil

from maestro.errors import MaestroError, PlatformUnavailable
from maestro.ledger import Ledger
from maestro.model.base import Model
from maestro.model.region import Epoch
from workers.drill.faults import Fault, FaultKind
from workers.drill.ground import REGIONS, Ground
from workers.drill.proxy import Link

OPERATOR = "drill"
"""Who asks for a failover; controllers act under other names."""

TAKEN_SECONDS = 25.0
"""How long a forced failover may take until the drill thaws the side that was left all the same."""

APART_SECONDS = 2.0
"""How long a thawed cluster does not hear that it was left, while starts come to both sides."""

POLL_SECONDS = 0.2

ALL_PARTS = ("worker", "server", "controller")


class Done(Model):
    """A fault as it was done. Moments are seconds since 1970; ``target`` names a region, a cluster or a link, also
    where the schedule left that to the moment.
    """

    fault: Fault
    target: str
    began_at: float
    ended_at: float
    detail: str = ""


StartBoth = Callable[[], Awaitable[object]]
"""Starts the same things on both sides, of which one has been left."""


class Actor:
    """Carries a schedule out."""

    def __init__(self, ground: Ground, ledger: Ledger, *, start_on_both_sides: StartBoth) -> None:
        self._ground = ground
        self._ledger = ledger
        self._start_on_both_sides = start_on_both_sides
        self._namespace = ground.topology.temporal.namespace
        self.done: list[Done] = []

    async def carry_out(self, faults: Iterable[Fault], *, tell: Callable[[Done], None]) -> None:
        """Each at its moment, however long the ones before last; returns when the last one has ended."""
        begun = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for fault in faults:
                await asyncio.sleep(max(0.0, fault.at_seconds - (time.monotonic() - begun)))
                group.create_task(self._one(fault, tell))

    async def _one(self, fault: Fault, tell: Callable[[Done], None]) -> None:
        began_at = time.time()
        target, detail = await self._do(fault)
        done = Done(fault=fault, target=target, began_at=began_at, ended_at=time.time(), detail=detail)
        self.done.append(done)
        tell(done)

    async def _do(self, fault: Fault) -> tuple[str, str]:
        """What was hurt, and what is worth knowing of it."""
        match fault.kind:
            case FaultKind.SPLIT_BRAIN:
                return await self._split_brain(fault)
            case FaultKind.HANDOVER:
                return await self._hand_over()
            case FaultKind.KILL_IN_HANDOVER:
                return await self._kill_in_handover(fault)
            case _:
                return fault.target, await self._hurt(fault)

    async def _hurt(self, fault: Fault) -> str:
        """What the fault itself says all about."""
        kind, target = fault.kind, fault.target
        if kind in {FaultKind.KILL_WORKER, FaultKind.KILL_SERVER, FaultKind.KILL_CONTROLLER}:
            return self._kill(_part(kind), target)
        if kind is FaultKind.PART_CLUSTERS:
            return await self._hold(self._ground.cluster_links.values(), fault.duration_seconds)
        if kind is FaultKind.PART_LEDGER:
            return await self._hold((self._ground.ledger_links[target],), fault.duration_seconds)
        if kind is FaultKind.SLOW_LEDGER:
            return await self._slow_ledger(fault)
        if kind is FaultKind.CLOCK_STEP:
            return await self._step_clock(fault)
        parts = ALL_PARTS if kind is FaultKind.FREEZE_REGION else (_part(kind),)
        return await self._freeze(parts, target, fault.duration_seconds)

    def _kill(self, part: str, region: str) -> str:
        killed = self._ground.processes(part, region)
        for process in killed:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        return "" if killed else "it was down already"

    async def _freeze(self, parts: Sequence[str], region: str, seconds: float) -> str:
        frozen = self._stop(parts, region)
        try:
            await asyncio.sleep(seconds)
        finally:
            _signal(frozen, signal.SIGCONT)
        return "" if frozen else "it was down already"

    def _stop(self, parts: Sequence[str], region: str) -> list[psutil.Process]:
        frozen = [process for part in parts for process in self._ground.processes(part, region)]
        _signal(frozen, signal.SIGSTOP)
        return frozen

    async def _hold(self, links: Iterable[Link], seconds: float) -> str:
        held = tuple(links)
        for link in held:
            link.hold()
        await asyncio.sleep(seconds)
        for link in held:
            link.pass_on()
        return ""

    async def _slow_ledger(self, fault: Fault) -> str:
        links = self._ground.ledger_links.values()
        for link in links:
            link.slow(fault.amount)
        await asyncio.sleep(fault.duration_seconds)
        for link in links:
            link.quicken()
        return f"{fault.amount * 1000:.0f} ms each way"

    async def _step_clock(self, fault: Fault) -> str:
        file = self._ground.clock(fault.target)
        file.write_text(str(fault.amount), encoding="ascii")
        await asyncio.sleep(fault.duration_seconds)
        file.write_text("0", encoding="ascii")
        return f"{fault.amount:+.0f} s"

    async def _split_brain(self, fault: Fault) -> tuple[str, str]:
        """The active region freezes, is left by force, and thaws where it cannot hear of that while starts come to
        both sides.
        """
        left = await self._epoch()
        region = _region_of(left.cluster)
        frozen = self._stop(ALL_PARTS, region)
        links = self._ground.cluster_links.values()
        try:
            await self._ask("forced", to=_other(left.cluster))
            moved = await self._moved_from(left, least_seconds=fault.duration_seconds)
            for link in links:
                link.hold()
            _signal(frozen, signal.SIGCONT)
            await self._start_on_both_sides()
            await asyncio.sleep(APART_SECONDS)
        finally:
            _signal(frozen, signal.SIGCONT)
            for link in links:
                link.pass_on()
        return region, "" if moved else "it was not left in time"

    async def _hand_over(self) -> tuple[str, str]:
        left = await self._epoch()
        number = await self._ask("planned", to=_other(left.cluster))
        give_up = time.monotonic() + TAKEN_SECONDS
        while time.monotonic() < give_up:
            wish = await asyncio.to_thread(self._ledger.wishes.find, number)
            if wish is not None and wish.refusal is not None:
                return left.cluster, f"refused: {wish.refusal}" if wish.refusal else ""
            await asyncio.sleep(POLL_SECONDS)
        return left.cluster, "no controller took it up"

    async def _kill_in_handover(self, fault: Fault) -> tuple[str, str]:
        """What is killed, follows from the fault's number: the server that is left, the one that takes over, or the
        controllers.
        """
        cluster, refused = await self._hand_over()
        await asyncio.sleep(fault.duration_seconds)
        match fault.number % 3:
            case 0:
                self._kill("server", _region_of(cluster))
                what = "the server that is left"
            case 1:
                self._kill("server", _region_of(_other(cluster)))
                what = "the server that takes over"
            case _:
                for region in REGIONS:
                    self._kill("controller", region)
                what = "both controllers"
        return cluster, "; ".join(filter(None, (f"killed {what}", refused)))

    async def _ask(self, kind: str, *, to: str) -> int:
        return await asyncio.to_thread(
            self._ledger.wishes.ask,
            self._namespace,
            kind,
            to_cluster=to,
            even_if_worse=True,
            actor=OPERATOR,
            reason="a drill",
        )

    async def _moved_from(self, left: Epoch, *, least_seconds: float) -> bool:
        """Wait until the ledger names another cluster and the failover has ended, at least so long; whether it did."""
        begun = time.monotonic()
        moved = False
        while (now := time.monotonic() - begun) < TAKEN_SECONDS and not (moved and now >= least_seconds):
            with suppress(MaestroError):
                epoch = await self._epoch()
                running = await asyncio.to_thread(self._ledger.failovers.running, self._namespace)
                moved = epoch.version > left.version and running is None
            await asyncio.sleep(POLL_SECONDS)
        return moved

    async def _epoch(self) -> Epoch:
        epoch = await asyncio.to_thread(self._ledger.epochs.current, self._namespace)
        if epoch is None:
            raise PlatformUnavailable("the ledger has no epoch", field=self._namespace, fix="start the clusters anew")
        return epoch


def _signal(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def _part(kind: FaultKind) -> str:
    return kind.value.rpartition(" ")[2]


def _region_of(cluster: str) -> str:
    return next(region for region, stands_in in REGIONS.items() if stands_in == cluster)


def _other(cluster: str) -> str:
    return next(other for other in REGIONS.values() if other != cluster)
