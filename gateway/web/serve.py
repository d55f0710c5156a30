"""The gateway's process: ``python -m gateway.web.serve``. SIGTERM ends it gracefully: nothing new is taken, what is
being answered is answered, and live cards are told to ask another gateway.
"""

import argparse
import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType

import structlog
import uvicorn
from fastapi import APIRouter

from gateway import pages
from gateway.api import figures, usage
from gateway.arriving.services import ArrivalServices
from gateway.arriving.worker import following_arrivals
from gateway.connection import reach
from gateway.desk import Desk
from gateway.live import Live
from gateway.login import router as login
from gateway.login.doors import open_doors
from gateway.login.limits import Limits
from gateway.overlay import routes as overlay
from gateway.web.app import create_app
from gateway.web.site import Site
from gateway.webhooks import routes as webhooks
from maestro.artifacts import ArtifactStore
from maestro.config.gateway import PORT_VARIABLE, GatewayConfig
from maestro.errors import MaestroError, PlatformUnavailable
from maestro.execution.places import Places
from maestro.forges.choosing import Forges
from maestro.forges.lending import lend
from maestro.home import artifacts_dir, home, ledger_url
from maestro.ledger import Ledger
from workers.exit import Leave
from workers.logging import configure_logging

BACKLOG = 2_048

GRACE_SECONDS = 10
"""How long what is being answered may take after SIGTERM."""

_log = structlog.get_logger("gateway")


class Server(uvicorn.Server):
    """Calls ``listening`` when it listens, and sets ``stopping`` as soon as it is asked to end: live cards would keep
    it for their readers.
    """

    def __init__(self, config: uvicorn.Config, *, stopping: asyncio.Event, listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._stopping = stopping
        self._listening = listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._listening()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._stopping.set()
        super().handle_exit(sig, frame)


@asynccontextmanager
async def opened() -> AsyncIterator[Site]:
    """The adapters of a gateway. Raises the ``MaestroError`` of what cannot be opened."""
    connection = await reach()
    with Ledger.open(ledger_url()) as ledger:
        desk = Desk(connection)
        config = connection.topology.gateway
        async with open_doors(config, ledger) as doors:
            yield Site(
                connection=connection,
                ledger=ledger,
                artifacts=ArtifactStore(artifacts_dir()),
                desk=desk,
                live=Live(connection, desk),
                doors=doors,
                limits=Limits(config),
            )


@asynccontextmanager
async def following(site: Site) -> AsyncIterator[None]:
    """Follow what forges deliver, where any is configured. Raises BadInput for a forge that cannot be used."""
    if not site.topology.forges:
        yield
        return
    lend(site.topology.forges, os.environ)
    places = Places.under(home())
    forges = Forges.from_config(site.topology.forges, places)
    await asyncio.to_thread(forges.open)
    services = ArrivalServices(connection=site.connection, ledger=site.ledger, places=places, forge=forges.named)
    try:
        async with following_arrivals(services):
            yield
    finally:
        await forges.close()


def routers() -> tuple[APIRouter, ...]:
    """What this gateway answers beside its API."""
    return (usage.router, figures.router, login.router, webhooks.router, pages.router, overlay.router())


async def serve(*, port: int | None = None, ready_file: Path | None = None) -> None:
    """Serve until SIGTERM or SIGINT. Raises ``PlatformUnavailable`` where the port is taken."""
    async with opened() as site, following(site):
        config = site.config

        def listening() -> None:
            _say(config, bound.getsockname()[1])
            if ready_file is not None:
                ready_file.write_text(str(os.getpid()), encoding="ascii")

        with _bound(config, port or config.listening_port) as bound:
            server = Server(_settings(site), stopping=site.stopping, listening=listening)
            await server.serve([bound])


def _bound(config: GatewayConfig, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    try:
        return socket.create_server((config.host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise PlatformUnavailable(
            f"{config.host}:{port} cannot be listened on: {error.strerror}",
            field="gateway.port",
            fix=f"end what uses it, or give another port in the topology or by {PORT_VARIABLE}",
        ) from error


def _settings(site: Site) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(site, routers()),
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        # Whoever wants the addresses of clients behind a proxy says which proxy: FORWARDED_ALLOW_IPS.
        proxy_headers=bool(os.environ.get("FORWARDED_ALLOW_IPS")),
        timeout_graceful_shutdown=GRACE_SECONDS,
        h11_max_incomplete_event_size=64 * 1024,
    )


def _say(config: GatewayConfig, port: int) -> None:
    _log.info("listening", host=config.host, port=port, address=config.address)
    if config.login is None:
        _log.warning("without login", detail="whoever reaches this address acts as an administrator: loopback only")


def main() -> None:
    """The process."""
    parser = argparse.ArgumentParser(description="The gateway: the HTTP API, webhooks, pages and cards.")
    parser.add_argument("--port", type=int, help="Another port than the topology's.")
    parser.add_argument("--ready-file", type=Path, help="Written with the process's id once it listens.")
    arguments = parser.parse_args()
    configure_logging()
    leave = Leave()
    # Until the server has taken them over.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        asyncio.run(serve(port=arguments.port, ready_file=arguments.ready_file))
    except MaestroError as error:
        _log.error("not started", detail=str(error))
        leave(error.exit_code)
    except KeyboardInterrupt:
        pass
    leave(0)


if __name__ == "__main__":
    main()
