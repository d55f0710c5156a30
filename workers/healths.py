"""The health of every region as placement measures it now, for whoever only wants to look."""

import asyncio

from temporalio.client import Client

from activities.health import measure
from activities.services import open_services
from maestro.config.topology import Topology
from maestro.home import ledger_url
from maestro.ledger import Ledger
from maestro.model.region import RegionHealth


async def measured(topology: Topology, client: Client) -> tuple[RegionHealth, ...]:
    """One health per region, in the topology's order."""
    with Ledger.open(ledger_url()) as ledger:
        services = open_services(topology, client, ledger)
        return tuple(await asyncio.gather(*(measure(services, region) for region in topology.model_regions())))
