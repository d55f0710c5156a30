"""What the forge shows of the head: that it is conducted, that a person is needed, and what it came to.

Told beside everything else, one status at a time and the newest next: what is out of date is given up, and a forge that
does not answer holds nothing up but a merge, which may need the status. What could not be told is said on the card.
"""

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.publishing import PublishingActivities
    from maestro.model.conduct import ConductRequest, ConductState, StatusRequest
    from maestro.model.decision import Phase, Publication
    from workflows.leaving import Leaving, RegionGoneError
    from workflows.region import PATIENT, problem_of
    from workflows.telling import Teller

TOLD = "status-told"
"""Pull requests that were conducted before there were statuses are replayed without one."""

ATTEMPT_SECONDS = 300.0
"""One try: some requests, each with the patience that a forge's limits ask for."""

PASSING_SECONDS = 120.0
"""How long it is tried to tell what will be told anew: that it is being conducted, or again what is there already."""

LASTING = RetryPolicy(
    initial_interval=timedelta(seconds=1), backoff_coefficient=2.0, maximum_interval=timedelta(minutes=5)
)
"""For what stays, which is tried for as long as the timings say: a required status that is pending keeps the pull
request from everybody, and a forge that is away is away for everybody.
"""


class Statuses:
    """The statuses of one pull request. What became of the newest stands in ``state``, and on the timeline."""

    def __init__(self, conducting: ConductRequest, state: ConductState, *, tell: Teller, leaving: Leaving) -> None:
        self._is_asked_for = "status" in conducting.pull_request.publish
        self._timings = conducting.timings
        self._state = state
        self._tell_people = tell
        self._leaving = leaving
        self._next: StatusRequest | None = None
        self._handle: workflow.ActivityHandle[Publication] | None = None
        self._teller: asyncio.Task[None] | None = None
        self._is_ending = False
        self._is_ended = False

    def tell(self, *, final: bool = False, problem: str = "") -> None:
        """Let the forge show what the card says now. Waits for nothing."""
        if not self._is_wanted():
            return
        self._next = StatusRequest(
            card=self._tell_people.card(), version=self._state.statuses, at=workflow.now(), final=final, problem=problem
        )
        self._state.statuses += 1
        self._is_ending = self._is_ending or final
        self._give_way()
        if self._is_idle():
            self._teller = asyncio.create_task(self._tell())

    def resume(self) -> None:
        """Tell what an earlier run of the workflow could not tell any more."""
        if self._state.status_owed:
            self._state.status_owed = False
            self.tell()

    async def settled(self, *, within_seconds: float | None = None) -> bool:
        """Wait until the newest is told or given up. False where it is still tried after ``within_seconds``."""
        if self._is_idle():
            return True
        try:
            await workflow.wait_condition(
                self._is_idle,
                timeout=None if within_seconds is None else timedelta(seconds=within_seconds),
                timeout_summary="the forge does not take the status",
            )
        except TimeoutError:
            return False
        return True

    async def pause(self) -> None:
        """Stop before the workflow continues as new; the next run resumes."""
        if not self._is_idle():
            self._state.status_owed = True
            self._next = None
            self._give_way()
            await self.settled()

    async def give_up(self, error: FailureError) -> None:
        """The pull request cannot be conducted to its end: what is shown must not stay open for ever."""
        if not self._is_ending:
            self.tell(
                final=True, problem=problem_of(error).message if isinstance(error, ActivityError) else error.message
            )
        await self.settled()

    def _is_wanted(self) -> bool:
        return self._is_asked_for and workflow.patched(TOLD)

    def _is_idle(self) -> bool:
        return self._teller is None or self._teller.done()

    def _give_way(self) -> None:
        # Waited for all the same: were two under way, the older could be the one that the forge hears last.
        if self._handle is not None:
            self._handle.cancel()

    async def _tell(self) -> None:
        while self._next is not None:
            request, self._next = self._next, None
            publication = await self._publication(request)
            if publication is not None and self._next is None:
                self._keep(publication, request)

    async def _publication(self, request: StatusRequest) -> Publication | None:
        """What became of it; None where it was given up for a newer one."""
        try:
            return await self._done(request)
        except (ActivityError, asyncio.CancelledError) as error:
            if is_cancelled_exception(error) and (self._next is not None or self._state.status_owed):
                return None
            if not isinstance(error, ActivityError):
                raise
            return Publication(kind="status", done=False, detail=f"no status told: {problem_of(error).message}")

    async def _done(self, request: StatusRequest) -> Publication | None:
        is_lasting = request.card.phase is Phase.WAITING_FOR_PERSON or (request.final and not self._is_ended)
        budget_seconds = self._timings.status_lasting_seconds if is_lasting else PASSING_SECONDS
        while self._next is None:
            self._handle = workflow.start_activity_method(
                PublishingActivities.status,
                request,
                start_to_close_timeout=timedelta(seconds=ATTEMPT_SECONDS),
                schedule_to_close_timeout=timedelta(seconds=budget_seconds),
                heartbeat_timeout=timedelta(seconds=self._timings.heartbeat_timeout_seconds),
                retry_policy=LASTING if is_lasting else PATIENT,
                cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
                summary="status of the head",
            )
            try:
                return await self._leaving.end_of(self._handle)
            except RegionGoneError:
                # Who tells it is not known, so it is told again; whoever is second finds it there.
                continue
            finally:
                self._handle = None
        return None

    def _keep(self, publication: Publication, request: StatusRequest) -> None:
        before = next((one for one in self._state.publications if one.kind == "status"), None)
        others = (one for one in self._state.publications if one.kind != "status")
        self._state.publications = (*others, publication)
        self._is_ended = self._is_ended or (request.final and publication.done)
        if publication != before:
            self._tell_people.published(publication)
