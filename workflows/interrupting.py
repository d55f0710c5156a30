"""Work that is given up as soon as something else is wanted."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from temporalio import workflow

ResultT = TypeVar("ResultT")


async def until_interrupted(
    work: Coroutine[Any, Any, ResultT], interrupted: Callable[[], bool]
) -> "asyncio.Task[ResultT]":
    """The task of ``work``, which has ended: by itself, or cancelled because ``interrupted`` became true.

    Nothing may follow before it has really stopped: shards hold worktrees and leases. So a cancellation waits for it as
    well. A workflow that is only taken out of memory waits for nothing.
    """
    task = asyncio.create_task(work)
    interruption = asyncio.create_task(workflow.wait_condition(interrupted))
    try:
        await workflow.wait([task, interruption], return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        await _stop(task, interruption)
        raise
    await _stop(task, interruption)
    return task


async def _stop(task: "asyncio.Task[Any]", interruption: "asyncio.Task[None]") -> None:
    interruption.cancel()
    task.cancel()
    await workflow.wait([task])
