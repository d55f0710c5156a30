"""Starts the parts of a stack in their order, keeps them running, and ends all of them, however it is asked to.

Order: the Temporal server, then a worker per region and the namespace's schedules; of joined clusters the servers, then
what joins them, then workers and controllers. A part that ends before it was ready once fails the whole stack with the
end of its log; later it is started again after the configured pause.
"""

import asyncio
import os
import signal
from datetime import UTC, datetime

import structlog

from workers.stack.child import SUCCESS, Child, ChildSpec, tail
from workers.stack.parts import parts_of
from workers.stack.plan import StackPlan, part_environment
from workers.stack.state import Part, PartStatus, Process, StackCluster, StackState, StackStatus, write_state

START_SECONDS = 120.0
"""A part that is not ready by then fails the stack: a loaded machine needs ten seconds for a worker."""

WATCH_SECONDS = 0.5
"""How often it is looked whether the process that the stack belongs to is still there."""


class Supervisor:
    """One stack, from its start to its end."""

    def __init__(self, plan: StackPlan) -> None:
        self._plan = plan
        self._log = structlog.get_logger("workers.stack")
        self._environment = part_environment(plan, os.environ)
        self._children: dict[str, Child] = {}
        self._stopping = asyncio.Event()
        self._parts = parts_of(plan)
        self._state = StackState(
            status=StackStatus.STARTING,
            supervisor=Process.current(),
            home=str(plan.home),
            topology=str(plan.topology_path),
            address=plan.address,
            namespace=plan.topology.temporal.namespace,
            ui=plan.ui,
            gateway=plan.gateway,
            gateway_port=plan.gateway_port,
            clusters=_clusters(plan),
            parts=tuple(Part(name=spec.name, log=str(spec.log)) for spec in self._parts.kept),
            started_at=datetime.now(UTC),
        )

    async def run(self) -> StackState:
        """Run until SIGTERM, SIGINT or the end of the owner. The state returned is ``FAILED`` or ``STOPPING``."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        watching = asyncio.create_task(self._watch_owner())
        stopping = asyncio.create_task(self._stopping.wait())
        living = asyncio.create_task(self._live())
        try:
            await asyncio.wait({stopping, living}, return_when=asyncio.FIRST_COMPLETED)
            if living.done():
                living.result()
            if self._state.status is not StackStatus.FAILED:
                self._write(status=StackStatus.STOPPING)
        finally:
            for task in (watching, stopping, living):
                task.cancel()
            await asyncio.wait({watching, stopping, living})
            await self._end()
        return self._state

    async def _live(self) -> None:
        self._write()
        async with asyncio.TaskGroup() as group:
            servers = (self._bring_up(spec, group) for spec in self._parts.servers)
            if not all(await asyncio.gather(*servers)):
                return
            if self._parts.in_order and not await self._prepare():
                return
            # Each of them spends its first seconds on imports.
            rest = [self._bring_up(spec, group) for spec in self._parts.others]
            if not self._parts.in_order:
                rest.append(self._prepare())
            if all(await asyncio.gather(*rest)):
                self._write(status=StackStatus.READY)
                self._log.info("stack_ready", address=self._plan.address, ui=self._plan.ui)

    async def _bring_up(self, spec: ChildSpec, group: asyncio.TaskGroup) -> bool:
        child = await self._start(spec)
        problem = await self._until_ready(child)
        if problem:
            self._fail(spec, problem)
            return False
        group.create_task(self._keep(child))
        return True

    async def _keep(self, child: Child) -> None:
        """Start the part again whenever it ends, for as long as the stack lives."""
        pause = self._plan.topology.stack.restart_after_seconds
        while True:
            how = await child.wait()
            self._log.warning("part_ended", part=child.spec.name, detail=how)
            again = "it stays dead" if pause is None else f"it starts again after {pause:g} s"
            self._note(child.spec, status=PartStatus.DEAD, process=None, detail=f"{how}; {again}")
            if pause is None:
                return
            await asyncio.sleep(pause)
            child = await self._start(child.spec, again=True)
            await self._until_ready(child)

    async def _start(self, spec: ChildSpec, *, again: bool = False) -> Child:
        child = await Child.start(spec, environment=self._environment, folder=self._plan.home)
        self._children[spec.name] = child
        self._log.info("part_started", part=spec.name, pid=child.pid)
        restarts = next(part.restarts for part in self._state.parts if part.name == spec.name) + again
        self._note(
            spec, status=PartStatus.STARTING, process=Process.of(child.pid), restarts=restarts, detail="is starting"
        )
        return child

    async def _until_ready(self, child: Child) -> str:
        """What happened instead of getting ready, or nothing."""
        try:
            ready = await asyncio.wait_for(child.ready(), START_SECONDS)
        except TimeoutError:
            await child.end()
            return f"was not ready within {START_SECONDS:.0f} s"
        if not ready:
            return await child.wait()
        self._note(child.spec, status=PartStatus.READY, detail="")
        return ""

    async def _prepare(self) -> bool:
        spec = self._parts.prepare
        child = await Child.start(spec, environment=self._environment, folder=self._plan.home)
        self._children[spec.name] = child
        how = await self._until_ready(child)
        if how != SUCCESS:
            self._fail(spec, how)
        return how == SUCCESS

    async def _watch_owner(self) -> None:
        if self._plan.while_pid is None:
            return
        owner = Process.of(self._plan.while_pid)
        # No system tells when a process that is not a child ends.
        while owner is not None and owner.find() is not None:  # noqa: ASYNC110
            await asyncio.sleep(WATCH_SECONDS)
        self._log.info("owner_gone", pid=self._plan.while_pid)
        self._stopping.set()

    async def _end(self) -> None:
        """End the workers first, so that they can still tell the server what they leave unfinished."""
        last = {spec.name for spec in self._parts.servers}
        for names in (self._children.keys() - last, self._children.keys() & last):
            for name in names:
                self._log.info("part_stopping", part=name)
            await asyncio.gather(*(self._children[name].end() for name in names))

    def _note(self, spec: ChildSpec, **changes: object) -> None:
        parts = tuple(part.model_copy(update=changes) if part.name == spec.name else part for part in self._state.parts)
        self._write(parts=parts)

    def _write(self, **changes: object) -> None:
        self._state = self._state.model_copy(update=changes)
        try:
            write_state(self._state)
        except OSError as error:
            # A full disk must not end what runs; the next change is written again.
            self._log.error("state_not_written", detail=str(error))

    def _fail(self, spec: ChildSpec, how: str) -> None:
        self._log.error("stack_failed", part=spec.name, detail=how)
        problem = f"{spec.name} {how} while it started\n{tail(spec.log)}"
        self._write(status=StackStatus.FAILED, problem=problem, fix=f"read {spec.log}")
        self._stopping.set()


def _clusters(plan: StackPlan) -> tuple[StackCluster, ...]:
    return tuple(
        StackCluster(
            name=cluster.name,
            address=cluster.address,
            metrics_address=cluster.metrics_address or "",
            started=cluster.started,
        )
        for cluster in plan.topology.active_clusters()
    )
