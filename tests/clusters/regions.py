"""Hurting a whole region of a clustered stack, and seeing from the ledger's file what a pull request has come to."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import psutil

from maestro.ledger import Ledger
from tests.localstack import LocalStack
from workers.stack.state import PartStatus

LIMIT_SECONDS = 120
"""Only so that what never comes fails the test."""

Found = TypeVar("Found")


async def until(ask: Callable[[], Found | None], *, what: str, pause_seconds: float = 0.1) -> Found:
    """What ``ask`` finds at last."""
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            # Other processes are asked, which nothing here can wait for.
            while not (found := await asyncio.to_thread(ask)):  # noqa: ASYNC110
                await asyncio.sleep(pause_seconds)
    except TimeoutError:
        raise AssertionError(f"it did not happen: {what}") from None
    return found


def parts_of(stack: LocalStack, region: str, cluster: str) -> list[psutil.Process]:
    """The processes of a region: its cluster's server, its worker, its controller."""
    alive = stack.processes()
    names = (f"temporal {cluster}", f"worker {region}", f"controller {region}")
    return [alive[name] for name in names if name in alive]


@contextmanager
def nothing_restarts(stack: LocalStack) -> Iterator[None]:
    """Hold the supervisor, so that what dies stays dead for as long as the block runs."""
    supervisor = stack.processes()["supervisor"]
    supervisor.suspend()
    try:
        yield
    finally:
        supervisor.resume()


async def whole(stack: LocalStack, ledger: Ledger) -> None:
    """Wait until every part is ready and every region is judged healthy."""

    def ask() -> bool:
        state, alive = stack.state(), stack.processes()
        ready = all(part.status is PartStatus.READY and part.name in alive for part in state.parts)
        states = ledger.region_states.all()
        return ready and len(states) == 2 and all(one.body["condition"] == "healthy" for one in states)

    await until(ask, what="every part is ready and every region healthy")


async def acts(ledger: Ledger, cluster: str) -> None:
    """Wait until a cluster acts and no failover runs."""

    def ask() -> bool:
        epoch = ledger.epochs.current("maestro")
        settled = epoch is not None and epoch.cluster == cluster and epoch.leaving is None
        return settled and ledger.failovers.running("maestro") is None

    await until(ask, what=f"{cluster} acts")
