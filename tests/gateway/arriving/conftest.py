"""A GitHub with a real repository behind it, a gateway with its webhooks, and a Temporal server that conducts."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import httpx
import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from gateway.arriving.services import ArrivalServices
from gateway.arriving.worker import following_arrivals
from gateway.conduct import card_of, handle_of
from gateway.connection import Connection
from gateway.desk import Desk
from gateway.live import Live
from gateway.login.doors import Doors
from gateway.login.limits import Limits
from gateway.web.app import create_app
from gateway.web.site import Site
from gateway.webhooks import router
from maestro.access.principals import Role
from maestro.artifacts import ArtifactStore
from maestro.config.gateway import ForgeConfig, RoleRule
from maestro.config.topology import Topology, load_topology
from maestro.execution.places import Places
from maestro.ledger import Ledger
from maestro.model.arrival import Followed
from maestro.model.decision import DecisionCard, Phase
from maestro.resources import resource_path
from tests.execution.repositories import Repository
from tests.forges.github.examples import SECRET, headers
from tests.forges.github.fake import FakeGitHub, Repo
from tests.forges.github.site import client as github_client
from tests.workflows.conftest import conducting, skipping, temporal
from tests.workflows.fakes import Fakes, needs_person_until_approved

__all__ = ["skipping", "temporal"]
"""Fixtures, which pytest looks for here."""

FORGE = "github"
PR = 7
PATIENCE_SECONDS = 60


class ForgeWithPulls(FakeGitHub):
    """Also shows of a pull request its title, its author, its labels and where it is."""

    def _get_pull(self, repo: Repo, *, number: str, **more: Any) -> httpx.Response:
        answer = super()._get_pull(repo, number=number, **more)
        known = repo.pulls.get(int(number))
        if known is None:
            return answer
        shown = answer.json()
        address = {"full_name": known["repo"], "clone_url": f"https://forge.example/{known['repo']}.git"}
        for side in ("head", "base"):
            shown[side]["repo"] |= address
        shown["head"]["ref"] = known.get("head_ref", "feature")
        shown["title"] = known["title"]
        shown["user"] |= {"login": known["login"], "type": known.get("type", "User")}
        shown["labels"] = [{"name": name} for name in known["labels"]]
        return httpx.Response(200, json=shown)


@dataclass
class World:
    """What the tests see: the forge from its own side, the repository, and what is conducted."""

    http: httpx.AsyncClient
    connection: Connection
    services: ArrivalServices
    fake: ForgeWithPulls
    origin: Repository
    repo: str
    fakes: Fakes
    prs: dict[int, dict[str, Any]] = field(default_factory=dict)

    # What happens at the forge.

    def open(self, number: int = PR, **changes: Any) -> str:
        """A pull request with a first commit; its head."""
        known = {"repo": self.repo, "base": "main", "state": "open", "draft": False, "merged": False}
        known |= {"title": "Round prices once", "login": "ada", "labels": []}
        self.site.pulls[number] = self.prs[number] = known | changes
        return self.push(number)

    def push(self, number: int = PR, *, forced: bool = False) -> str:
        """Another commit on the pull request's branch, on top of its head or, ``forced``, in its place."""
        pull = self.prs[number]
        self.origin.git(
            "checkout", "--quiet", "-B", f"feature-{number}", pull.get("head", "main") if not forced else "main"
        )
        sha = self.origin.commit({f"{uuid4()}.py": "x = 1\n"}, "Change")
        self.origin.git("checkout", "--quiet", "main")
        return self.point(number, sha)

    def point(self, number: int, sha: str) -> str:
        self.prs[number]["head"] = sha
        self.site.trees[sha] = sha
        return sha

    @property
    def site(self) -> Repo:
        return self.fake.repos[self.repo]

    # What it tells.

    def payload(self, action: str, number: int = PR, *, head: str = "", **changes: Any) -> dict[str, Any]:
        """A delivery about the pull request as it is, or, with ``head``, as it was."""
        pull = self.prs[number]
        address = {"id": 1, "full_name": self.repo, "clone_url": f"https://forge.example/{self.repo}.git"}
        user = {"login": pull["login"], "id": 5, "type": "User"}
        return {
            "action": action,
            "number": number,
            "pull_request": {
                "number": number,
                "state": pull["state"],
                "title": pull["title"],
                "user": user,
                "head": {"ref": "feature", "sha": head or pull["head"], "repo": {"id": 1}},
                "base": {"ref": pull["base"], "sha": self.site.refs["main"], "repo": {"id": 1}},
                "labels": [{"name": name} for name in pull["labels"]],
                "draft": pull["draft"],
                "merged": pull["merged"],
                "merge_commit_sha": pull.get("landed"),
            },
            "repository": address,
            "sender": user,
        } | changes

    def review(self, login: str, state: str, *, sha: str, kind: str = "User") -> dict[str, Any]:
        user = {"login": login, "id": 9, "type": kind}
        review = {"user": user, "state": state, "commit_id": sha, "author_association": "MEMBER"}
        return self.payload("submitted", review=review, sender=user)

    def check_run(self, action: str, login: str, *, sha: str, pr: str = str(PR), **changes: Any) -> dict[str, Any]:
        key = f"status/{self.repo}/{pr}/{sha}/2.abc" if pr else ""
        run = {"head_sha": sha, "external_id": key, "pull_requests": [], "app": {"id": 4_711}}
        address = {"id": 1, "full_name": self.repo, "clone_url": f"https://forge.example/{self.repo}.git"}
        sender = {"login": login, "id": 9, "type": "User"}
        return {"action": action, "check_run": run, "repository": address, "sender": sender} | changes

    async def deliver(self, event: str, payload: Any) -> httpx.Response:
        # GitHub's bodies differ from each other by what they hold, as by the time of each change.
        body = json.dumps(payload).encode()
        return await self.http.post(f"/webhooks/{FORGE}", content=body, headers=headers(event, body))

    async def tell(self, event: str, payload: Any) -> str:
        """Deliver something new and wait until it is followed; what was done."""
        before = len(await self.followed())
        answer = await self.deliver(event, payload | {"at": str(uuid4())})
        assert answer.status_code == 202, answer.text
        return (await self.followed(before + 1))[-1]

    # What comes of it.

    async def followed(self, at_least: int = 0, *, subject: str = str(PR)) -> list[str]:
        """What was done for a pull request so far, once that many things were."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(said := await self._said(f"arrival/{FORGE}/{self.repo}/{subject}")) < at_least:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        return said

    async def _said(self, workflow_id: str) -> list[str]:
        handle = self.connection.client.get_workflow_handle(workflow_id)
        said = []
        try:
            async for event in handle.fetch_history_events():
                if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
                    payloads = event.activity_task_completed_event_attributes.result.payloads
                    [result] = await self.connection.client.data_converter.decode(payloads, [dict])
                    said += [Followed.model_validate(result).said] if set(result) == {"said"} else []
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
        return said

    def id(self, sha: str, pr: str = str(PR)) -> str:
        return f"pr/{self.repo}/{pr}/{sha}"

    async def status(self, sha: str, pr: str = str(PR)) -> WorkflowExecutionStatus | None:
        """Whether the head is conducted; None where it never was."""
        try:
            return (await handle_of(self.connection, self.id(sha, pr)).describe()).status
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return None
            raise

    async def card(self, sha: str, pr: str = str(PR)) -> DecisionCard:
        return await card_of(handle_of(self.connection, self.id(sha, pr)))

    async def card_in(self, sha: str, phase: Phase, pr: str = str(PR)) -> DecisionCard:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (card := await self.card(sha, pr)).phase is not phase:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        return card

    async def until_running(self, sha: str) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await self.status(sha) is not WorkflowExecutionStatus.RUNNING:  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def runs(self, sha: str) -> int:
        """How often the head was conducted, as its rounds of placement tell."""
        query = f"WorkflowId = '{self.id(sha)}'"
        return len([one async for one in self.connection.client.list_workflows(query)])


Making = Callable[..., Awaitable[World]]


@asynccontextmanager
async def world_of(
    client: Client, folder: Path, monkeypatch: pytest.MonkeyPatch, **settings: Any
) -> AsyncIterator[World]:
    """``settings`` change the forge's; ``fakes`` are the stand-ins of conducting."""
    fakes = settings.pop("fakes", None) or Fakes()
    follows = settings.pop("follows", True)
    repo = f"acme/shop-{uuid4().hex[:8]}"
    origin = Repository(folder / "origin" / f"{repo}.git")
    fake = ForgeWithPulls()
    fake.repos[repo] = Repo(refs={"main": origin.commit({"app.py": "x = 0\n"}, "Begin")})
    for name, value in {"COUNT": "1", "KEY_0": f"url.file://{folder}/origin/.insteadOf", "VALUE_0": _HERE}.items():
        monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
    async with conducting(client, fakes) as conductor:
        topology = _topology(client, conductor.queue, _forge(folder, settings))
        connection = Connection(client, topology, "")
        with Ledger.open(f"sqlite:///{folder / 'ledger.sqlite'}") as ledger:
            forge = github_client(fake)
            services = ArrivalServices(
                connection, ledger, Places.under(folder / "home"), forge=lambda _: forge, sleep=_at_once
            )
            async with _served(connection, ledger, folder) as http:
                world = World(http, connection, services, fake, origin, repo, fakes)
                if follows:
                    async with following_arrivals(services):
                        yield world
                else:
                    yield world
            await forge.close()


_HERE = "https://forge.example/"


async def _at_once(_seconds: float) -> None:
    await asyncio.sleep(0)


@asynccontextmanager
async def _served(connection: Connection, ledger: Ledger, folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    desk = Desk(connection)
    site = Site(
        connection=connection,
        ledger=ledger,
        artifacts=ArtifactStore(folder / "artifacts"),
        desk=desk,
        live=Live(connection, desk),
        doors=cast("Doors", None),
        limits=Limits(connection.topology.gateway),
    )
    transport = httpx.ASGITransport(create_app(site, [router]), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8420", timeout=60) as http:
        yield http
    await site.live.close()


def _forge(folder: Path, settings: dict[str, Any]) -> ForgeConfig:
    secret = folder / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    known = {
        "kind": "github",
        "name": FORGE,
        "url": "https://forge.example/api/v3",
        "clone_url": "https://forge.example",
        "token_file": secret,
        "webhook_secret_file": secret,
        "tenants": {"acme/*": "acme"},
        "publish": ("status",),
    }
    return ForgeConfig.model_validate(known | settings)


def _topology(client: Client, queue: str, forge: ForgeConfig) -> Topology:
    shipped = load_topology(resource_path("temporal-dev.yaml"))
    attributes = {name: kind for name, kind in shipped.search_attributes.items() if name not in _UNREGISTERED}
    rules = (
        RoleRule(role=Role.REVIEWER, tenants=("acme",), forge=FORGE, login="Grace"),
        RoleRule(role=Role.REVIEWER, tenants=("acme",), forge=FORGE, login="ada"),
        RoleRule(role=Role.REVIEWER, tenants=("acme",), forge=FORGE, login="robot"),
        RoleRule(role=Role.VIEWER, tenants=("acme",), forge=FORGE, login="vi"),
        RoleRule(role=Role.ADMIN, tenants=("other",), forge=FORGE, login="olga"),
        RoleRule(role=Role.ADMIN, forge="elsewhere", login="eve"),
    )
    return shipped.model_copy(
        update={
            "temporal": shipped.temporal.model_copy(update={"namespace": client.namespace, "task_queue": queue}),
            "search_attributes": attributes,
            "gateway": shipped.gateway.model_copy(update={"roles": rules}),
            "forges": (forge,),
        }
    )


_UNREGISTERED = frozenset({"MaestroAuthor", "MaestroDeadline"})
"""Of the search attributes those that the server of these tests was not told."""


@pytest.fixture
async def world(temporal: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """Pull requests whose tests run until they are let go."""
    fakes = Fakes(hold_shards=asyncio.Event())
    async with world_of(temporal, tmp_path, monkeypatch, fakes=fakes) as made:
        yield made


@pytest.fixture
async def reviewed(temporal: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """Pull requests that wait for a person."""
    fakes = Fakes(decide_as=needs_person_until_approved)
    async with world_of(temporal, tmp_path, monkeypatch, fakes=fakes) as made:
        yield made


@pytest.fixture
async def green(temporal: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """Pull requests whose tests pass at once."""
    async with world_of(temporal, tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture
async def failing(temporal: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """Pull requests with a test that fails the first time."""
    async with world_of(temporal, tmp_path, monkeypatch, fakes=Fakes(failing=[1])) as made:
        yield made
