"""The regions with their measured health, as pull requests are placed by it."""

from typing import Annotated

from fastapi import APIRouter, Path

from gateway.api.models import Answer
from gateway.web.callers import CallerDep
from gateway.web.problems import answered, unknown
from gateway.web.site import Site, SiteDep
from maestro.model.region import Region, RegionHealth
from workers.healths import measured

router = APIRouter(prefix="/api/regions", tags=["regions"])

Identifier = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{0,62}$")]


class RegionView(Answer):
    """A region as it is configured and as it is now."""

    region: Region
    health: RegionHealth


@router.get("", response_model=list[RegionView], responses=answered())
async def list_regions(site: SiteDep, _principal: CallerDep) -> list[RegionView]:
    """Every region, in the order of the topology."""
    return await _views(site)


@router.get("/{region}", response_model=RegionView, responses=answered(404, 422))
async def show_region(site: SiteDep, _principal: CallerDep, region: Identifier) -> RegionView:
    """One region."""
    for view in await _views(site):
        if view.region.id == region:
            return view
    raise unknown()


async def _views(site: Site) -> list[RegionView]:
    healths = await measured(site.topology, site.connection.client)
    return [
        RegionView(region=region, health=health)
        for region, health in zip(site.topology.model_regions(), healths, strict=True)
    ]
