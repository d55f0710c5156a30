"""The part of a gateway that follows what has arrived: for as long as the gateway is there, wherever Temporal acts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

import structlog

from gateway.arriving.following import follow, give_up
from gateway.arriving.looking import look
from gateway.arriving.services import ArrivalServices
from gateway.connection import Connection
from maestro.errors import MaestroError

if TYPE_CHECKING:
    from temporalio.worker import Worker

WATCH_SECONDS = 1.0
"""How often it is looked whether the namespace has moved, where there are clusters: one row of the ledger."""

RESTART_SECONDS = 5.0

_log = structlog.get_logger("gateway.arriving")


def arrivals_worker(connection: Connection, services: ArrivalServices) -> "Worker":
    """A worker to run beside the gateway. Any number of gateways may have one each."""
    # Imports every activity, which takes two seconds.
    from workers import arrivals  # noqa: PLC0415
    from workflows.arrival import ArrivalWork  # noqa: PLC0415

    work = ArrivalWork(
        look=partial(look, services), follow=partial(follow, services), give_up=partial(give_up, services)
    )
    return arrivals.arrivals_worker(connection.client, connection.topology, work)


@asynccontextmanager
async def following_arrivals(services: ArrivalServices) -> AsyncIterator[None]:
    """Follow for as long as the block runs; what is under way at its end is finished, or done by the next gateway."""
    stop = asyncio.Event()
    running = asyncio.create_task(_run(services, stop))
    try:
        yield
    finally:
        stop.set()
        await running
        services.close()


async def _run(services: ArrivalServices, stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            async with arrivals_worker(services.connection, services) as worker:
                await _watch(services, worker, stop)
        except Exception as error:  # noqa: BLE001 - a worker that died of anything is started again, and says of what
            _log.error("worker_failed", detail=str(error), exc_info=error)
            await _within(stop, RESTART_SECONDS)
            await services.connection.renew()


async def _watch(services: ArrivalServices, worker: "Worker", stop: asyncio.Event) -> None:
    """Until the end, let the worker take work from the cluster that acts."""
    connection = services.connection
    acting = await _acting_cluster(services)
    while not await _within(stop, WATCH_SECONDS):
        now = await _acting_cluster(services)
        if now != acting and await connection.renew():
            acting = now
        if worker.client is not connection.client:
            worker.client = connection.client


async def _acting_cluster(services: ArrivalServices) -> str:
    """The cluster that the ledger's epoch names; empty where there is one server, or the ledger does not say."""
    topology = services.topology
    if not topology.active_clusters():
        return ""
    try:
        epoch = await asyncio.to_thread(services.ledger.epochs.current, topology.temporal.namespace)
    except MaestroError as error:
        _log.warning("epoch_unknown", detail=error.message)
        return ""
    return epoch.cluster if epoch else ""


async def _within(stop: asyncio.Event, seconds: float) -> bool:
    """Whether it is to stop, waiting that long for it."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return False
    return True
