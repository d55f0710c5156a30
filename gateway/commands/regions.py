"""``maestro regions status``: where pull requests can run now, by the same measurement that places them."""

import asyncio
import json
import sys
from collections.abc import Iterator

import click

from gateway.connection import reach
from gateway.tables import print_table
from maestro.config.topology import Topology
from maestro.model.region import RegionHealth
from workers.healths import measured

TITLES = ("Region", "Health", "Workers", "Last sign", "Backlog", "Start p95", "$/h", "g CO2e/kWh", "Why not")

NOWHERE = 1
"""The exit code where no region is healthy, so that every pull request would wait."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="A list as JSON.")
def status(as_json: bool) -> None:
    """Show the regions with their measured health. Exit code 1 where none is healthy."""

    async def asked() -> tuple[Topology, tuple[RegionHealth, ...]]:
        connection = await reach()
        return connection.topology, await measured(connection.topology, connection.client)

    topology, healths = asyncio.run(asked())
    if as_json:
        click.echo(json.dumps([health.model_dump(mode="json") for health in healths], indent=2))
    else:
        print_table(TITLES, _rows(topology, healths))
    sys.exit(0 if any(health.healthy for health in healths) else NOWHERE)


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
