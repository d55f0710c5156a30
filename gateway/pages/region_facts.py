"""What the pages of regions read: measured health, what controllers judged, what was moved, and whom policy lets in."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

import structlog
from fastapi import Depends, Request
from pydantic import JsonValue

from gateway.web.site import Site, SiteDep
from maestro.config.topology import Topology
from maestro.errors import MaestroError, PolicyDenied
from maestro.ledger import Ledger
from maestro.ledger.failovers import FailoverRow
from maestro.model.region import Epoch, RegionHealth
from maestro.placement.router import ENTRYPOINT, PlacementAnswer
from maestro.policy.bundle import read_bundle
from maestro.policy.engine import RegorusEngine
from maestro.regions.burn import RegionState
from maestro.regions.states import STALE_SECONDS, known_states
from maestro.resources import policies_dir
from workers.healths import measured

FRESH_SECONDS = 2.0
"""Many look at the same page: regions are measured for all of them together."""

PATIENCE_SECONDS = 8.0
SHOWN_MOVES = 10

TENANTS = "tenants"
"""The policies' data with an entry for each tenant."""

_log = structlog.get_logger("gateway.pages")


@dataclass(frozen=True)
class Situation:
    """The regions at one moment. ``problem`` says why they could not be measured; then there are no ``healths``.

    ``stale`` are regions whose state no controller has renewed lately, so that it says nothing about now. ``at`` is
    the ledger's clock in seconds since the epoch.
    """

    healths: dict[str, RegionHealth]
    states: dict[str, RegionState]
    stale: frozenset[str]
    moves: tuple[FailoverRow, ...]
    epoch: Epoch | None
    at: float
    problem: str = ""
    clustered: bool = False


@dataclass(frozen=True)
class Duty:
    """Whether policy lets a tenant's pull requests into a region; ``why`` is its own sentence."""

    tenant: str
    allowed: bool
    why: str


class RegionDesk:
    """Asks about regions. Those who ask at the same time wait for one measurement."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._asked_at = -FRESH_SECONDS
        self._asked: asyncio.Task[Situation] | None = None

    async def situation(self) -> Situation:
        """The regions now. Raises PlatformUnavailable where the ledger cannot be read."""
        now = time.monotonic()
        if self._asked is None or now - self._asked_at >= FRESH_SECONDS:
            self._asked_at, self._asked = now, asyncio.create_task(_situation(self._site))
        # Shielded: whoever goes away must not take the answer from the others.
        return await asyncio.shield(self._asked)


def region_desk(request: Request, site: SiteDep) -> RegionDesk:
    """The app's own, made with the first question."""
    found = getattr(request.app.state, "region_desk", None)
    if not isinstance(found, RegionDesk):
        found = request.app.state.region_desk = RegionDesk(site)
    return found


RegionDeskDep = Annotated[RegionDesk, Depends(region_desk)]


def duties(topology: Topology, *, region: str, tenants: frozenset[str] | None) -> tuple[Duty, ...]:
    """What policy says of each of these tenants there, without a dependency that is kept out; None: every tenant that
    policy knows. Raises BadInput where the policies cannot be read.
    """
    engine = RegorusEngine(policies_dir())
    known = read_bundle(policies_dir()).data.get(TENANTS)
    names: Iterable[str] = tenants if tenants is not None else known if isinstance(known, dict) else ()
    regions: list[JsonValue] = [one.id for one in topology.regions]
    found = []
    for name in sorted(names):
        asked: dict[str, JsonValue] = {"tenant": name, "regions": regions, "dependencies": []}
        try:
            answer = engine.evaluate(ENTRYPOINT, asked).read(PlacementAnswer)
        except PolicyDenied as error:
            found.append(Duty(name, allowed=False, why=error.message))
            continue
        denied = "; ".join(denial.message for denial in answer.denials if denial.region == region)
        allowed = region in answer.allowed and not denied
        found.append(Duty(name, allowed=allowed, why=answer.residency if allowed else denied or _SILENT))
    return tuple(found)


_SILENT = "the policy says nothing about this region, which counts as a refusal"


async def _situation(site: Site) -> Situation:
    (healths, problem), (states, moves, epoch, at) = await asyncio.gather(
        _measured(site), asyncio.to_thread(_told, site.ledger, site.topology)
    )
    return Situation(
        healths={health.region: health for health in healths},
        states=states,
        stale=frozenset(name for name, state in states.items() if at - state.at >= STALE_SECONDS),
        moves=moves,
        epoch=epoch,
        at=at,
        problem=problem,
        clustered=bool(site.topology.active_clusters()),
    )


async def _measured(site: Site) -> tuple[tuple[RegionHealth, ...], str]:
    """The measured health, or why there is none."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await measured(site.topology, site.connection.client), ""
    except TimeoutError:
        return (), f"Temporal does not answer within {PATIENCE_SECONDS:.0f} s, so nothing could be measured."
    except MaestroError as error:
        _log.warning("unavailable", detail=str(error))
        return (), f"Nothing could be measured: {error.message}."


def _told(
    ledger: Ledger, topology: Topology
) -> tuple[dict[str, RegionState], tuple[FailoverRow, ...], Epoch | None, float]:
    namespace = topology.temporal.namespace
    return (
        known_states(ledger),
        ledger.failovers.recent(namespace, SHOWN_MOVES),
        ledger.epochs.current(namespace),
        ledger.now().timestamp(),
    )
