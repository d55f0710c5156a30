"""Holding a lease while work runs: it is renewed beside the work, and the work is stopped when it cannot be."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from maestro.errors import LeaseLost, PlatformUnavailable
from maestro.ledger.leases import Lease, Leases

RENEWALS_PER_TTL = 3
"""Two renewals may fail before a lease ends."""


@asynccontextmanager
async def holding(leases: Leases, lease: Lease, *, ttl_seconds: float) -> AsyncIterator[Lease]:
    """Keep ``lease`` for as long as the block runs, then release it.

    Raises LeaseLost out of the block, wherever it waits, when the lease was taken over or the ledger could not be
    reached for as long as the lease lasts: somebody else may be at work then, so nothing may be published.
    """
    work = asyncio.current_task()
    assert work is not None, "a coroutine runs in a task"  # noqa: S101
    lost: list[LeaseLost] = []

    async def renew() -> None:
        lost.append(await _until_lost(leases, lease, ttl_seconds=ttl_seconds))
        work.cancel()

    renewer = asyncio.create_task(renew())
    try:
        yield lease
    except asyncio.CancelledError:
        if not lost:
            raise
        work.uncancel()
        raise lost[0] from None
    finally:
        renewer.cancel()
        await asyncio.wait([renewer])
        if not lost:
            await asyncio.shield(asyncio.to_thread(leases.release, lease))


async def _until_lost(leases: Leases, lease: Lease, *, ttl_seconds: float) -> LeaseLost:
    """Renew again and again; returns once that is over, and why."""
    loop = asyncio.get_running_loop()
    valid_until = loop.time() + ttl_seconds
    while True:
        await asyncio.sleep(ttl_seconds / RENEWALS_PER_TTL)
        asked_at = loop.time()
        try:
            # Of a ledger that is cut off there may come no answer and no error either. Whoever slept through the end
            # asks all the same: the ledger knows why the lease is lost.
            async with asyncio.timeout_at(max(valid_until, asked_at + ttl_seconds / RENEWALS_PER_TTL)):
                await asyncio.to_thread(leases.renew, lease, ttl_seconds=ttl_seconds)
            valid_until = asked_at + ttl_seconds
        except LeaseLost as error:
            return error
        except TimeoutError:
            return LeaseLost("it could not be renewed: the ledger does not answer", field=lease.resource)
        except PlatformUnavailable as error:
            if loop.time() >= valid_until:
                return LeaseLost(f"it could not be renewed: {error.message}", field=lease.resource)
