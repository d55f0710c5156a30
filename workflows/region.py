"""Region-bound work inside a workflow: place, run activities on the region's queue, place again when it is lost.

A region counts as lost when an activity waited for a worker longer than its schedule-to-start timeout, and when the
workflow is told so. What had been finished stays finished: shards resume from the ledger, wherever they land.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, TimeoutType
from temporalio.exceptions import TimeoutError as TemporalTimeoutError

with workflow.unsafe.imports_passed_through():
    from activities.placement import PlacementActivities
    from maestro.model.base import Model
    from maestro.model.conduct import PlaceRequest, Timings
    from maestro.model.pull_request import PullRequest
    from maestro.model.region import Placement, region_task_queue
    from maestro.model.tests import Problem
    from workflows.leaving import Leaving, RegionGoneError

RequestT = TypeVar("RequestT", bound=Model)
ResultT = TypeVar("ResultT", bound=Model)

PATIENT = RetryPolicy(
    initial_interval=timedelta(seconds=1), backoff_coefficient=2.0, maximum_interval=timedelta(seconds=60)
)
"""Infrastructure comes back: retry until the schedule-to-close budget is spent. Bad input is not retried at all."""

BUDGET_FACTOR = 3
"""The schedule-to-close budget of an activity, in start-to-close timeouts: room for two lost workers."""


class NoRegionError(Exception):
    """No healthy and allowed region was found before the deadline; the message is the placement's reason."""


def problem_of(error: ActivityError) -> Problem:
    """What made an activity fail for good, in the words of whoever raised it."""
    cause = error.cause
    if isinstance(cause, ApplicationError):
        details = cause.details[0] if cause.details and isinstance(cause.details[0], dict) else {}
        return Problem(kind=cause.type or "Failure", message=cause.message, fix=str(details.get("fix", "")))
    return Problem(
        kind=type(cause).__name__ if cause else "Failure",
        message=f"{error.activity_type} did not finish: {cause or error}",
        fix="look at the activity's attempts in the Temporal UI, then retry",
    )


def is_region_lost(error: ActivityError) -> bool:
    """Nobody took the task: the region has no worker that is alive, or none that is free."""
    return isinstance(error.cause, TemporalTimeoutError) and error.cause.type == TimeoutType.SCHEDULE_TO_START


class RegionRunner:
    """Where one pull request runs. ``placed`` is told of each placement, and of the waiting for one.

    ``placement`` and ``ordinal`` (the number of placements made) can be handed over from an earlier run. ``leaving`` is
    what the workflow's signal tells of regions that are given up.
    """

    def __init__(
        self,
        pull_request: PullRequest,
        timings: Timings,
        *,
        placed: Callable[[Placement], None],
        placement: Placement | None = None,
        ordinal: int = 0,
        priority: Priority = Priority.default,
        leaving: Leaving | None = None,
    ) -> None:
        self._pull_request = pull_request
        self._timings = timings
        self._placed = placed
        self._placement = placement
        self._ordinal = ordinal
        self._priority = priority
        self._leaving = leaving or Leaving()
        self._leaving.current = placement.region if placement else None
        # Shards run side by side and may all find their region lost at once: only the first places again.
        self._lock = asyncio.Lock()

    @property
    def placement(self) -> Placement:
        """The newest placement. Raises ``NoRegionError`` before there is one."""
        if self._placement is None:
            raise NoRegionError("the pull request was never placed")
        return self._placement

    async def region(self) -> str:
        """The region to work in now; places first where there is none. Raises ``NoRegionError`` at the deadline."""
        async with self._lock:
            region = self._placement.region if self._placement else None
            if region is None or region in self._leaving.gone:
                await self._place(lost={})
            return self._current()

    async def execute(
        self,
        activity: Callable[[Any, RequestT], Awaitable[ResultT]],
        request_in: Callable[[str], RequestT],
        *,
        timeout_seconds: float,
        summary: str,
        queue: Callable[[str], str] = region_task_queue,
    ) -> ResultT:
        """Run an activity in the pull request's region, and again in the next one when the region is lost.

        ``request_in`` builds the request for a region, ``queue`` names the region's queue for it. Raises
        ``ActivityError`` for what no other region would mend.
        """
        patience = self._timings.schedule_to_start_timeout_seconds
        while True:
            region = await self.region()
            try:
                handle = workflow.start_activity_method(
                    activity,
                    request_in(region),
                    task_queue=queue(region),
                    start_to_close_timeout=timedelta(seconds=timeout_seconds),
                    schedule_to_close_timeout=timedelta(seconds=timeout_seconds * BUDGET_FACTOR),
                    schedule_to_start_timeout=timedelta(seconds=patience),
                    heartbeat_timeout=timedelta(seconds=self._timings.heartbeat_timeout_seconds),
                    retry_policy=PATIENT,
                    cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
                    priority=self._priority,
                    summary=f"{summary} in {region}",
                )
                result = await self._leaving.end_of(handle, region=region)
            except RegionGoneError:
                _heed_cancellation()
            except ActivityError as error:
                if not is_region_lost(error):
                    raise
                await self._leave(region, f"no worker of {region} took “{summary}” within {patience:.0f} s")
                # A region that is only busy is chosen again; waiting longer each time keeps a backlog from churning.
                patience *= 2
            else:
                _heed_cancellation()
                return result

    async def _leave(self, region: str, reason: str) -> None:
        async with self._lock:
            if self._current() == region:
                await self._place(lost={region: reason})

    def _current(self) -> str:
        if self.placement.region is None:
            raise NoRegionError(self.placement.reason)
        return self.placement.region

    async def _place(self, *, lost: dict[str, str]) -> None:
        deadline = workflow.now() + timedelta(seconds=self._timings.placement_deadline_seconds)
        wait_seconds = 0.0
        self._leaving.current = None
        while True:
            handle = workflow.start_activity_method(
                PlacementActivities.place,
                PlaceRequest(
                    pull_request=self._pull_request,
                    ordinal=self._ordinal,
                    lost=lost | self._leaving.gone,
                    wait_seconds=wait_seconds,
                ),
                start_to_close_timeout=timedelta(seconds=wait_seconds + self._timings.prepare_timeout_seconds),
                heartbeat_timeout=timedelta(seconds=self._timings.heartbeat_timeout_seconds),
                retry_policy=PATIENT,
                cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
                summary="wait for a healthy and allowed region" if wait_seconds else "choose a region",
            )
            try:
                placement: Placement = await self._leaving.end_of(handle)
            except RegionGoneError:
                # The worker that was asked may be of the region that is left, and knew nothing of it in any case.
                _heed_cancellation()
                continue
            _heed_cancellation()
            self._placement = placement
            self._ordinal += placement.region is not None
            self._placed(placement)
            if placement.region is not None:
                self._leaving.current = placement.region
                self._leaving.gone.clear()
                return
            if workflow.now() >= deadline:
                raise NoRegionError(placement.reason)
            # The waiting happens inside the activity, so that hours of it cost a few events of history.
            wait_seconds = min(self._timings.region_poll_seconds, (deadline - workflow.now()).total_seconds())


def _heed_cancellation() -> None:
    """Stop here if this task was cancelled. An activity that ended all the same has swallowed the cancellation, because
    it was waited for; nothing may be started after it.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
