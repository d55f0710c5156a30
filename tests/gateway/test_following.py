"""Commands while the namespace moves: which cluster they reach, and how a start outlives a failover."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from gateway import conduct, connection
from gateway.conduct import start
from gateway.connection import Connection
from maestro.config.topology import Topology, load_topology
from maestro.errors import PlatformUnavailable
from maestro.ledger import Ledger
from maestro.model.conduct import ConductRequest
from maestro.model.pull_request import PullRequest
from maestro.model.tests import SelectionMode
from tests import localstack
from tests.clusters.conftest import TOPOLOGY

NAMESPACE = "maestro"
PULL_REQUEST = PullRequest(
    repository="/srv/shop", repo="shop", pr="7", base_sha="0" * 40, merge_base_sha="0" * 40, head_sha="a" * 40
)


def clustered() -> Topology:
    written = load_topology(TOPOLOGY)
    return written.model_copy(update={"temporal": written.temporal.model_copy(update={"clustered": True})})


class World:
    """Two clusters, of which the ``silent`` ones take no connection; ``answers`` is what a start meets, in turn."""

    def __init__(self) -> None:
        self.silent: set[str] = set()
        self.answers: list[Exception] = []
        self.started_at: list[str] = []

    async def connect_cluster(self, _topology: Topology, cluster: str, **_how: object) -> Any:
        if cluster in self.silent:
            raise PlatformUnavailable(f"the cluster {cluster} does not answer")
        return self.client(cluster)

    def client(self, cluster: str) -> Client:
        async def start_workflow(_name: str, _request: ConductRequest, **_options: object) -> None:
            if self.answers:
                raise self.answers.pop(0)
            self.started_at.append(cluster)

        return cast("Client", SimpleNamespace(cluster=cluster, namespace=NAMESPACE, start_workflow=start_workflow))


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    found = World()
    monkeypatch.setattr(connection, "connect_cluster", found.connect_cluster)
    monkeypatch.setattr(conduct, "RETRY_SECONDS", 0.001)
    return found


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    monkeypatch.setenv("MAESTRO_LEDGER_URL", url)
    with Ledger.open(url) as opened:
        opened.epochs.begin(NAMESPACE, 1, "north")
        yield opened


def at(world: World, cluster: str, topology: Topology | None = None) -> Connection:
    return Connection(world.client(cluster), topology or clustered(), "")


def reached(connected: Connection) -> str:
    return str(cast("Any", connected.client).cluster)


def force(ledger: Ledger) -> None:
    ledger.epochs.raise_to(NAMESPACE, version=2, cluster="west", reason="north is gone")


async def test_a_command_goes_to_the_cluster_that_the_ledger_names(world: World, ledger: Ledger) -> None:
    connected = at(world, "north")
    force(ledger)
    assert await connected.renew()
    assert reached(connected) == "west"


async def test_while_that_one_does_not_answer_another_one_passes_it_on(world: World, ledger: Ledger) -> None:
    force(ledger)
    world.silent = {"west"}
    connected = at(world, "north")
    assert await connected.renew()
    assert reached(connected) == "north"


async def test_where_nobody_answers_a_command_stays_where_it_was(world: World, ledger: Ledger) -> None:
    world.silent = {"north", "west"}
    connected = at(world, "north")
    assert not await connected.renew()
    assert reached(connected) == "north"


async def test_before_the_first_epoch_the_home_is_asked(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAESTRO_LEDGER_URL", f"sqlite:///{tmp_path / 'empty.sqlite'}")
    connected = at(world, "west")
    assert await connected.renew()
    assert reached(connected) == "north"


async def test_one_server_is_never_left(world: World) -> None:
    assert not await at(world, "", load_topology(localstack.TOPOLOGY)).renew()


async def test_a_start_is_noted_before_a_cluster_hears_of_it(
    world: World, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.answers = [RPCError("no such namespace", RPCStatusCode.NOT_FOUND, b"")]
    with pytest.raises(Exception, match="no such namespace"):
        await start(at(world, "north"), PULL_REQUEST, mode=SelectionMode.STANDARD, again=False)
    [noted] = ledger.starts.open(NAMESPACE)
    assert noted.workflow_id == PULL_REQUEST.workflow_id
    assert ConductRequest.model_validate_json(noted.request_json).pull_request == PULL_REQUEST


async def test_a_start_that_meets_a_failover_goes_on_at_the_other_cluster(world: World, ledger: Ledger) -> None:
    world.answers = [
        RPCError("too late", RPCStatusCode.DEADLINE_EXCEEDED, b""),
        RPCError("away", RPCStatusCode.UNAVAILABLE, b""),
    ]
    force(ledger)
    started = await start(at(world, "north"), PULL_REQUEST, mode=SelectionMode.STANDARD, again=False)
    assert started.workflow_id == PULL_REQUEST.workflow_id
    assert not started.joined
    assert world.started_at == ["west"]
    assert len(ledger.starts.open(NAMESPACE)) == 1


async def test_a_start_is_not_tried_for_ever(world: World, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conduct, "FAILOVER_SECONDS", -1.0)
    world.answers = [RPCError("away", RPCStatusCode.UNAVAILABLE, b"")] * 2
    with pytest.raises(PlatformUnavailable, match="away"):
        await start(at(world, "north"), PULL_REQUEST, mode=SelectionMode.STANDARD, again=False)
    assert world.started_at == []


async def test_one_server_needs_no_note(world: World, ledger: Ledger) -> None:
    alone = at(world, "", load_topology(localstack.TOPOLOGY))
    started = await start(alone, PULL_REQUEST, mode=SelectionMode.STANDARD, again=False)
    assert not started.joined
    assert ledger.starts.open(NAMESPACE) == ()
