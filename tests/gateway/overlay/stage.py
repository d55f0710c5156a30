"""A gateway that plays one pull request for the overlay: the contract of the API, with a card that a test changes."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, StreamingResponse

from gateway.api.models import ActionView, CardView, UnavailableView, You
from gateway.api.unavailable import WHY
from gateway.overlay import router
from gateway.web.headers import Frame
from gateway.web.metrics import Metrics
from gateway.web.problems import Problem, handle_problems, unknown
from maestro.config.gateway import ForgeConfig, GatewayConfig
from maestro.model.decision import ActionKind, DecisionCard, TimelineEntry
from tests.render.sample_cards import NEEDS_PERSON

TESTS = [f"tests/test_cart.py::test_total[{number}]" for number in range(120)]
STALE = "/problems/stale-card"


@dataclass
class Stage:
    """What the gateway would know. ``sent`` are the actions that arrived, ``done`` those that were done, by key."""

    card: DecisionCard = field(default_factory=lambda: NEEDS_PERSON.model_copy(update={"version": 7}))
    running: bool = True
    logged_in: bool = True
    newest: str = ""
    temporal_ui: str = "http://127.0.0.1:8233/namespaces/maestro/workflows/pr"
    forbidden: dict[str, str] = field(default_factory=dict)
    refusal: Problem | None = None
    csrf: str = "token-1"
    sent: list[tuple[str, dict[str, Any], str]] = field(default_factory=list)
    done: dict[str, dict[str, Any]] = field(default_factory=dict)
    beacons: list[dict[str, Any]] = field(default_factory=list)

    @property
    def head(self) -> str:
        return self.card.pull_request.head_sha

    def let_in(self, head: str) -> None:
        if not self.logged_in:
            raise Problem(401, "", "Log in first.")
        if head != self.head:
            raise unknown()

    def change(self, *, happened: str = "Something happened", **update: Any) -> None:
        """The next version of the card."""
        entry = TimelineEntry(at=self.card.generated_at, event=happened)
        timeline = (*self.card.timeline, entry)
        self.card = self.card.model_copy(update={"timeline": timeline, "version": self.card.version + 1, **update})

    def view(self) -> dict[str, Any]:
        address = f"/api/pull-requests/{self.card.pull_request.workflow_id.removeprefix('pr/')}/documents"
        return CardView(
            workflow_id=self.card.pull_request.workflow_id,
            card=self.card,
            running=self.running,
            actions=tuple(self._offers()) if self.running else (),
            unavailable=tuple(
                UnavailableView(action=which, label=label, why=why) for which, (label, why) in WHY.items()
            ),
            you=You(name="grace", kind="person"),
            temporal_ui=self.temporal_ui,
            links={"narrative_html": f"{address}/narrative.html", "bundle": f"{address}/bundle.tar.gz"},
        ).model_dump(mode="json")

    def _offers(self) -> list[ActionView]:
        return [
            ActionView(
                kind=offer.kind,
                label=offer.label,
                effect=offer.effect,
                url=f"/api/decision/{'tests' if offer.kind is ActionKind.ESCALATE_TESTS else offer.kind.value}",
                allowed=offer.kind.value not in self.forbidden,
                why_not=self.forbidden.get(offer.kind.value, ""),
                needs_reason=offer.kind is ActionKind.REJECT,
            )
            for offer in self.card.actions
        ]


def app_of(stage: Stage, gateway: GatewayConfig, forges: tuple[ForgeConfig, ...] = ()) -> Frame:
    """The app, with the headers and the problems of the real one."""
    app = FastAPI(openapi_url=None)
    app.state.site = SimpleNamespace(config=gateway, topology=SimpleNamespace(forges=forges))
    app.include_router(router())
    handle_problems(app)
    _reading(app, stage)
    _acting(app, stage)
    return Frame(app, metrics=Metrics(), is_https=False)


def _reading(app: FastAPI, stage: Stage) -> None:
    @app.get("/api/me")
    async def me() -> dict[str, Any]:
        stage.let_in(stage.head)
        return {"name": "grace", "kind": "person", "roles": {"*": "reviewer"}, "csrf": stage.csrf}

    @app.get("/api/pull-requests")
    async def listed(repo: str, pr: str) -> dict[str, Any]:
        asked = stage.card.pull_request
        head = stage.newest or stage.head
        items = [{"head_sha": head}] if (repo, pr) == (asked.repo, asked.pr) else []
        return {"items": items, "next": None}

    @app.get("/api/pull-requests/{repo:path}/{pr}/{head}/events")
    async def events(head: str) -> StreamingResponse:
        stage.let_in(head)
        return StreamingResponse(_events(stage), media_type="text/event-stream")

    @app.get("/api/pull-requests/{repo:path}/{pr}/{head}/tests")
    async def tests(head: str, side: str, limit: int, cursor: str = "") -> dict[str, Any]:
        stage.let_in(head)
        first = int(cursor or 0)
        rows = [{"test": test, "reason": f"Is {side}.", "expected_seconds": 1.5} for test in TESTS]
        more = str(first + limit) if first + limit < len(rows) else None
        return {"items": rows[first : first + limit], "total": len(rows), "next": more}

    @app.get("/api/pull-requests/{repo:path}/{pr}/{head}")
    async def card(head: str) -> dict[str, Any]:
        stage.let_in(head)
        return stage.view()

    @app.get("/regions/{region}")
    async def region(region: str) -> PlainTextResponse:
        return PlainTextResponse(region)


async def _events(stage: Stage) -> AsyncIterator[str]:
    sent = None
    while True:
        now = (stage.card.version, stage.head, stage.running, stage.card.pull_request.title)
        if now != sent:
            text = json.dumps(stage.view())
            yield f"event: card\nid: {stage.card.version}\ndata: {text}\n\n"
            sent = now
        if not stage.running:
            yield "event: end\ndata: {}\n\n"
            return
        await asyncio.sleep(0.03)


def _acting(app: FastAPI, stage: Stage) -> None:
    @app.post("/api/decision/{kind}")
    async def act(kind: str, request: Request) -> dict[str, Any]:
        body, key = await request.json(), request.headers.get("idempotency-key", "")
        stage.sent.append((kind, body, key))
        stage.let_in(stage.head)
        if request.headers.get("x-maestro-csrf", "") != stage.csrf:
            raise Problem(403, "", "The request does not come from this page.")
        if stage.refusal is not None:
            raise stage.refusal
        if key in stage.done:
            return stage.done[key]
        if body["card_version"] != stage.card.version:
            raise Problem(409, "The card has changed", type=STALE, fix="look at the card", card=stage.view())
        stage.change(happened=f"{kind} by grace")
        stage.done[key] = {
            "action_id": key,
            "action": kind,
            "changed": f"{kind} was done",
            "card_version": stage.card.version,
            "state": stage.card.decision.state.value,
        }
        return stage.done[key]

    @app.post("/api/usage", status_code=204)
    async def usage(request: Request) -> None:
        stage.beacons.append(await request.json())


class Running:
    """A server on a port of its own, which can be killed and started again there."""

    def __init__(self, app: Any, port: int = 0) -> None:
        self._app = app
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            self.port = probe.getsockname()[1]
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def serve(self, app: Any) -> None:
        """Serve another app from the next start on."""
        self._app = app

    def start(self) -> None:
        config = uvicorn.Config(
            self._app, port=self.port, log_level="error", lifespan="off", timeout_graceful_shutdown=0
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)

    async def _serve(self) -> None:
        """Until it is killed: then every connection is cut, also in the middle of an answer."""
        await self._server.serve()
        for connection in list(self._server.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0.05)

    def kill(self) -> None:
        if self._thread is None:
            return
        self._server.should_exit = self._server.force_exit = True
        self._thread.join()
        self._thread = None
