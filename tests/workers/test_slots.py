"""Slots that are retired: what runs goes on to its end, and nobody is let in any more."""

import asyncio
from types import SimpleNamespace
from typing import cast

from temporalio.worker import SlotMarkUsedContext, SlotReleaseContext, SlotReserveContext

from workers.slots import RetirableSlots

RESERVE = cast("SlotReserveContext", SimpleNamespace())
USED = cast("SlotMarkUsedContext", SimpleNamespace())
UNUSED = cast("SlotReleaseContext", SimpleNamespace(slot_info=None))
ENDED = cast("SlotReleaseContext", SimpleNamespace(slot_info=SimpleNamespace()))


async def waits(what: asyncio.Task[object]) -> bool:
    """Whether it still waits when everything else that could happen has happened."""
    for _ in range(20):
        await asyncio.sleep(0)
    return not what.done()


def asked(slots: RetirableSlots) -> asyncio.Task[object]:
    return asyncio.create_task(slots.reserve_slot(RESERVE))


async def test_no_more_than_the_limit_is_let_in_until_one_ends() -> None:
    slots = RetirableSlots(2)
    for _ in range(2):
        await slots.reserve_slot(RESERVE)
        slots.mark_slot_used(USED)
    third = asked(slots)
    assert await waits(third)
    slots.release_slot(ENDED)
    await third


async def test_a_poll_that_brought_nothing_gives_its_slot_back() -> None:
    slots = RetirableSlots(1)
    await slots.reserve_slot(RESERVE)
    slots.release_slot(UNUSED)
    await slots.reserve_slot(RESERVE)


async def test_retired_ones_let_nobody_in_also_who_waited_already() -> None:
    slots = RetirableSlots(1)
    await slots.reserve_slot(RESERVE)
    slots.mark_slot_used(USED)
    waiting = asked(slots)
    assert await waits(waiting)
    await slots.retire()
    slots.release_slot(ENDED)
    late = asked(slots)
    assert await waits(waiting)
    assert await waits(late)
    for task in (waiting, late):
        task.cancel()


async def test_they_are_idle_when_what_runs_has_ended() -> None:
    slots = RetirableSlots(3)
    for _ in range(2):
        await slots.reserve_slot(RESERVE)
        slots.mark_slot_used(USED)
    await slots.retire()
    idle: asyncio.Task[object] = asyncio.create_task(slots.idle())
    slots.release_slot(ENDED)
    assert await waits(idle)
    slots.release_slot(ENDED)
    await idle


async def test_polls_that_are_still_out_keep_nobody_from_being_idle() -> None:
    slots = RetirableSlots(2)
    await slots.reserve_slot(RESERVE)
    await slots.retire()
    await slots.idle()
    slots.mark_slot_used(USED)
    idle: asyncio.Task[object] = asyncio.create_task(slots.idle())
    slots.release_slot(ENDED)
    await idle


async def test_the_sdks_threads_may_give_slots_back() -> None:
    slots = RetirableSlots(1)
    await slots.reserve_slot(RESERVE)
    await asyncio.to_thread(slots.mark_slot_used, USED)
    waiting = asked(slots)
    await asyncio.to_thread(slots.release_slot, ENDED)
    await waiting


async def test_no_task_passes_the_regions_queue() -> None:
    assert RetirableSlots(1).try_reserve_slot(RESERVE) is None
