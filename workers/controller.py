"""The controller process of one region, or of a third place: ``python -m workers.controller --region ID``.

It probes without end, and moves the namespace while it holds the ledger's lease, which one controller has at a time.
"""

import argparse
import asyncio
import os
import signal
import socket
import sys
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import structlog
from temporalio.runtime import Runtime, TelemetryConfig

from maestro.config.topology import Topology, load_topology
from maestro.errors import BadInput, LeaseHeld, LeaseLost, MaestroError, PlatformUnavailable
from maestro.home import ledger_url
from maestro.ledger import Ledger
from maestro.ledger.holding import holding
from maestro.policy.engine import RegorusEngine
from maestro.resources import policies_dir
from workers.control.clusters import Clusters
from workers.control.leading import CONTROLLER, Leader
from workers.control.probing import Prober
from workers.exit import Leave
from workers.logging import configure_logging

ASK_SECONDS = 1.0
"""How often a controller that does not lead asks for the lease."""


async def serve(name: str, *, ready_file: Path | None = None) -> None:
    """Probe and, at times, lead until SIGTERM or SIGINT. ``ready_file`` is written once it does."""
    topology = load_topology()
    if not topology.active_clusters():
        raise BadInput(
            "there is one server, and nothing to fail over to",
            field="temporal.clustered",
            fix="start the clusters with `maestro up --clusters`, or set it where they run already",
        )
    loop = asyncio.get_running_loop()
    working = asyncio.create_task(_work(topology, name, ready_file))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, working.cancel)
    with suppress(asyncio.CancelledError):
        await working


async def _work(topology: Topology, name: str, ready_file: Path | None) -> None:
    actor = f"{CONTROLLER}{name}@{socket.gethostname()}:{os.getpid()}"
    async with AsyncExitStack() as stack:
        ledger = stack.enter_context(Ledger.open(ledger_url()))
        clusters = Clusters(topology, runtime=Runtime(telemetry=TelemetryConfig()), identity=actor)
        prober = Prober(clusters, ledger, name=name, stack=stack)
        policy = RegorusEngine(policies_dir())
        async with asyncio.TaskGroup() as group:
            group.create_task(prober.run())
            if ready_file is not None:
                await asyncio.to_thread(ready_file.write_text, str(os.getpid()), encoding="ascii")
            while True:
                await _term(topology, clusters, ledger, prober, policy, actor)
                await asyncio.sleep(ASK_SECONDS)


async def _term(
    topology: Topology, clusters: Clusters, ledger: Ledger, prober: Prober, policy: RegorusEngine, actor: str
) -> None:
    """Ask for the lease and lead for as long as it lasts."""
    log = structlog.get_logger("workers.control").bind(actor=actor)
    ttl = topology.failover.controller_lease_seconds
    resource = f"controller/{topology.temporal.namespace}"
    try:
        lease = await asyncio.to_thread(ledger.leases.acquire, resource, holder=actor, ttl_seconds=ttl)
    except LeaseHeld:
        return
    except PlatformUnavailable as error:
        log.warning("ledger_unreachable", detail=error.message)
        return
    log.info("leading", fence=lease.fence)
    try:
        async with holding(ledger.leases, lease, ttl_seconds=ttl):
            await Leader(clusters, ledger, prober, policy, lease=lease, name=actor).lead()
    except* LeaseLost as lost:
        log.warning("leads_no_more", detail=str(lost.exceptions[0]))


def main() -> None:
    leave = Leave()
    parser = argparse.ArgumentParser(prog="python -m workers.controller", description=__doc__)
    parser.add_argument("--region", required=True, help="the region that it stands in, or the name of a third place")
    parser.add_argument("--ready-file", type=Path, help="written once it probes")
    arguments = parser.parse_args()
    configure_logging()
    code = 0
    try:
        asyncio.run(serve(arguments.region, ready_file=arguments.ready_file))
    except MaestroError as error:
        sys.stderr.write(f"{error}\n")
        code = error.exit_code
    leave(code)


if __name__ == "__main__":
    main()
