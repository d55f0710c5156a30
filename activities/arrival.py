"""What the arrival workflow asks for. The work is the gateway's, and is given to this class by its worker."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from temporalio import activity

from activities.heartbeat import heartbeating
from maestro.model.arrival import Arrived, Followed, FollowRequest, GiveUpRequest, Looked
from maestro.model.progress import Progress


@dataclass(frozen=True)
class ArrivalWork:
    """How each of them is done. All may be repeated at any time, and raise ``MaestroError``."""

    look: Callable[[Arrived], Awaitable[Looked]]
    follow: Callable[[FollowRequest], Awaitable[Followed]]
    give_up: Callable[[GiveUpRequest], Awaitable[Followed]]


class ArrivalActivities:
    """Asks the forge, does what follows, or says at the forge why nothing does."""

    def __init__(self, work: ArrivalWork) -> None:
        self._work = work

    @activity.defn
    async def look(self, arrived: Arrived) -> Looked:
        """How the pull request stands now, with its head fetched."""
        async with heartbeating(lambda: Progress(detail=f"asking {arrived.forge} for {arrived.repo} {arrived.pr}")):
            return await self._work.look(arrived)

    @activity.defn
    async def follow(self, request: FollowRequest) -> Followed:
        """Start, stop or act, as the forge's word and Maestro's roles say."""
        async with heartbeating(lambda: Progress(detail="doing what follows")):
            return await self._work.follow(request)

    @activity.defn
    async def give_up(self, request: GiveUpRequest) -> Followed:
        """Let the head's status say that it is not conducted, and why."""
        async with heartbeating(lambda: Progress(detail="telling the forge")):
            return await self._work.give_up(request)
