"""Runs the canary of each cluster: a workflow in a local namespace, so that it needs neither the global namespace to be
active there nor the other cluster to answer.
"""

import asyncio
import time
from contextlib import AsyncExitStack
from datetime import timedelta

from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from workers.clusters.clients import connect_cluster
from workers.control.clusters import CONNECT_SECONDS, Clusters
from workflows.canary import CanaryWorkflow

RETENTION_DAYS = 1
"""The least that Temporal keeps: a canary is of no interest once it has ended."""

NOBODYS = frozenset({RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED})
"""How a hosted cluster answers whoever wants to make a namespace in it."""


class _NoNamespaceError(Exception):
    """The cluster lets nobody make a namespace, so it cannot have a canary."""


def canary_namespace(namespace: str) -> str:
    return f"{namespace}-canary"


class Canary:
    """The canary of one cluster, run by one controller, on a queue of its own."""

    def __init__(self, clusters: Clusters, cluster: str, *, prober: str, stack: AsyncExitStack) -> None:
        self._clusters = clusters
        self._cluster = cluster
        self._prober = prober
        self._stack = stack
        self._client: Client | None = None

    async def sing(self, *, timeout_seconds: float) -> tuple[float | None, str] | None:
        """Seconds from start to end, or None and what went wrong. None alone for a cluster that can have no canary."""
        begun = time.monotonic()
        try:
            await asyncio.wait_for(self._sing(timeout_seconds), timeout_seconds)
        except _NoNamespaceError:
            return None
        except TimeoutError:
            return None, f"the canary did not end within {timeout_seconds:g} s"
        except Exception as error:  # noqa: BLE001 - whatever keeps it from ending is what the probe is for
            return None, f"the canary failed: {error}"
        return time.monotonic() - begun, ""

    async def _sing(self, timeout_seconds: float) -> None:
        client = self._client or await self._opened()
        await client.execute_workflow(
            CanaryWorkflow.run,
            id=f"canary-{self._prober}",
            task_queue=self._queue,
            id_conflict_policy=WorkflowIDConflictPolicy.TERMINATE_EXISTING,
            execution_timeout=timedelta(seconds=timeout_seconds),
        )

    @property
    def _queue(self) -> str:
        return f"canary-{self._prober}"

    async def _opened(self) -> Client:
        topology = self._clusters.topology
        name = canary_namespace(topology.temporal.namespace)
        client = await self._clusters.client(self._cluster)
        await _ensure(client, name)
        local = topology.model_copy(update={"temporal": topology.temporal.model_copy(update={"namespace": name})})
        own = await asyncio.wait_for(
            connect_cluster(local, self._cluster, runtime=self._clusters.runtime, identity=f"canary@{self._prober}"),
            CONNECT_SECONDS,
        )
        worker = Worker(
            own,
            task_queue=self._queue,
            workflows=[CanaryWorkflow],
            workflow_runner=UnsandboxedWorkflowRunner(),
            # No cache and so no queue of its own: one poll at a time is out, which is what idling costs.
            max_cached_workflows=0,
            max_concurrent_workflow_task_polls=1,
        )
        await self._stack.enter_async_context(worker)
        self._client = own
        return own


async def _ensure(client: Client, namespace: str) -> None:
    request = RegisterNamespaceRequest(namespace=namespace, description="canaries of Maestro's controllers")
    request.workflow_execution_retention_period.FromTimedelta(timedelta(days=RETENTION_DAYS))
    try:
        await client.workflow_service.register_namespace(request)
    except RPCError as error:
        if error.status in NOBODYS:
            raise _NoNamespaceError from error
        if error.status is not RPCStatusCode.ALREADY_EXISTS:
            raise
