"""The webhooks' route in process, over a Temporal that takes what it is given, or does not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from fastapi import FastAPI
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from gateway.arriving import delivering
from gateway.connection import Connection
from gateway.login.limits import Limits
from gateway.web.app import create_app
from gateway.web.site import Site
from gateway.webhooks import router
from maestro.config.gateway import ForgeConfig
from maestro.config.topology import load_topology
from maestro.model.arrival import Arrived
from maestro.resources import resource_path
from tests.forges.github.examples import SECRET


@dataclass
class TakingClient:
    """Takes what is handed over; ``errors`` are raised first, one at a time."""

    taken: list[tuple[str, Arrived]] = field(default_factory=list)
    queues: set[str] = field(default_factory=set)
    errors: list[RPCStatusCode] = field(default_factory=list)
    tries: int = 0

    async def start_workflow(self, name: str, request: object, **options: Any) -> None:
        self.tries += 1
        if self.errors:
            raise RPCError("the frontend does not answer", self.errors.pop(0), b"")
        self.queues.add(options["task_queue"])
        self.taken.append((options["id"], options["start_signal_args"][0]))


@dataclass(frozen=True)
class Gate:
    """What a forge reaches. ``secret`` is the file of GitHub's."""

    app: FastAPI
    http: httpx.AsyncClient
    temporal: TakingClient
    secret: Path


@asynccontextmanager
async def gate_in(folder: Path) -> AsyncIterator[Gate]:
    client = TakingClient()
    topology = load_topology(resource_path("temporal-dev.yaml"))
    secret = _file(folder / "secret", SECRET)
    forges = tuple(_forge(folder, kind, secret) for kind in ("github", "gitea"))
    topology = topology.model_copy(update={"forges": forges})
    site = cast("Any", Site)(
        connection=Connection(cast("Client", client), topology, ""),
        ledger=None,
        artifacts=None,
        desk=None,
        live=_Still(),
        doors=None,
        limits=Limits(topology.gateway),
    )
    app = create_app(site, [router])
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8420") as http:
        yield Gate(app, http, client, secret)


class _Still:
    async def close(self) -> None:
        """Nothing is live."""


def _forge(folder: Path, kind: str, secret: Path) -> ForgeConfig:
    known = {"kind": kind, "name": kind, "url": "https://forge.example", "clone_url": "https://forge.example"}
    return ForgeConfig.model_validate(known | {"token_file": secret, "webhook_secret_file": secret})


def _file(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


@pytest.fixture
async def gate(tmp_path: Path) -> AsyncIterator[Gate]:
    async with gate_in(tmp_path) as made:
        yield made


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivering, "PAUSE_SECONDS", 0.0)
