"""A gateway of nothing but its doors, and browsers and programs that come to them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import httpx
from fastapi import FastAPI

from gateway.login import router
from gateway.login.doors import CSRF_HEADER, Doors, open_doors
from gateway.login.limits import Limits
from gateway.web.callers import CallerDep
from gateway.web.problems import handle_problems
from maestro.config.gateway import GatewayConfig
from maestro.ledger import Ledger

PUBLIC = "https://maestro.example.org"


class Front:
    """The app; ``doors`` are what it asks."""

    def __init__(self, config: GatewayConfig, doors: Doors) -> None:
        self.config = config
        self.doors = doors
        self.app = FastAPI()
        self.app.state.site = SimpleNamespace(doors=doors, limits=Limits(config))
        self.app.include_router(router.router)
        handle_problems(self.app)

        @self.app.api_route("/who", methods=["GET", "POST"])
        async def who(caller: CallerDep) -> dict[str, Any]:
            return caller.model_dump(mode="json")

    def browser(self, *, base_url: str = "") -> httpx.AsyncClient:
        """With cookies of its own, on a page of nobody's."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=base_url or self.config.address)

    def own_page(self, browser: httpx.AsyncClient) -> dict[str, str]:
        """The headers of a request that a page of ours makes in this browser."""
        request = browser.build_request("GET", "/")
        session = self.doors.cookies.session(_asgi(request))
        csrf = "" if session is None else self.doors.cookies.csrf(session)
        return {"Origin": self.config.address, "Sec-Fetch-Site": "same-origin", CSRF_HEADER: csrf}


def _asgi(request: httpx.Request) -> Any:
    from starlette.requests import Request  # noqa: PLC0415 - the other class of that name

    headers = [(name.lower().encode(), value.encode()) for name, value in request.headers.items()]
    return Request({"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers})


@asynccontextmanager
async def front(
    ledger: Ledger,
    config: GatewayConfig | None = None,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
) -> AsyncIterator[Front]:
    """The gateway, open."""
    config = config or GatewayConfig()
    async with open_doors(config, ledger, transport=transport) as doors:
        yield Front(config, doors)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
