"""The pages in process, over a real ledger and a real store; Temporal is a list that the test writes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from fastapi import FastAPI, Request

from gateway.api import figures, usage
from gateway.connection import Connection
from gateway.desk import Desk, UnknownPullRequestError
from gateway.listing import Filters, Found, Page
from gateway.live import Live
from gateway.login.doors import Doors
from gateway.login.limits import Limits
from gateway.pages import region_facts, router
from gateway.web.app import create_app
from gateway.web.problems import Problem
from gateway.web.site import Site
from maestro.access.principals import EVERY_TENANT, Principal, PrincipalKind, Role
from maestro.config.gateway import Login
from maestro.config.topology import Topology, load_topology
from maestro.model.decision import Decision, DecisionCard, DecisionState, Phase
from maestro.model.region import RegionHealth
from maestro.resources import resource_path
from tests.gateway.pages.reading import Read
from tests.value.past import Past, pull_request

ORIGIN = "http://127.0.0.1:8420"
STARTED = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)

ADA = Principal(subject="1", issuer="test", name="ada@example.org", roles={EVERY_TENANT: Role.ADMIN})
NORA = Principal(subject="2", issuer="test", name="nora@example.org", roles={"nordic": Role.VIEWER})
CI = Principal(subject="3", issuer="test", name="ci", kind=PrincipalKind.SERVICE, roles={EVERY_TENANT: Role.OPERATOR})


def found(number: int, **changes: Any) -> Found:
    """A line of Temporal's list."""
    one = pull_request(number)
    said: dict[str, Any] = {
        "workflow_id": one.workflow_id,
        "running": True,
        "started_at": STARTED,
        "repo": one.repo,
        "pr": one.pr,
        "tenant": one.tenant,
        "phase": Phase.RUN.value,
        "decision": DecisionState.PENDING.value,
        "region": "eu-north",
        "author": "grace@example.org",
    }
    return Found(**said | changes)


@dataclass
class FakeDesk:
    """Answers from a list. ``asked`` has the filters of every question, ``error`` is raised instead of an answer."""

    listed: list[Found] = field(default_factory=list)
    cursor: str = ""
    cards: dict[str, DecisionCard] = field(default_factory=dict)
    asked: list[Filters] = field(default_factory=list)
    error: Exception | None = None

    async def page(self, filters: Filters, *, limit: int, cursor: str = "") -> Page:
        self.asked.append(filters)
        filters.query()
        if self.error:
            raise self.error
        fitting = [one for one in self.listed if filters.tenants is None or one.tenant in filters.tenants]
        return Page(tuple(fitting[:limit]), self.cursor)

    async def card(self, workflow_id: str) -> DecisionCard:
        if workflow_id not in self.cards:
            raise UnknownPullRequestError("no such pull request")
        return self.cards[workflow_id]

    def temporal_page(self, workflow_id: str) -> str:
        return f"http://127.0.0.1:8233/namespaces/maestro/workflows/{workflow_id.replace('/', '%2F')}"

    def knows(self, number: int, *, tenant: str = "default", version: int = 5) -> str:
        """Let there be a card; the id of its workflow."""
        one = pull_request(number, tenant=tenant)
        self.cards[one.workflow_id] = DecisionCard(
            version=version,
            pull_request=one,
            phase=Phase.WAITING_FOR_PERSON,
            decision=Decision(state=DecisionState.NEEDS_PERSON, reasons=("so",)),
            generated_at=STARTED,
        )
        return one.workflow_id


@dataclass
class NamedDoor:
    """Everybody who comes is ``caller``; None is nobody."""

    caller: Principal | None = ADA
    token: str = ""

    async def principal(self, request: Request) -> Principal:
        if self.caller is None:
            raise Problem(401)
        return self.caller

    def csrf(self, request: Request) -> str:
        return self.token


@dataclass
class Stage:
    """A site and a browser before it."""

    app: FastAPI
    site: Site
    http: httpx.AsyncClient
    desk: FakeDesk
    door: NamedDoor
    past: Past

    async def get(self, path: str) -> httpx.Response:
        return await self.http.get(path)

    async def page(self, path: str, status: int = 200) -> Read:
        """The page, read as a browser does."""
        answer = await self.get(path)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        return Read(answer.text)


def healthy(region: str, **changes: Any) -> RegionHealth:
    """A region that was measured to be well."""
    said: dict[str, Any] = {
        "region": region,
        "healthy": True,
        "workers": 1,
        "heartbeat_age_seconds": 2.5,
        "measured_at": STARTED,
    }
    return RegionHealth(**said | changes)


def built(folder: Path, monkeypatch: pytest.MonkeyPatch, *, usage_counted: bool = True, login: bool = False) -> Stage:
    """The pages over a ledger in ``folder``; every region is healthy."""
    topology = _topology(usage_counted=usage_counted, login=login)

    async def measured(*_given: object) -> tuple[RegionHealth, ...]:
        return tuple(healthy(region.id) for region in topology.regions)

    monkeypatch.setattr(region_facts, "measured", measured)
    past, desk, door = Past.within(folder), FakeDesk(), NamedDoor()
    connection = Connection(cast("Any", SimpleNamespace(namespace="maestro")), topology, "http://127.0.0.1:8233")
    site = Site(
        connection=connection,
        ledger=past.ledger,
        artifacts=past.store,
        desk=cast("Desk", desk),
        live=Live(connection, cast("Desk", desk)),
        doors=cast("Doors", door),
        limits=Limits(topology.gateway),
    )
    app = create_app(site, [router, usage.router, figures.router])
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return Stage(app, site, httpx.AsyncClient(transport=transport, base_url=ORIGIN, timeout=60), desk, door, past)


@asynccontextmanager
async def staged(folder: Path, monkeypatch: pytest.MonkeyPatch, **settings: bool) -> AsyncIterator[Stage]:
    """The same, put away afterwards."""
    stage = built(folder, monkeypatch, **settings)
    async with stage.http:
        yield stage
    stage.past.ledger.close()


def _topology(*, usage_counted: bool, login: bool) -> Topology:
    shipped = load_topology(resource_path("temporal-dev.yaml"))
    told = Login(issuer="https://id.example.org", client_id="maestro") if login else None
    gateway = shipped.gateway.model_copy(
        update={"usage": usage_counted, "login": told, "requests_per_minute": 1_000_000}
    )
    return shipped.model_copy(update={"gateway": gateway})
