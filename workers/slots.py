"""Slots of a worker that can be retired: what runs goes on to its end, and nothing more is asked for.

A worker that is shut down cancels what still runs after its grace. One whose namespace has moved to another cluster has
to do neither: run to the end what it has, and take nothing more from where it was bound.
"""

import asyncio
import threading

from temporalio.worker import (
    CustomSlotSupplier,
    SlotMarkUsedContext,
    SlotPermit,
    SlotReleaseContext,
    SlotReserveContext,
)


class RetirableSlots(CustomSlotSupplier):
    """``limit`` activities at a time. The SDK calls ``reserve_slot`` on the event loop, the others from its threads."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Condition()
        self._counting = threading.Lock()
        self._reserved = 0
        self._running = 0
        self._retired = False

    async def retire(self) -> None:
        """Let nobody in any more."""
        async with self._changed:
            self._retired = True

    async def idle(self) -> None:
        """Wait until nothing runs. Polls that are still out hold their slots, and do not count."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._running == 0)

    async def reserve_slot(self, ctx: SlotReserveContext) -> SlotPermit:  # noqa: ARG002 - SDK's signature
        async with self._changed:
            await self._changed.wait_for(lambda: not self._retired and self._reserved < self._limit)
            with self._counting:
                self._reserved += 1
        return SlotPermit()

    def try_reserve_slot(self, ctx: SlotReserveContext) -> SlotPermit | None:  # noqa: ARG002 - SDK's signature
        # Eager tasks would pass the region's queue, and with it the other workers of the region.
        return None

    def mark_slot_used(self, ctx: SlotMarkUsedContext) -> None:  # noqa: ARG002 - SDK's signature
        self._change(running=1)

    def release_slot(self, ctx: SlotReleaseContext) -> None:
        self._change(reserved=-1, running=-1 if ctx.slot_info is not None else 0)

    def _change(self, *, reserved: int = 0, running: int = 0) -> None:
        # Counted at once: what has begun must not be taken for idle until the loop has its turn.
        with self._counting:
            self._reserved += reserved
            self._running += running

        async def changed() -> None:
            async with self._changed:
                self._changed.notify_all()

        asyncio.run_coroutine_threadsafe(changed(), self._loop)
