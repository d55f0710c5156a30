"""What the parts of the gateway work with, opened once per process."""

import asyncio
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from gateway.connection import Connection
from gateway.desk import Desk
from gateway.live import Live
from gateway.login.doors import Doors
from gateway.login.limits import Limits
from gateway.web.metrics import Metrics
from maestro.artifacts import ArtifactStore
from maestro.config.gateway import GatewayConfig
from maestro.config.topology import Topology
from maestro.ledger import Ledger


@dataclass(frozen=True)
class Site:
    """The adapters of one gateway. ``stopping`` is set when it was asked to end: what streams then ends by itself."""

    connection: Connection
    ledger: Ledger
    artifacts: ArtifactStore
    desk: Desk
    live: Live
    doors: Doors
    limits: Limits
    metrics: Metrics = field(default_factory=Metrics)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def topology(self) -> Topology:
        return self.connection.topology

    @property
    def config(self) -> GatewayConfig:
        return self.topology.gateway


def site_of(request: Request) -> Site:
    """The site of the app that answers."""
    site: Site = request.app.state.site
    return site


SiteDep = Annotated[Site, Depends(site_of)]
