"""On whose behalf an activity acts: the region of its worker, and the epoch under which its task was given.

A worker refuses a task of an epoch that the ledger no longer admits, even while the cluster that gave it still believes
that it is active: a frozen cluster that thaws hands out tasks which have long been done elsewhere.
"""

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from maestro.ledger import Ledger
from maestro.ledger.epochs import stale_epoch
from maestro.model.region import Standing

_STANDING: ContextVar[Standing | None] = ContextVar("standing", default=None)


def current_standing() -> Standing:
    """The standing of the activity that runs; one without region and epoch outside of a worker."""
    return _STANDING.get() or Standing()


class StandingInterceptor(Interceptor):
    """For a worker that is bound to one cluster under one epoch; or, where ``standing`` is asked each time, for local
    activities: the task that they belong to is reported to whichever cluster acts, so they act under its epoch.
    """

    def __init__(self, ledger: Ledger, standing: Standing | Callable[[], Standing]) -> None:
        self._ledger = ledger
        self._standing: Callable[[], Standing] = standing if callable(standing) else lambda: standing

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - SDK
        return _Standing(next, self._ledger, self._standing)


class _Standing(ActivityInboundInterceptor):
    def __init__(self, following: ActivityInboundInterceptor, ledger: Ledger, standing: Callable[[], Standing]) -> None:
        super().__init__(following)
        self._ledger = ledger
        self._standing = standing

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 - SDK's signature
        standing = self._standing()
        if standing.epoch is not None:
            epoch = await asyncio.to_thread(self._ledger.epochs.current, standing.namespace)
            if epoch is None or not epoch.admits(standing.epoch):
                raise stale_epoch(standing, epoch)
        token = _STANDING.set(standing)
        try:
            return await super().execute_activity(input)
        finally:
            _STANDING.reset(token)
