"""place: measure the regions, ask policy, choose, and write down why."""

import asyncio

from temporalio import activity

from activities.health import measure
from activities.heartbeat import heartbeating
from activities.services import Services
from maestro.canonical import digest
from maestro.clock import utc_now
from maestro.model.conduct import PlaceRequest
from maestro.model.progress import Progress
from maestro.model.record import DecisionRecord, RecordKind
from maestro.model.region import Placement, RegionHealth
from maestro.placement.lockfiles import dependencies_at
from maestro.placement.router import PlacementRequest, place
from maestro.regions.states import current_states

POLL_SECONDS = 3.0
"""How often a waiting pull request looks for a region: a few cheap calls to Temporal each time."""

UNKNOWN_SECONDS = 60.0
"""Compute assumed for a repository that has never run."""


class PlacementActivities:
    """Chooses the region that everything after runs in."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @activity.defn
    async def place(self, request: PlaceRequest) -> Placement:
        """The placement now, or the first one within ``wait_seconds``; its region is None where there was none."""
        looked = 0

        def progress() -> Progress:
            detail = "waiting for a healthy and allowed region" if looked else "measuring regions, reading lock files"
            return Progress(done=looked, detail=detail)

        # Also where nothing is waited for: reading lock files fetches the repository, which can take minutes.
        async with heartbeating(progress):
            until = asyncio.get_running_loop().time() + request.wait_seconds
            while True:
                asked = await self._place_now(request)
                looked += 1
                if asked[1].region is not None or asyncio.get_running_loop().time() >= until:
                    return await self._record(request, asked)
                await asyncio.sleep(POLL_SECONDS)

    async def _place_now(self, request: PlaceRequest) -> tuple[PlacementRequest, Placement]:
        services = self._services
        regions = services.topology.model_regions()
        healths = tuple(await asyncio.gather(*(measure(services, region) for region in regions)))
        history = await asyncio.to_thread(_expected_seconds, services, request)
        dependencies = await asyncio.to_thread(dependencies_at, request.pull_request, places=services.places)
        asked = PlacementRequest(
            pull_request=request.pull_request,
            regions=regions,
            healths=healths,
            states=await asyncio.to_thread(current_states, services.ledger),
            prices=services.topology.prices,
            expected_seconds=history,
            dependencies=dependencies,
            exclude=request.lost,
            ordinal=request.ordinal,
            now=utc_now(),
        )
        placement = await asyncio.to_thread(place, asked, policy=services.policy)
        if placement.region is None and _lost_but_alive(request, healths):
            # It was only too busy to start in time, and no other region may take over: it is asked again.
            asked = asked.model_copy(update={"exclude": {}})
            placement = await asyncio.to_thread(place, asked, policy=services.policy)
        return asked, placement

    async def _record(self, request: PlaceRequest, placed: tuple[PlacementRequest, Placement]) -> Placement:
        asked, placement = placed
        if placement.region is not None:
            await asyncio.to_thread(self._append, request, asked, placement)
        return placement

    def _append(self, request: PlaceRequest, asked: PlacementRequest, placement: Placement) -> None:
        pull_request = request.pull_request
        self._services.ledger.records.append(
            DecisionRecord(
                key=pull_request.key("placement", request.ordinal),
                kind=RecordKind.PLACEMENT,
                repo=pull_request.repo,
                pr=pull_request.pr,
                head_sha=pull_request.head_sha,
                actor="policy",
                outcome=placement.region or "none",
                reason=placement.reason,
                inputs={"placement_request": digest(asked)},
                version=placement.policy_digest,
                at=placement.decided_at,
            )
        )


def _lost_but_alive(request: PlaceRequest, healths: tuple[RegionHealth, ...]) -> bool:
    return any(health.healthy and health.region in request.lost for health in healths)


def _expected_seconds(services: Services, request: PlaceRequest) -> float:
    """The whole suite's past seconds: what is selected is not known yet, and the price must not be too low."""
    pull_request = request.pull_request
    durations = services.ledger.history.durations(pull_request.repo, tenant=pull_request.tenant)
    return sum(durations.values()) or UNKNOWN_SECONDS
