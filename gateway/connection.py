"""The way from a command to Temporal: its environment configuration, else the local stack, else the topology."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import quote

from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.service import RPCError, RPCStatusCode

from maestro.config.topology import UI_VARIABLE, Topology, load_topology
from maestro.errors import BadInput, PlatformUnavailable
from maestro.home import ledger_url
from maestro.ledger import Ledger
from workers.clusters.clients import connect_cluster
from workers.connection import connect
from workers.stack import control

CONNECT_SECONDS = 5.0
"""An address that swallows packets must not keep a command waiting."""


PASSING = frozenset(
    {
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.CANCELLED,
        RPCStatusCode.RESOURCE_EXHAUSTED,
        RPCStatusCode.FAILED_PRECONDITION,
    }
)
"""Answers that a restart or a failover mends; the last one says that no worker polls."""


@dataclass
class Connection:
    """A connected client with the topology that holds there. ``ui`` is the web UI's address, empty where unknown;
    ``is_served`` says that a gateway is known to show cards.

    The client is exchanged by ``renew`` when the namespace has moved to another cluster.
    """

    client: Client
    topology: Topology
    ui: str
    is_served: bool = False

    def page(self, workflow_id: str) -> str:
        """The workflow's page in the Temporal UI, or an empty string."""
        if not self.ui:
            return ""
        return f"{self.ui}/namespaces/{self.client.namespace}/workflows/{quote(workflow_id, safe='')}"

    async def renew(self) -> bool:
        """Reach the cluster that acts now, where there are clusters; False where nothing else can be reached yet."""
        if not self.topology.active_clusters():
            return False
        try:
            self.client = await _active(self.topology)
        except PlatformUnavailable:
            return False
        return True


def is_elsewhere() -> bool:
    """Whether ``TEMPORAL_ADDRESS`` or a profile names the server to use, so that no local stack is wanted."""
    try:
        return "target_host" in ClientConfig.load_client_connect_config()
    except RuntimeError as error:
        raise BadInput(
            f"Temporal's environment configuration cannot be used: {error}",
            field="TEMPORAL_PROFILE",
            fix="correct the TEMPORAL_* variables or the file that TEMPORAL_CONFIG_FILE names",
        ) from error


async def reach() -> Connection:
    """Connect. Raises ``PlatformUnavailable`` with the address within a few seconds where nobody answers."""
    topology, ui, is_served = _destination()
    if topology.active_clusters():
        return Connection(await _active(topology), topology, ui, is_served)
    try:
        client = await asyncio.wait_for(connect(topology, runtime=_quiet()), CONNECT_SECONDS)
    except TimeoutError as error:
        raise PlatformUnavailable(
            f"Temporal does not answer within {CONNECT_SECONDS:.0f} s",
            field="TEMPORAL_ADDRESS",
            fix="check the address and the network; for a local stack unset it and say `maestro up`",
        ) from error
    return Connection(client, topology, ui, is_served)


@cache
def _quiet() -> Runtime:
    """Without the client's own lines on every repeated call: a command says itself what it waits for."""
    return Runtime(telemetry=TelemetryConfig(logging=LoggingConfig(TelemetryFilter("ERROR", "ERROR"))))


async def _active(topology: Topology) -> Client:
    """The cluster that the ledger's epoch names; while it does not answer, another one, which forwards what it can."""
    with Ledger.open(ledger_url()) as ledger:
        epoch = await asyncio.to_thread(ledger.epochs.current, topology.temporal.namespace)
    first = epoch.cluster if epoch else topology.home_cluster().name
    names = sorted((cluster.name for cluster in topology.clusters), key=lambda name: name != first)
    problems: list[str] = []
    for name in names:
        try:
            return await asyncio.wait_for(connect_cluster(topology, name, runtime=_quiet()), CONNECT_SECONDS)
        except (TimeoutError, PlatformUnavailable) as error:
            problems.append(f"{name}: {str(error) or 'no answer'}")
    raise PlatformUnavailable(
        f"no cluster answers: {'; '.join(problems)}",
        field="clusters",
        fix="start them with `maestro up --clusters`, and see with `maestro regions status` which one is amiss",
    )


def _destination() -> tuple[Topology, str, bool]:
    if is_elsewhere():
        topology = load_topology()
        return topology, os.environ.get(UI_VARIABLE, ""), bool(topology.gateway.public_url)
    state = control.current()
    if state is None:
        topology = load_topology()
        return topology, f"http://{topology.temporal.host}:{topology.temporal.ui_port}", False
    topology = load_topology(Path(state.topology))
    temporal = topology.temporal.model_copy(update={"address": state.address, "namespace": state.namespace})
    gateway = topology.gateway.model_copy(update={"port": state.gateway_port or topology.gateway.port})
    return topology.model_copy(update={"temporal": temporal, "gateway": gateway}), state.ui, bool(state.gateway)


@contextmanager
def explained() -> Iterator[None]:
    """Turn what Temporal's client raises into errors with a fix."""
    try:
        yield
    except RPCError as error:
        if error.status is RPCStatusCode.INVALID_ARGUMENT and "search attribute" in error.message.lower():
            fix = "create the search attributes of the topology: temporal operator search-attribute create"
        elif error.status in {RPCStatusCode.UNAUTHENTICATED, RPCStatusCode.PERMISSION_DENIED}:
            fix = "check TEMPORAL_API_KEY, the TLS settings and TEMPORAL_NAMESPACE"
        elif error.status is RPCStatusCode.NOT_FOUND:
            raise BadInput(
                f"Temporal knows nothing of it: {error.message}",
                field="PR",
                fix="check TEMPORAL_NAMESPACE, and with `maestro pr list` what is there",
            ) from error
        else:
            fix = "see whether the server and its workers run: `maestro status`, then try again"
        raise PlatformUnavailable(f"Temporal refused or failed: {error.message}", field="temporal", fix=fix) from error
