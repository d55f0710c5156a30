"""A client of one named cluster, whichever the namespace is active in."""

import asyncio
from contextlib import suppress
from datetime import timedelta

from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.runtime import Runtime
from temporalio.service import RPCError

from maestro.config.topology import Topology
from maestro.errors import PlatformUnavailable
from workers.connection import tracing_plugins

HERE = {"xdc-redirection": "false"}
"""The cluster that is asked answers itself, and does not pass the question on to where the namespace is active."""

SERVES_SECONDS = 5.0
ANSWER_TIMEOUT = timedelta(seconds=0.5)
PAUSE_SECONDS = 0.1


async def connect_cluster(
    topology: Topology, cluster: str, *, runtime: Runtime | None = None, identity: str | None = None
) -> Client:
    """A connected client of the cluster's own frontend.

    Its calls are forwarded to where the namespace is active, unless one says ``rpc_metadata={"xdc-redirection":
    "false"}``. Raises ``BadInput`` for a cluster that there is not or a key that is not set, ``PlatformUnavailable``
    with the address where nobody answers.
    """
    config = topology.cluster(cluster)
    try:
        return await Client.connect(
            config.address,
            namespace=topology.temporal.namespace,
            api_key=config.api_key(),
            # Without it an API key alone would switch TLS on.
            tls=config.tls,
            data_converter=pydantic_data_converter,
            plugins=tracing_plugins(),
            runtime=runtime,
            identity=identity,
        )
    except (RPCError, RuntimeError, OSError) as error:
        raise PlatformUnavailable(
            f"the cluster {cluster} does not answer at {config.address}: {error}",
            field=f"clusters.{cluster}.address",
            fix="start the clusters with `maestro up --clusters`, or correct the address of one that runs elsewhere",
        ) from error


async def serves(client: Client, task_queue: str) -> bool:
    """Wait until the client's cluster answers by itself; False where it does not within some seconds.

    For a second after a failover its frontend may still forward to the cluster that was left, and a poll that is
    forwarded to a frozen one is lost for a minute.
    """
    request = DescribeTaskQueueRequest(namespace=client.namespace, task_queue=TaskQueue(name=task_queue))
    loop = asyncio.get_running_loop()
    give_up = loop.time() + SERVES_SECONDS
    while loop.time() < give_up:
        with suppress(RPCError):
            await client.workflow_service.describe_task_queue(request, timeout=ANSWER_TIMEOUT)
            return True
        await asyncio.sleep(PAUSE_SECONDS)
    return False
