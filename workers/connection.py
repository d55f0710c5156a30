"""One way to reach Temporal for workers and commands alike: Temporal's own environment configuration, then ours.

Every client converts by pydantic; a client that does not would write payloads that nobody else can read.
"""

import os
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from temporalio.client import Client, Plugin
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.service import RPCError

from maestro.config.topology import Topology
from maestro.errors import PlatformUnavailable

HEARTBEATS_PER_LIMIT = 4
"""Worker heartbeats within the limit after which a region counts as dead, so that one lost message kills nobody."""


def connect_options(topology: Topology) -> dict[str, Any]:
    """Address, namespace, TLS and API key: from ``TEMPORAL_*`` variables or profile, else from the topology."""
    options: dict[str, Any] = {
        "target_host": topology.temporal.address,
        "namespace": topology.temporal.namespace,
    }
    configured = ClientConfig.load_client_connect_config()
    options |= {name: value for name, value in configured.items() if value is not None}
    return options


def worker_runtime(topology: Topology, *, metrics_port: int | None) -> Runtime:
    """The process-wide runtime: Prometheus metrics on loopback, and heartbeats that tell that a worker is alive."""
    metrics = PrometheusConfig(bind_address=f"127.0.0.1:{metrics_port}", durations_as_seconds=True)
    interval = topology.health.heartbeat_age_limit_seconds / HEARTBEATS_PER_LIMIT
    return Runtime(
        telemetry=TelemetryConfig(metrics=metrics if metrics_port else None),
        worker_heartbeat_interval=timedelta(seconds=min(max(interval, 1.0), 60.0)),
    )


async def connect(topology: Topology, *, runtime: Runtime | None = None, identity: str | None = None) -> Client:
    """A connected client. Raises ``PlatformUnavailable`` with the address where nobody answers."""
    options = connect_options(topology)
    try:
        return await Client.connect(
            **options,
            data_converter=pydantic_data_converter,
            plugins=tracing_plugins(),
            runtime=runtime,
            identity=identity,
        )
    except (RPCError, RuntimeError, OSError) as error:
        raise PlatformUnavailable(
            f"Temporal does not answer at {options['target_host']}: {error}",
            field="TEMPORAL_ADDRESS",
            fix="start the local stack with `maestro up`, or set TEMPORAL_ADDRESS to a server that runs",
        ) from error


def tracing_plugins() -> Sequence[Plugin]:
    """OpenTelemetry spans across client, workflow and activity, when an OTLP endpoint is configured."""
    if not any(os.environ.get(f"OTEL_EXPORTER_OTLP_{kind}ENDPOINT") for kind in ("", "TRACES_")):
        return ()
    from temporalio.contrib.opentelemetry import OpenTelemetryPlugin  # noqa: PLC0415 - half a second when unused

    from workers.tracing import install_tracer  # noqa: PLC0415

    install_tracer()
    return (OpenTelemetryPlugin(add_temporal_spans=True),)
