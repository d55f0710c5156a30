"""The processes that a stack is made of: what is started, how it is known to be ready, where its log is."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from maestro.config.clusters import ClusterConfig
from workers.clusters.binary import SERVER, find
from workers.clusters.config import ServerPlan
from workers.clusters.plan import as_yaml, started
from workers.clusters.postgresql import prepare_databases
from workers.stack.child import ChildSpec
from workers.stack.plan import (
    SERVER_GRACE_SECONDS,
    WORKER_GRACE_SECONDS,
    StackPlan,
    region_environment,
    server_command,
)

CONTROLLER_GRACE_SECONDS = 10.0

GATEWAY_GRACE_SECONDS = 15.0
"""Longer than the gateway gives to what it is answering."""

Python = tuple[str, ...]
PYTHON: Python = (sys.executable, "-P", "-m")


@dataclass(frozen=True)
class Parts:
    """The servers come first and end last; ``prepare`` runs once and ends by itself. ``in_order`` says that it has to
    end before the others start: a worker of a namespace that is not there yet ends at once.
    """

    servers: tuple[ChildSpec, ...]
    prepare: ChildSpec
    others: tuple[ChildSpec, ...]
    in_order: bool

    @property
    def kept(self) -> tuple[ChildSpec, ...]:
        """Those that run as long as the stack."""
        return (*self.servers, *self.others)


def parts_of(plan: StackPlan) -> Parts:
    """The parts of a stack; of clusters those servers that are started here, and a controller beside each worker."""
    workers = tuple(_regional(plan, "worker", region.id, WORKER_GRACE_SECONDS) for region in plan.topology.regions)
    if not plan.clustered:
        command = tuple(server_command(plan))
        ready = _accepts(plan.host, plan.port)
        server = ChildSpec("temporal", command, plan.logs / "temporal.log", SERVER_GRACE_SECONDS, ready)
        others = (*workers, *_gateways(plan))
        return Parts((server,), _once(plan, "namespace", "workers.stack.prepare"), others, in_order=False)
    controllers = tuple(
        _regional(plan, "controller", region.id, CONTROLLER_GRACE_SECONDS) for region in plan.topology.regions
    )
    others = (*workers, *controllers, *_gateways(plan))
    return Parts(_servers(plan), _once(plan, "join", "workers.clusters.join"), others, in_order=True)


def prepare_clusters(plan: StackPlan) -> None:
    """Write what the servers and the other parts of a clustered stack read, and make the databases where they are
    elsewhere. Raises ``PlatformUnavailable`` where a database cannot be prepared.
    """
    _write_private(plan.topology_path, as_yaml(plan.topology))
    for server in _server_plans(plan):
        server.write()
    if plan.topology.persistence.kind == "postgresql":
        names = [cluster.name for cluster in started(plan.topology)]
        prepare_databases(plan.topology.persistence, names, _tell)


def _servers(plan: StackPlan) -> tuple[ChildSpec, ...]:
    planned = _server_plans(plan)
    if not planned:
        return ()
    binary = find(SERVER, _tell)
    return tuple(
        ChildSpec(
            f"temporal {server.cluster.name}",
            server.command(binary),
            plan.logs / f"temporal-{server.cluster.name}.log",
            SERVER_GRACE_SECONDS,
            _accepts(server.cluster.host, server.cluster.port),
        )
        for server in planned
    )


def _server_plans(plan: StackPlan) -> list[ServerPlan]:
    def server(cluster: ClusterConfig) -> ServerPlan:
        return ServerPlan(
            cluster=cluster,
            folder=plan.home / "clusters" / cluster.name,
            persistence=plan.topology.persistence,
            version_increment=plan.topology.failover.version_increment,
        )

    return [server(cluster) for cluster in started(plan.topology)]


def _regional(plan: StackPlan, kind: str, region: str, grace_seconds: float) -> ChildSpec:
    ready_file = plan.logs / f"{kind}-{region}.ready"
    module = {"worker": "workers.region", "controller": "workers.controller"}[kind]
    return ChildSpec(
        f"{kind} {region}",
        (*PYTHON, module, "--region", region, "--ready-file", str(ready_file)),
        plan.logs / f"{kind}-{region}.log",
        grace_seconds,
        _writes(ready_file),
        region_environment(region, os.environ),
    )


def _gateways(plan: StackPlan) -> tuple[ChildSpec, ...]:
    if not plan.gateway_port:
        return ()
    ready_file = plan.logs / "gateway.ready"
    command = (*PYTHON, "gateway.web.serve", "--ready-file", str(ready_file))
    return (ChildSpec("gateway", command, plan.logs / "gateway.log", GATEWAY_GRACE_SECONDS, _writes(ready_file)),)


def _writes(ready_file: Path) -> Callable[[int], Awaitable[bool]]:
    def said_by(pid: int) -> bool:
        # The file of an earlier process of this part carries another id.
        return ready_file.exists() and ready_file.read_text(encoding="ascii") == str(pid)

    async def is_ready(pid: int) -> bool:
        return said_by(pid)

    return is_ready


def _once(plan: StackPlan, name: str, module: str) -> ChildSpec:
    async def never(_pid: int) -> bool:
        return False

    return ChildSpec(name, (*PYTHON, module), plan.logs / f"{name}.log", 1.0, never)


def _accepts(host: str, port: int) -> Callable[[int], Awaitable[bool]]:
    async def accepts(_pid: int) -> bool:
        with suppress(OSError):
            _, writer = await asyncio.open_connection(host, port)
            writer.close()
            return True
        return False

    return accepts


def _write_private(path: Path, text: str) -> None:
    """Whole or not at all, for this user only: the address of a database may carry a password."""
    fresh = path.with_suffix(f".{os.getpid()}.tmp")
    fresh.touch(mode=0o600)
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)


def _tell(line: str) -> None:
    structlog.get_logger("workers.stack").info("preparing", detail=line)
