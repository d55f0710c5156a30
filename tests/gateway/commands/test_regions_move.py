"""``maestro regions failover`` and ``failback``: what whoever asks is told, by controllers of the tests' own."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest
from click.testing import CliRunner, Result
from temporalio.client import Client

from gateway.cli import cli
from gateway.commands import regions_move
from gateway.connection import Connection
from maestro.config.topology import Topology, load_topology
from maestro.ledger import FailoverKind, Ledger
from maestro.ledger.wishes import Wish
from tests import localstack
from tests.clusters.conftest import TOPOLOGY

NAMESPACE = "maestro"
Answer = Callable[[Ledger, Wish], None]


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    monkeypatch.setenv("MAESTRO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MAESTRO_LEDGER_URL", url)
    monkeypatch.setattr(regions_move, "POLL_SECONDS", 0.002)
    written = load_topology(TOPOLOGY)
    reaching(
        monkeypatch, written.model_copy(update={"temporal": written.temporal.model_copy(update={"clustered": True})})
    )
    with Ledger.open(url) as opened:
        opened.epochs.begin(NAMESPACE, 1, "north")
        yield opened


def clustered() -> Topology:
    written = load_topology(TOPOLOGY)
    return written.model_copy(update={"temporal": written.temporal.model_copy(update={"clustered": True})})


def reaching(monkeypatch: pytest.MonkeyPatch, topology: Topology) -> None:
    async def reach() -> Connection:
        return Connection(cast("Client", None), topology, "")

    monkeypatch.setattr(regions_move, "reach", reach)


@contextmanager
def controller(ledger: Ledger, answer: Answer) -> Iterator[list[Wish]]:
    """A controller that takes up the first wish and answers it."""
    over, taken = threading.Event(), list[Wish]()

    def lead() -> None:
        while not over.is_set():
            wish = ledger.wishes.take(NAMESPACE)
            if wish is not None:
                taken.append(wish)
                answer(ledger, wish)
                return
            over.wait(0.002)

    thread = threading.Thread(target=lead)
    thread.start()
    try:
        yield taken
    finally:
        over.set()
        thread.join()


def begin(ledger: Ledger, actor: str, *, to: str = "west", version: int = 2) -> int:
    return ledger.failovers.begin(
        NAMESPACE,
        FailoverKind.PLANNED,
        from_cluster="north",
        to_cluster=to,
        version=version,
        reason="?",
        actor=actor,
    )


def grants(ledger: Ledger, wish: Wish, *, outcome: str = "done") -> None:
    """Moves, and is followed at once by a failover of its own."""
    ledger.wishes.answer(wish.number, "")
    ledger.failovers.end(begin(ledger, wish.actor, to=wish.to_cluster), outcome)
    begin(ledger, "controller eu-north", to="north", version=101)


def asked(*words: str) -> Result:
    return CliRunner().invoke(cli, ["regions", *words])


def test_the_other_cluster_is_meant_where_none_is_named_and_the_epoch_is_told(ledger: Ledger) -> None:
    with controller(ledger, grants) as taken:
        told = asked("failover", "--reason", "a drill")
    assert told.exit_code == 0, told.output
    assert "west is active, in epoch 2" in told.stdout
    assert "planned failover to west" in told.stderr
    [wish] = taken
    assert (wish.kind, wish.to_cluster, wish.even_if_worse, wish.reason) == ("planned", "west", False, "a drill")


def test_what_is_said_on_the_command_line_reaches_the_controller(ledger: Ledger) -> None:
    with controller(ledger, grants) as taken:
        asked("failover", "west", "--forced", "--even-if-worse", "--reason", "fire")
    assert (taken[0].kind, taken[0].even_if_worse, taken[0].actor != "") == ("forced", True, True)


def test_back_means_home_by_a_planned_one(ledger: Ledger) -> None:
    ledger.epochs.raise_to(NAMESPACE, version=2, cluster="west", reason="north was gone")
    with controller(ledger, grants) as taken:
        told = asked("failback")
    assert told.exit_code == 0, told.output
    assert (taken[0].kind, taken[0].to_cluster, taken[0].reason) == ("planned", "north", "back home")


def test_a_refusal_is_told_with_the_controllers_reasons(ledger: Ledger) -> None:
    def refuses(ledger: Ledger, wish: Wish) -> None:
        ledger.wishes.answer(wish.number, "west is burning, so it is no better")

    with controller(ledger, refuses):
        told = asked("failover", "--reason", "a drill")
    assert told.exit_code == 1
    assert "west is burning, so it is no better" in told.stderr
    assert "Traceback" not in told.stderr


def test_one_that_failed_ends_with_1_and_says_why(ledger: Ledger) -> None:
    with controller(ledger, lambda ledger, wish: grants(ledger, wish, outcome="failed: north has fallen silent")):
        told = asked("failover", "--reason", "a drill")
    assert told.exit_code == 1
    assert "north has fallen silent" in told.stderr


def test_while_one_runs_a_second_is_refused_at_once_and_nothing_is_asked_for(ledger: Ledger) -> None:
    begin(ledger, "controller eu-north")
    told = asked("failover", "--reason", "me too")
    assert told.exit_code == 1
    assert "a planned failover to west is under way" in told.stderr
    assert ledger.wishes.take(NAMESPACE) is None


def test_without_a_controller_that_leads_it_says_so(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regions_move, "TAKEN_SECONDS", 0.01)
    told = asked("failover", "--reason", "a drill")
    assert told.exit_code == 3
    assert "no controller took it up" in told.stderr


def test_a_cluster_that_there_is_not_is_refused_before_anybody_is_asked(ledger: Ledger) -> None:
    told = asked("failover", "wets", "--reason", "a drill")
    assert told.exit_code == 2
    assert "no cluster 'wets'" in told.stderr
    assert "west" in told.stderr


def test_where_there_is_one_server_there_is_nothing_to_move(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    reaching(monkeypatch, load_topology(localstack.TOPOLOGY))
    for words in (("failover", "--reason", "a drill"), ("failback",)):
        told = asked(*words)
        assert told.exit_code == 2
        assert "maestro up --clusters" in told.stderr


def test_a_failover_needs_a_reason(ledger: Ledger) -> None:
    told = asked("failover", "west")
    assert told.exit_code == 2
    assert "--reason" in told.stderr
