"""A client of one named cluster, whichever the namespace is active in."""

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.runtime import Runtime
from temporalio.service import RPCError

from maestro.config.topology import Topology
from maestro.errors import PlatformUnavailable
from workers.connection import tracing_plugins


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
