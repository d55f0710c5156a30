"""The API in process, over a real Temporal server whose activities are stand-ins, for callers of the test's choice."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import httpx
from fastapi import FastAPI, Request
from temporalio.client import Client

from gateway.connection import Connection
from gateway.desk import Desk
from gateway.live import Live
from gateway.login.doors import Doors
from gateway.login.limits import Limits
from gateway.web.app import create_app
from gateway.web.problems import Problem
from gateway.web.serve import routers
from gateway.web.site import Site
from maestro.access.principals import EVERY_TENANT, Principal, PrincipalKind, Role
from maestro.artifacts import ArtifactStore
from maestro.config.gateway import ForgeConfig, Login
from maestro.config.topology import Topology, load_topology
from maestro.ledger import Ledger
from maestro.model.conduct import ConductRequest
from maestro.model.decision import Phase
from maestro.resources import resource_path
from tests.workflows.conftest import conducting, temporal
from tests.workflows.fakes import Fakes, pull_request
from workers.starting import start_workflow

__all__ = ["temporal"]

WHO = "Authorization"
TENANT = "acme"
ORIGIN = "http://127.0.0.1:8420"

FORGE = ForgeConfig(
    kind="gitea",
    name="git",
    url="https://git.example.org",
    clone_url="https://git.example.org",
    token_file=Path("/nowhere/token"),
    webhook_secret_file=Path("/nowhere/secret"),
    tenants={"acme/*": TENANT},
)

_HEADS = count(1)

CALLERS = {
    "nobody": Principal(subject="0", issuer="test", name="nobody@example.org"),
    "viewer": Principal(subject="1", issuer="test", name="vi@example.org", roles={TENANT: Role.VIEWER}),
    "reviewer": Principal(subject="2", issuer="test", name="grace@example.org", roles={TENANT: Role.REVIEWER}),
    "author": Principal(subject="3", issuer="test", name="ada", roles={TENANT: Role.REVIEWER}),
    "stranger": Principal(subject="4", issuer="test", name="eve@example.org", roles={"other": Role.ADMIN}),
    "operator": Principal(subject="5", issuer="test", name="op@example.org", roles={EVERY_TENANT: Role.OPERATOR}),
    "admin": Principal(subject="6", issuer="test", name="root@example.org", roles={EVERY_TENANT: Role.ADMIN}),
    "service": Principal(
        subject="7", issuer="test", name="ci", kind=PrincipalKind.SERVICE, roles={TENANT: Role.OPERATOR}
    ),
}


class NamedDoors:
    """Knows callers by a header of the test."""

    async def principal(self, request: Request) -> Principal:
        who = CALLERS.get(request.headers.get(WHO, "").removeprefix("Bearer "))
        if who is None:
            raise Problem(401, headers={"WWW-Authenticate": "Bearer"})
        return who

    def csrf(self, request: Request) -> str:
        return ""


@dataclass(frozen=True)
class Api:
    """An app that is served, and the server and stand-ins behind it."""

    http: httpx.AsyncClient
    site: Site
    app: FastAPI
    temporal: Client
    fakes: Fakes

    async def start(self, **changes: Any) -> str:
        """Conduct a head that nobody has seen before; its workflow id."""
        head = f"{next(_HEADS):040x}"
        asked = pull_request(head_sha=head, tenant=TENANT, **changes)
        assert await start_workflow(self.temporal, self.site.topology, ConductRequest(pull_request=asked))
        return asked.workflow_id

    async def started(self, phase: Phase, **changes: Any) -> str:
        """The same, once the pull request is in this phase."""
        workflow_id = await self.start(**changes)
        await self.until(workflow_id, phase)
        return workflow_id

    async def until(self, workflow_id: str, phase: Phase) -> None:
        async with asyncio.timeout(30):
            while (await self.site.desk.card(workflow_id)).phase is not phase:  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def get(self, path: str, who: str = "viewer") -> httpx.Response:
        return await self.http.get(path, headers={WHO: f"Bearer {who}"})

    async def act(
        self, action: str, workflow_id: str, who: str = "reviewer", *, key: str = "", **fields: Any
    ) -> httpx.Response:
        """Act on the card as it is now, unless ``card_version`` says otherwise."""
        if "card_version" not in fields:
            fields["card_version"] = (await self.site.desk.card(workflow_id)).version
        headers = {WHO: f"Bearer {who}"} | ({"Idempotency-Key": key} if key else {})
        body = {"pull_request": workflow_id, "reason": "looked at it", **fields}
        return await self.http.post(f"/api/decision/{action}", json=body, headers=headers)


@asynccontextmanager
async def serving(client: Client, fakes: Fakes, folder: Path) -> AsyncIterator[Api]:
    """The API over ``client``."""
    async with conducting(client, fakes) as conductor:
        topology = _topology(client, conductor.queue)
        connection = Connection(client, topology, "http://127.0.0.1:8233")
        with Ledger.open(f"sqlite:///{folder / f'{uuid4()}.sqlite'}") as ledger:
            desk = Desk(connection)
            site = Site(
                connection=connection,
                ledger=ledger,
                artifacts=ArtifactStore(folder / "artifacts"),
                desk=desk,
                live=Live(connection, desk),
                doors=cast("Doors", NamedDoors()),
                limits=Limits(topology.gateway),
            )
            app = create_app(site, routers())
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, timeout=60) as http:
                yield Api(http, site, app, client, fakes)
            await site.live.close()


def _topology(client: Client, queue: str) -> Topology:
    shipped = load_topology(resource_path("temporal-dev.yaml"))
    attributes = {name: kind for name, kind in shipped.search_attributes.items() if name not in _UNREGISTERED}
    temporal_ = shipped.temporal.model_copy(update={"namespace": client.namespace, "task_queue": queue})
    login = Login(issuer="https://id.example.org", client_id="maestro")
    unhurried = {"requests_per_minute": 1_000_000, "actions_per_minute": 1_000_000}
    gateway = shipped.gateway.model_copy(update={"login": login, **unhurried})
    return shipped.model_copy(
        update={"temporal": temporal_, "search_attributes": attributes, "gateway": gateway, "forges": (FORGE,)}
    )


_UNREGISTERED = frozenset({"MaestroDeadline"})
"""Of the search attributes those that the server of these tests was not told."""


def problem(response: httpx.Response) -> dict[str, Any]:
    """The body of an answer that is a problem in the form of RFC 9457."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    found = json.loads(response.content)
    assert found["status"] == response.status_code
    assert found["title"]
    return cast("dict[str, Any]", found)
