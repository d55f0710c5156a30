"""``maestro regions status``: where pull requests can run now, by the same measurement that places them."""

import asyncio
import json
import sys

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gateway.connection import reach
from maestro.config.topology import Topology
from maestro.model.region import RegionHealth
from workers.healths import measured

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
        Console().print(_table(topology, healths))
    sys.exit(0 if any(health.healthy for health in healths) else NOWHERE)


def _table(topology: Topology, healths: tuple[RegionHealth, ...]) -> Table:
    table = Table(box=None, header_style="dim")
    for title in ("Region", "", "Workers", "Last sign", "Backlog", "Start p95", "$/h", "g CO2e/kWh", "Why not"):
        table.add_column(title)
    for region, health in zip(topology.model_regions(), healths, strict=True):
        table.add_row(
            Text(f"{region.id} ({region.title})"),
            Text("healthy", style="green") if health.healthy else Text("not healthy", style="red"),
            str(health.workers),
            _seconds(health.heartbeat_age_seconds),
            str(health.backlog),
            _seconds(health.start_latency_p95_seconds),
            str(region.price_usd_per_hour),
            f"{region.carbon_g_per_kwh:g}",
            Text("; ".join(health.reasons)),
        )
    return table


def _seconds(value: float | None) -> str:
    return "none" if value is None else f"{value:.1f} s"
