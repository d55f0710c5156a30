"""What arrives for one pull request of a forge: followed in its order, one after the other, with patience.

Deliveries come twice, late and out of order, so each is only a hint to look how the pull request stands now. A run ends
when nothing came for a while; until then it remembers which heads it began, since lists of workflows lag behind.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.arrival import ArrivalActivities, ArrivalWork
    from maestro.model.arrival import (
        ARRIVAL_WORKFLOW,
        ARRIVED_SIGNAL,
        ArrivalKind,
        ArrivalRequest,
        Arrived,
        FollowRequest,
        GiveUpRequest,
        Looked,
    )
    from workflows.region import PATIENT, problem_of

__all__ = ["ArrivalActivities", "ArrivalWork", "ArrivalWorkflow"]

LOOK_SECONDS = 2_400.0
"""One look: a fetch of the repository may take as long as git is given, and the forge's answer a few minutes more."""

FOLLOW_SECONDS = 300.0
HEARTBEAT_SECONDS = 30.0

GIVE_UP_SECONDS = 3_600.0
"""How long it is tried to tell the forge that nothing comes: a forge that does not answer shows nothing either."""

WAITING_LIMIT = 200
"""Of arrivals that nobody followed yet. Looks that stand beside each other are one, so these are clicks."""

SEEN_LIMIT = 200
HEADS_LIMIT = 20

LEFT_BEFORE = "the queue has let go of this commit before it was conducted"


@workflow.defn(name=ARRIVAL_WORKFLOW)
class ArrivalWorkflow:
    """One for each pull request that something arrived for; a signal starts it."""

    @workflow.init
    def __init__(self, request: ArrivalRequest) -> None:
        self._request = request
        self._waiting = list(request.waiting)
        self._seen = list(request.seen)
        self._heads = list(request.heads)
        self._has_left = request.has_left

    @workflow.run
    async def run(self, request: ArrivalRequest) -> None:
        while await self._something_arrives(request.linger_seconds):
            await self._follow(self._next())
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(self._rest())

    @workflow.signal(name=ARRIVED_SIGNAL, description="Something arrived from the forge; the same delivery counts once")
    def arrived(self, arrived: Arrived) -> None:
        if arrived.digest in self._seen:
            return
        self._seen = [*self._seen, arrived.digest][-SEEN_LIMIT:]
        if self._waiting and all(each.kind is ArrivalKind.PULL_REQUEST for each in (self._waiting[-1], arrived)):
            # One look tells what both are about: how it stands then.
            self._waiting[-1] = arrived
        elif len(self._waiting) < WAITING_LIMIT:
            self._waiting.append(arrived)
        else:
            workflow.logger.warning("dropped, because %s arrivals wait already: %s", WAITING_LIMIT, arrived.delivery)

    async def _something_arrives(self, linger_seconds: float) -> bool:
        try:
            await workflow.wait_condition(
                lambda: bool(self._waiting),
                timeout=timedelta(seconds=linger_seconds),
                timeout_summary="remember what was begun",
            )
        except TimeoutError:
            return False
        return True

    def _next(self) -> Arrived:
        return self._waiting.pop(0)

    async def _follow(self, arrived: Arrived) -> None:
        looked: Looked | None = None
        try:
            self._has_left = self._has_left or arrived.kind is ArrivalKind.QUEUE_LEFT
            if self._has_left and arrived.kind is ArrivalKind.QUEUE_HEAD:
                workflow.set_current_details(LEFT_BEFORE)
                return
            if arrived.needs_look:
                looked = await self._looked(arrived)
            self._remember(looked)
            request = FollowRequest(arrived=arrived, looked=looked, heads=tuple(self._heads))
            followed = await self._patiently(ArrivalActivities.follow, request, FOLLOW_SECONDS, "do what follows")
            workflow.set_current_details(followed.said)
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            await self._give_up(GiveUpRequest(arrived=arrived, looked=looked, why=problem_of(error).message))
            # Whoever has mended it lets the forge deliver it again.
            self._seen = [digest for digest in self._seen if digest != arrived.digest]

    async def _looked(self, arrived: Arrived) -> Looked:
        looked: Looked = await self._patiently(ArrivalActivities.look, arrived, LOOK_SECONDS, "look how it stands")
        return looked

    def _remember(self, looked: Looked | None) -> None:
        """Before it is begun: whoever begins it may die and never say so."""
        if looked is not None and looked.pull_request is not None and not looked.problem:
            head = looked.pull_request.workflow_id
            self._heads = [*(each for each in self._heads if each != head), head][-HEADS_LIMIT:]

    async def _give_up(self, request: GiveUpRequest) -> None:
        workflow.set_current_details(f"given up: {request.why}")
        try:
            await workflow.execute_activity_method(
                ArrivalActivities.give_up,
                request,
                start_to_close_timeout=timedelta(seconds=FOLLOW_SECONDS),
                schedule_to_close_timeout=timedelta(seconds=GIVE_UP_SECONDS),
                heartbeat_timeout=timedelta(seconds=HEARTBEAT_SECONDS),
                retry_policy=PATIENT,
                summary="tell the forge that nothing comes",
            )
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            # What arrives next has to be followed, whatever became of this.
            workflow.logger.warning("the forge was not told either: %s", problem_of(error).message)

    async def _patiently(
        self, activity: Callable[..., Awaitable[Any]], asked: Any, seconds: float, summary: str
    ) -> Any:
        return await workflow.execute_activity_method(
            activity,
            asked,
            start_to_close_timeout=timedelta(seconds=seconds),
            schedule_to_close_timeout=timedelta(seconds=self._request.patience_seconds),
            heartbeat_timeout=timedelta(seconds=HEARTBEAT_SECONDS),
            retry_policy=PATIENT,
            summary=summary,
        )

    def _rest(self) -> ArrivalRequest:
        return self._request.model_copy(
            update={
                "waiting": tuple(self._waiting),
                "seen": tuple(self._seen),
                "heads": tuple(self._heads),
                "has_left": self._has_left,
            }
        )
