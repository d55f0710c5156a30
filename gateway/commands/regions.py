"""``maestro regions status``: where pull requests can run now, by the same measurement that places them, and with
clusters which of them acts, how the regions stand and what was moved.
"""

import asyncio
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import click
from rich.console import Console, Group
from rich.live import Live

from gateway.connection import reach
from gateway.tables import print_table, table
from maestro.config.topology import Topology
from maestro.errors import PlatformUnavailable
from maestro.home import ledger_url
from maestro.ledger import Ledger
from maestro.ledger.failovers import FailoverRow
from maestro.model.region import Epoch, RegionHealth
from maestro.regions.burn import RegionState
from maestro.regions.states import known_states
from workers.healths import measured

TITLES = ("Region", "Health", "Workers", "Last sign", "Backlog", "Start p95", "$/h", "g CO2e/kWh", "Why not")
STATE_TITLES = ("Region", "Cluster", "State", "For", "Worst burn", "Why")
MOVE_TITLES = ("When", "Kind", "From", "To", "Epoch", "Outcome", "By", "Why")

NOWHERE = 1
"""The exit code where no region is healthy, so that every pull request would wait."""

SHOWN_MOVES = 5
WATCH_SECONDS = 1.0


@dataclass(frozen=True)
class Standings:
    """What the ledger says of clusters: who acts, how each region stands, what was moved."""

    epoch: Epoch | None
    states: dict[str, RegionState]
    moves: tuple[FailoverRow, ...]
    now: float


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--watch", is_flag=True, help="Show it again every second, until Ctrl-C.")
def status(as_json: bool, watch: bool) -> None:
    """Show the regions with their measured health. Exit code 1 where none is healthy."""
    try:
        sys.exit(asyncio.run(_watched() if watch else _shown(as_json=as_json)))
    except KeyboardInterrupt:
        sys.exit(0)


async def _shown(*, as_json: bool) -> int:
    connection = await reach()
    topology = connection.topology
    healths = await measured(topology, connection.client)
    found = await asyncio.to_thread(_standings, topology) if topology.active_clusters() else None
    if as_json:
        click.echo(json.dumps(_as_json(healths, found), indent=2))
    else:
        print_table(TITLES, _rows(topology, healths))
        if found is not None:
            click.echo(_acting(found.epoch))
            print_table(STATE_TITLES, _state_rows(topology, found))
            print_table(MOVE_TITLES, _move_rows(found))
    return 0 if any(health.healthy for health in healths) else NOWHERE


async def _watched() -> int:
    """The live table: of the ledger alone, so that it goes on while clusters die and come back."""
    topology = (await reach()).topology
    if not topology.active_clusters():
        raise PlatformUnavailable("there is one server", field="--watch", fix="say `maestro regions status`")
    console = Console()
    with Live(console=console, auto_refresh=False, screen=console.is_terminal) as live:
        while True:
            found = await asyncio.to_thread(_standings, topology)
            parts = (table(STATE_TITLES, _state_rows(topology, found)), table(MOVE_TITLES, _move_rows(found)))
            live.update(Group(_acting(found.epoch), *parts), refresh=True)
            await asyncio.sleep(WATCH_SECONDS)


def _standings(topology: Topology) -> Standings:
    namespace = topology.temporal.namespace
    with Ledger.open(ledger_url()) as ledger:
        return Standings(
            epoch=ledger.epochs.current(namespace),
            states=known_states(ledger),
            moves=ledger.failovers.recent(namespace, SHOWN_MOVES),
            now=ledger.now().timestamp(),
        )


def _as_json(healths: tuple[RegionHealth, ...], found: Standings | None) -> object:
    regions = [health.model_dump(mode="json") for health in healths]
    if found is None:
        return regions
    return {
        "regions": regions,
        "epoch": found.epoch.model_dump(mode="json") if found.epoch else None,
        "states": {name: state.model_dump(mode="json") for name, state in found.states.items()},
        "failovers": [move.model_dump(mode="json") for move in found.moves],
    }


def _acting(epoch: Epoch | None) -> str:
    if epoch is None:
        return "no cluster acts yet: the ledger has no epoch"
    leaving = f"; {epoch.leaving_cluster} is being left" if epoch.leaving is not None else ""
    return f"{epoch.cluster} acts, in epoch {epoch.version}, since {epoch.raised_at:%Y-%m-%d %H:%M:%S} UTC{leaving}"


def _state_rows(topology: Topology, found: Standings) -> Iterator[tuple[str, ...]]:
    for region in topology.regions:
        state = found.states.get(region.id)
        acts = found.epoch is not None and found.epoch.cluster == region.cluster
        cluster = f"{region.cluster}{' (acts)' if acts else ''}"
        if state is None:
            yield region.id, cluster, "unknown", "", "", "no controller has judged it"
            continue
        worst = max(state.burns, key=lambda burn: burn.worst.long_rate, default=None)
        burn = f"{worst.probe.value} {worst.worst.long_rate:.1f}x" if worst and worst.worst.long_rate > 0 else "none"
        why = "; ".join((*state.reasons, *state.warnings))
        yield region.id, cluster, state.condition.value, f"{found.now - state.since:.0f} s", burn, why


def _move_rows(found: Standings) -> Iterator[tuple[str, ...]]:
    for move in found.moves:
        yield (
            f"{move.started_at:%H:%M:%S}",
            move.kind.value,
            move.from_cluster,
            move.to_cluster,
            str(move.version),
            move.outcome or f"at {move.step}",
            move.actor,
            move.reason,
        )


def _rows(topology: Topology, healths: tuple[RegionHealth, ...]) -> Iterator[tuple[str, ...]]:
    for region, health in zip(topology.model_regions(), healths, strict=True):
        yield (
            f"{region.id} ({region.title})",
            "healthy" if health.healthy else "not healthy",
            str(health.workers),
            _seconds(health.heartbeat_age_seconds),
            str(health.backlog),
            _seconds(health.start_latency_p95_seconds),
            str(region.price_usd_per_hour),
            f"{region.carbon_g_per_kwh:g}",
            "; ".join(health.reasons),
        )


def _seconds(value: float | None) -> str:
    return "none" if value is None else f"{value:.1f} s"
