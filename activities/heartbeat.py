"""Heartbeats beside the work: liveness, progress, and the way in which a cancellation reaches an activity."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from temporalio import activity

from maestro.model.progress import Progress


@asynccontextmanager
async def heartbeating(progress: Callable[[], Progress]) -> AsyncIterator[None]:
    """Heartbeat ``progress()`` every second, or faster where the timeout is short, for as long as the block runs."""

    async def beat() -> None:
        timeout = activity.info().heartbeat_timeout
        interval = min(timeout.total_seconds() / 5, 1.0) if timeout else 1.0
        while True:
            activity.heartbeat(progress())
            await asyncio.sleep(interval)

    task = asyncio.create_task(beat())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
