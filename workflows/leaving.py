"""Leaving a region that is lost, at once: what runs there is not waited for, and runs again elsewhere.

A worker that was killed or frozen acknowledges no cancellation, and without this a pull request would wait for it until
its heartbeat timeout. The old activity may go on: the ledger lets only one of the two have an effect.
"""

import asyncio
from typing import Any, TypeVar

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from maestro.model.conduct import RegionLeft

ResultT = TypeVar("ResultT")


class RegionGoneError(Exception):
    """What was waited for ran in a region that is given up. It is no failure: run it again, elsewhere."""


class _Race(asyncio.Future[ResultT]):
    """The end of an activity, or the word that its region is gone, whichever comes first.

    Cancelling it cancels the activity and goes on waiting for its end, as when the activity itself was waited for.
    """

    def __init__(self, handle: workflow.ActivityHandle[ResultT]) -> None:
        super().__init__(loop=asyncio.get_running_loop())
        self._handle = handle
        handle.add_done_callback(self._ended)

    def leave(self) -> None:
        if not self.done():
            self.set_exception(RegionGoneError())
            # Its waiter may be cancelled in this very moment and never look.
            self.exception()
            # Asked for and not waited for: a worker that thaws learns that it can stop.
            self._handle.cancel()

    def cancel(self, msg: Any | None = None) -> bool:
        return not self.done() and self._handle.cancel(msg)

    def _ended(self, handle: asyncio.Task[ResultT]) -> None:
        # Asked also where nobody waits any longer, or an error of an activity that was left would be reported as lost.
        error = None if handle.cancelled() else handle.exception()
        if self.done():
            return
        if handle.cancelled():
            super().cancel()
        elif error is not None:
            self.set_exception(error)
        else:
            self.set_result(handle.result())


class Leaving:
    """What a workflow waits for, and which regions it has left.

    ``epochs`` has the newest epoch in which each region was left, ``gone`` the regions that the next placement avoids,
    with the reason; both can be handed over from an earlier run, whose dicts are then kept up to date. ``current`` is
    the region in which the workflow's work runs now, None while it is looked for.
    """

    def __init__(self, epochs: dict[str, int] | None = None, gone: dict[str, str] | None = None) -> None:
        self._epochs = {} if epochs is None else epochs
        self.gone = {} if gone is None else gone
        self.current: str | None = None
        self._waiting: list[tuple[str | None, _Race[Any]]] = []

    async def end_of(self, handle: workflow.ActivityHandle[ResultT], *, region: str | None = None) -> ResultT:
        """The activity's result. ``region`` None: it runs in any of them, so in whichever is left.

        Raises ``RegionGoneError`` as soon as that region is left, and whatever the activity raises.
        """
        race = _Race(handle)
        entry = (region, race)
        self._waiting.append(entry)
        try:
            return await race
        finally:
            self._waiting.remove(entry)

    def leave(self, left: RegionLeft) -> bool:
        """Give up what runs in the region; False where it was left in this epoch already, or in a later one."""
        known = self._epochs.get(left.region)
        if known is not None and known >= left.epoch:
            return False
        self._epochs[left.region] = left.epoch
        if self.current in {None, left.region}:
            self.gone[left.region] = left.reason
        for region, race in tuple(self._waiting):
            if region in {None, left.region}:
                race.leave()
        return True


class LeavesRegions:
    """A workflow that can be told that a region is given up. It makes ``_leaving`` before anything else."""

    _leaving: Leaving

    def region_was_left(self, left: RegionLeft) -> None:
        """Write it down, where there is something to write on."""

    @workflow.signal(name="region_left", description="A region is given up: what runs there runs again elsewhere")
    def region_left(self, left: RegionLeft) -> None:
        if self._leaving.leave(left):
            self.region_was_left(left)
