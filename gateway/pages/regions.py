"""The pages of regions: how each was measured, why it stands so, what runs there, what it costs, who may go there."""

import asyncio
from dataclasses import dataclass
from typing import Annotated

import structlog
from fastapi import APIRouter, Path, Request, Response
from markupsafe import Markup

from gateway.listing import Filters, Page
from gateway.pages.answers import PageRoute
from gateway.pages.listing import rows_of
from gateway.pages.region_facts import Duty, RegionDeskDep, Situation, duties
from gateway.pages.shell import address, page
from gateway.web.callers import CallerDep
from gateway.web.problems import unknown
from gateway.web.site import Site, SiteDep
from maestro.access.principals import Permission, Principal
from maestro.config.topology import RegionConfig
from maestro.errors import MaestroError
from maestro.model.region import Region, RegionHealth
from maestro.regions.burn import RegionState
from maestro.render import people
from maestro.render.view import Tone
from maestro.words import dollars, duration

SHOWN_RUNNING = 50
"""Pull requests named on the page of a region; the list has the rest."""

router = APIRouter(route_class=PageRoute, prefix="/regions", include_in_schema=False)

_log = structlog.get_logger("gateway.pages")


@dataclass(frozen=True)
class Shown:
    """A region as the pages show it. ``state`` is what the controllers judge, None where none does."""

    id: str
    title: str
    page: Markup
    verdict: str
    tone: Tone
    reasons: tuple[str, ...]
    health: RegionHealth | None
    last_sign: str
    start_p95: str
    price: str
    carbon: str
    source: str
    power: str
    slots: int
    cluster: str
    acts: bool
    state: RegionState | None
    since: str


@router.get("")
async def show_all(request: Request, site: SiteDep, principal: CallerDep, desk: RegionDeskDep) -> Response:
    """Every region as it is now."""
    now = await desk.situation()
    return page(
        request,
        "regions.html",
        reader=principal,
        place="/regions",
        regions=_shown(site, now),
        now=now,
        acting=_acting(now),
        moves=_moves(now),
    )


@router.get("/{region}")
async def show_one(
    request: Request,
    site: SiteDep,
    principal: CallerDep,
    desk: RegionDeskDep,
    region: Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{0,62}$")],
) -> Response:
    """One region with all that is known of it."""
    if region not in {one.id for one in site.topology.regions}:
        raise unknown()
    now, running, allowed = await asyncio.gather(
        desk.situation(), _running(site, principal, region), asyncio.to_thread(_duties, site, principal, region)
    )
    [shown] = [one for one in _shown(site, now) if one.id == region]
    limits = site.topology.health
    return page(
        request,
        "region.html",
        reader=principal,
        place="/regions",
        region=shown,
        now=now,
        burns=_burns(shown.state),
        limits={
            "last_sign": duration(limits.heartbeat_age_limit_seconds),
            "backlog": limits.backlog_limit,
            "start_p95": duration(limits.start_latency_p95_limit_seconds),
        },
        prices=site.topology.prices,
        carbon_price=dollars(site.topology.prices.carbon_usd_per_tonne),
        rows=None if running is None else rows_of(running, site),
        more=address("/", region=region, running="yes") if running and running.cursor else None,
        listed=address("/", region=region),
        duties=allowed,
    )


async def _running(site: Site, principal: Principal, region: str) -> Page | None:
    """What runs there, of the tenants that may be seen; None where Temporal cannot be asked."""
    wanted = Filters(region=region, running=True, tenants=principal.tenants(Permission.READ))
    try:
        return await site.desk.page(wanted, limit=SHOWN_RUNNING)
    except MaestroError as error:
        _log.warning("unavailable", region=region, detail=str(error))
        return None


def _duties(site: Site, principal: Principal, region: str) -> tuple[Duty, ...] | None:
    try:
        return duties(site.topology, region=region, tenants=principal.tenants(Permission.READ))
    except MaestroError as error:
        _log.warning("policy", region=region, detail=str(error))
        return None


def _shown(site: Site, now: Situation) -> list[Shown]:
    configured = {one.id: one for one in site.topology.regions}
    return [_region(one, configured[one.id], now) for one in site.topology.model_regions()]


def _region(region: Region, configured: RegionConfig, now: Situation) -> Shown:
    health, state = now.healths.get(region.id), now.states.get(region.id)
    verdict, tone = _verdict(health, state, stale=region.id in now.stale)
    counted = state if state is not None and region.id not in now.stale else None
    reasons = (*(health.reasons if health else (now.problem,)), *(counted.reasons if counted else ()))
    return Shown(
        id=region.id,
        title=region.title,
        page=address(f"/regions/{region.id}"),
        verdict=verdict,
        tone=tone,
        reasons=tuple(reason for reason in reasons if reason),
        health=health,
        last_sign=_seconds(health.heartbeat_age_seconds if health else None, "none", after=" ago"),
        start_p95=_seconds(health.start_latency_p95_seconds if health else None, "no recent starts"),
        price=f"{dollars(region.price_usd_per_hour)}/h",
        carbon=f"{region.carbon_g_per_kwh:g} g CO2e/kWh",
        source=region.carbon_source,
        power=f"{region.power_kw:g} kW",
        slots=region.slots,
        cluster=configured.cluster or "",
        acts=now.epoch is not None and now.epoch.cluster == configured.cluster,
        state=state,
        since="" if state is None else duration(max(0.0, now.at - state.since)),
    )


def _verdict(health: RegionHealth | None, state: RegionState | None, *, stale: bool) -> tuple[str, Tone]:
    if health is None:
        return "not measured", "grey"
    if not health.healthy:
        return "not healthy", "red"
    if state is not None and not stale and not state.healthy:
        return (state.condition.value, "red" if state.burning_probes() else "amber")
    return "healthy", "green"


def _burns(state: RegionState | None) -> list[tuple[str, str, str, str]]:
    """Probe, burn over the long and the short window, and what is said of it."""
    if state is None:
        return []
    rows = []
    for burn in state.burns:
        worst = burn.worst
        told = "burns" if burn.burning else "within its budget"
        rows.append(
            (
                burn.probe.value.replace("_", " "),
                f"{worst.long_rate:.3g}x over {duration(worst.long_seconds)}",
                f"{worst.short_rate:.3g}x over {duration(worst.short_seconds)}",
                f"{told}; the limit is {worst.limit:g}x" if burn.probers else "nobody measures it",
            )
        )
    return rows


def _acting(now: Situation) -> str:
    if now.epoch is None:
        return ""
    leaving = f"; {now.epoch.leaving_cluster} is being left" if now.epoch.leaving is not None else ""
    since = f"{people.day(now.epoch.raised_at)} {people.clock(now.epoch.raised_at)} UTC"
    return f"{now.epoch.cluster} acts, in epoch {now.epoch.version}, since {since}{leaving}."


def _moves(now: Situation) -> list[tuple[str, ...]]:
    return [
        (
            f"{people.day(move.started_at)} {people.clock(move.started_at)}",
            move.kind.value,
            f"{move.from_cluster} to {move.to_cluster}",
            str(move.version),
            move.outcome or f"under way: {move.step}",
            move.actor,
            move.reason,
        )
        for move in now.moves
    ]


def _seconds(amount: float | None, unknown_word: str, *, after: str = "") -> str:
    return unknown_word if amount is None else f"{duration(amount)}{after}"
