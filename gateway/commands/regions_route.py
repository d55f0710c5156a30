"""``maestro regions route``: where a pull request would be placed now, by the router and policy that place it."""

import asyncio
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import click

from gateway.connection import reach
from gateway.tables import print_table
from maestro.config.topology import Topology
from maestro.home import ledger_url
from maestro.ledger import Ledger
from maestro.model.pull_request import PullRequest
from maestro.model.region import Placement, RegionHealth
from maestro.placement.router import PlacementRequest, place
from maestro.policy.engine import RegorusEngine
from maestro.regions.states import current_states
from maestro.resources import policies_dir
from maestro.words import dollars
from workers.healths import measured

TITLES = ("Region", "May run", "$", "g CO2e", "Why not")

NOBODY = "0" * 40
"""The commits of a pull request that there is not; the router does not look at them."""


@click.command()
@click.option("--tenant", default="default", show_default=True, help="Whose pull request.")
@click.option("--seconds", type=click.FloatRange(min=0), default=60.0, show_default=True, help="Compute to assume.")
@click.option("--dependency", "dependencies", multiple=True, help="A package that it depends on; repeatable.")
@click.option("--json", "as_json", is_flag=True, help="The placement as JSON.")
def route(tenant: str, seconds: float, dependencies: tuple[str, ...], as_json: bool) -> None:
    """Say where a pull request would run now, and why. Exit code 1 where it would wait."""

    async def asked() -> tuple[Topology, tuple[RegionHealth, ...]]:
        connection = await reach()
        return connection.topology, await measured(connection.topology, connection.client)

    topology, healths = asyncio.run(asked())
    with Ledger.open(ledger_url()) as ledger:
        states = current_states(ledger)
    request = PlacementRequest(
        pull_request=PullRequest(
            repository="/", repo="route", pr="0", base_sha=NOBODY, head_sha=NOBODY, merge_base_sha=NOBODY, tenant=tenant
        ),
        regions=topology.model_regions(),
        healths=healths,
        states=states,
        prices=topology.prices,
        expected_seconds=seconds,
        dependencies=dependencies,
        now=datetime.now(UTC),
    )
    placement = place(request, policy=RegorusEngine(policies_dir()))
    if as_json:
        click.echo(json.dumps(placement.model_dump(mode="json"), indent=2))
    else:
        click.echo(placement.reason)
        print_table(TITLES, _rows(placement))
    sys.exit(0 if placement.region is not None else 1)


def _rows(placement: Placement) -> Iterator[tuple[str, ...]]:
    for one in placement.assessments:
        chosen = " (chosen)" if one.region == placement.region else ""
        may = "no" if one.reasons else "yes"
        yield f"{one.region}{chosen}", may, dollars(one.total_usd), f"{one.carbon_g:.2f}", "; ".join(one.reasons)
