"""Moving the namespace: what the ledger says of it is there whole or not at all, and only a leader writes it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from temporalio.exceptions import WorkflowAlreadyStartedError

from maestro.errors import Conflict, StaleEpoch, StaleFence
from maestro.ledger import FailoverKind, Lease, Ledger
from maestro.ledger.failovers import FailoverRow
from maestro.model.record import DecisionRecord, RecordKind
from maestro.model.region import Epoch, Standing
from maestro.regions.failover import FailoverDecision
from maestro.regions.failover import FailoverKind as Kind
from tests.workers.control.world import SystemClient, World, unreachable
from workers.control import moving
from workers.control.clusters import Clusters
from workers.control.moving import Mover

NAMESPACE = "maestro"
NORTH = Standing(region="eu-north", epoch=1, namespace=NAMESPACE)
FORCED = FailoverDecision(kind=Kind.FORCED, to_cluster="west", reasons=("north burns", "nobody answers there"))
PLANNED = FailoverDecision(kind=Kind.PLANNED, to_cluster="west", reasons=("a person asked for it",))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}") as opened:
        opened.epochs.begin(NAMESPACE, 1, "north")
        yield opened


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """Where north is active and both sides answer, and Temporal's handover succeeds."""
    found = World()
    handover_is(monkeypatch, SystemClient(found))
    monkeypatch.setattr(moving, "SETTLE_SECONDS", 0.0)
    monkeypatch.setattr(moving, "FLIP_PAUSE_SECONDS", 0.001)
    return found


def handover_is(monkeypatch: pytest.MonkeyPatch, system: SystemClient | Exception) -> None:
    async def connect_cluster(*_which: object, **_how: object) -> SystemClient:
        if isinstance(system, Exception):
            raise system
        return system

    monkeypatch.setattr(moving, "connect_cluster", connect_cluster)


def lead(ledger: Ledger, holder: str = "controller eu-north") -> Lease:
    return ledger.leases.acquire("controller/maestro", holder=holder, ttl_seconds=60)


def mover(world: World, ledger: Ledger, lease: Lease) -> Mover:
    return Mover(cast("Clusters", world), ledger, lease, actor=lease.holder)


def epoch_of(ledger: Ledger) -> Epoch:
    epoch = ledger.epochs.current(NAMESPACE)
    assert epoch is not None
    return epoch


def recorded(ledger: Ledger) -> list[DecisionRecord]:
    return [stored.record for stored in ledger.records.list(kind=RecordKind.FAILOVER)]


def last(ledger: Ledger) -> FailoverRow:
    return ledger.failovers.recent(NAMESPACE, 1)[0]


def assert_nothing_is_written(ledger: Ledger) -> None:
    epoch = epoch_of(ledger)
    assert (epoch.version, epoch.cluster, epoch.leaving) == (1, "north", None)
    assert ledger.failovers.recent(NAMESPACE) == ()
    assert recorded(ledger) == []


async def test_a_forced_failover_is_the_epoch_the_row_and_the_record_and_then_the_namespace(
    world: World, ledger: Ledger
) -> None:
    world.silent = {"north"}
    held = ledger.leases.acquire("shard/1", holder="a", ttl_seconds=60, standing=NORTH)
    lease = lead(ledger)
    await mover(world, ledger, lease).begin(FORCED, epoch_of(ledger), inputs="sha256:1")
    assert (epoch_of(ledger).version, epoch_of(ledger).cluster, epoch_of(ledger).leaving) == (2, "west", None)
    row = last(ledger)
    assert (row.kind, row.version, row.outcome, row.actor) == ("forced", 2, "done", lease.holder)
    [record] = recorded(ledger)
    assert record.outcome == "forced to west under 2"
    assert record.reason == "north burns; nobody answers there"
    assert record.inputs == {"situation": "sha256:1"}
    assert (world.active, world.version) == ("west", 2)
    with pytest.raises(StaleFence):
        ledger.effects.commit("k", lease=held, request_digest="d", result={})


async def test_whoever_asked_stands_in_the_row_and_in_the_record(world: World, ledger: Ledger) -> None:
    await mover(world, ledger, lead(ledger)).begin(FORCED, epoch_of(ledger), inputs="", asked_by="ada")
    assert (last(ledger).actor, recorded(ledger)[0].actor) == ("ada", "ada")


async def test_where_nothing_is_to_move_nothing_is_written(world: World, ledger: Ledger) -> None:
    stays = FailoverDecision(reasons=("all is well",))
    await mover(world, ledger, lead(ledger)).begin(stays, epoch_of(ledger), inputs="")
    assert_nothing_is_written(ledger)
    assert world.asked == []


@pytest.mark.parametrize("decision", [FORCED, PLANNED], ids=["forced", "planned"])
async def test_a_controller_that_lost_its_lease_writes_nothing_and_asks_for_nothing(
    world: World, ledger: Ledger, decision: FailoverDecision
) -> None:
    frozen = lead(ledger)
    ledger.leases.release(frozen)
    lead(ledger, "controller eu-west")
    with pytest.raises(StaleFence, match="controller eu-west has fence 2"):
        await mover(world, ledger, frozen).begin(decision, epoch_of(ledger), inputs="")
    with pytest.raises(StaleFence):
        await mover(world, ledger, frozen).adopt(
            epoch_of(ledger), world.says().model_copy(update={"failover_version": 2})
        )
    assert_nothing_is_written(ledger)
    assert (world.asked, world.handovers) == ([], [])


async def test_a_decision_on_an_epoch_that_is_over_writes_nothing(world: World, ledger: Ledger) -> None:
    looked = epoch_of(ledger)
    ledger.epochs.raise_to(NAMESPACE, version=2, cluster="west", reason="somebody was faster")
    with pytest.raises(StaleEpoch):
        await mover(world, ledger, lead(ledger)).begin(FORCED, looked, inputs="")
    assert ledger.failovers.recent(NAMESPACE) == ()
    assert recorded(ledger) == []
    assert world.asked == []


async def test_while_a_failover_runs_another_one_raises_no_epoch(world: World, ledger: Ledger) -> None:
    ledger.failovers.begin(
        NAMESPACE, FailoverKind.FORCED, from_cluster="north", to_cluster="west", version=2, reason="?", actor="?"
    )
    held = ledger.leases.acquire("shard/1", holder="a", ttl_seconds=60, standing=NORTH)
    with pytest.raises(Conflict, match="under way already"):
        await mover(world, ledger, lead(ledger)).begin(FORCED, epoch_of(ledger), inputs="")
    assert epoch_of(ledger).version == 1
    assert recorded(ledger) == []
    assert ledger.effects.commit("k", lease=held, request_digest="d", result={}).first


async def test_another_cluster_is_asked_where_the_one_that_takes_over_refuses(world: World, ledger: Ledger) -> None:
    world.refusing = {"west"}
    await mover(world, ledger, lead(ledger)).begin(FORCED, epoch_of(ledger), inputs="")
    assert world.asked == [("west", "west"), ("west", "north")]
    assert last(ledger).outcome == "done"


async def test_a_failover_that_its_controller_did_not_end_is_carried_on_by_the_next_and_its_late_word_is_refused(
    world: World, ledger: Ledger
) -> None:
    world.silent = {"north", "west"}
    lease = lead(ledger)
    frozen = mover(world, ledger, lease)
    begun = asyncio.create_task(frozen.begin(FORCED, epoch_of(ledger), inputs=""))
    await world.busy.wait()
    begun.cancel()
    await asyncio.wait([begun])
    row = ledger.failovers.running(NAMESPACE)
    assert row is not None
    assert row.step == "flip"
    ledger.leases.release(lease)
    world.silent = {"north"}
    following = mover(world, ledger, lead(ledger, "controller eu-west"))
    with pytest.raises(StaleFence):
        await frozen.resume(row)
    assert ledger.failovers.running(NAMESPACE) == row
    await following.resume(row)
    assert last(ledger).outcome == "done"
    assert (epoch_of(ledger).version, len(recorded(ledger))) == (2, 1)


async def test_a_planned_failover_admits_both_sides_until_it_is_settled_and_revokes_nothing(
    world: World, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = ledger.leases.acquire("shard/1", holder="a", ttl_seconds=60, standing=NORTH)
    under_way: list[Epoch] = []

    class Watching(SystemClient):
        async def start_workflow(self, _name: str, request: dict[str, object], *, id: str, **more: object) -> object:  # noqa: A002
            under_way.append(await asyncio.to_thread(epoch_of, ledger))
            return await super().start_workflow(_name, request, id=id, **more)

    handover_is(monkeypatch, Watching(world))
    await mover(world, ledger, lead(ledger)).begin(PLANNED, epoch_of(ledger), inputs="")
    assert [(one.version, one.cluster, one.leaving) for one in under_way] == [(2, "west", 1)]
    assert (epoch_of(ledger).version, epoch_of(ledger).leaving) == (2, None)
    assert (last(ledger).outcome, world.active) == ("done", "west")
    assert world.asked == [], "nothing was forced"
    assert ledger.effects.commit("k", lease=held, request_digest="d", result={}).first


async def test_a_handover_that_fails_is_withdrawn_and_the_next_one_is_recorded_for_itself(
    world: World, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    handover_is(monkeypatch, unreachable())
    moves = mover(world, ledger, lead(ledger))
    await moves.begin(PLANNED, epoch_of(ledger), inputs="")
    epoch = epoch_of(ledger)
    assert (epoch.version, epoch.cluster, epoch.leaving) == (1, "north", None)
    assert last(ledger).outcome.startswith("failed: Temporal's handover failed")
    handover_is(monkeypatch, SystemClient(world))
    await moves.begin(PLANNED, epoch_of(ledger), inputs="")
    assert last(ledger).outcome == "done"
    assert [record.outcome for record in recorded(ledger)] == ["planned to west under 2"] * 2
    assert len(set(world.handovers)) == len(world.handovers) == 1


async def test_a_handover_whose_side_falls_silent_is_given_up(
    world: World, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "SILENT_SECONDS", 0.0)
    world.silent = {"north"}

    class Silent(SystemClient):
        async def start_workflow(self, _name: str, request: dict[str, object], *, id: str, **_more: object) -> object:  # noqa: A002
            await asyncio.Event().wait()
            raise AssertionError

    handover_is(monkeypatch, Silent(world))
    await mover(world, ledger, lead(ledger)).begin(PLANNED, epoch_of(ledger), inputs="")
    assert "north has fallen silent" in last(ledger).outcome
    assert epoch_of(ledger).cluster == "north"


async def test_a_handover_that_an_earlier_controller_started_is_not_started_again(
    world: World, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    handover_is(monkeypatch, SystemClient(world, WorkflowAlreadyStartedError("handover", "namespace-handover-v2")))
    begun = asyncio.create_task(mover(world, ledger, lead(ledger)).begin(PLANNED, epoch_of(ledger), inputs=""))
    await world.busy.wait()
    world.move("west")
    await begun
    assert last(ledger).outcome == "done"
    assert len(world.handovers) == 1


async def test_a_namespace_that_was_moved_past_the_controllers_is_followed_and_nothing_is_revoked(
    world: World, ledger: Ledger
) -> None:
    held = ledger.leases.acquire("shard/1", holder="a", ttl_seconds=60, standing=NORTH)
    world.move("west")
    await mover(world, ledger, lead(ledger)).adopt(epoch_of(ledger), world.says())
    assert (epoch_of(ledger).version, epoch_of(ledger).cluster) == (2, "west")
    assert (last(ledger).kind, last(ledger).outcome) == ("adopted", "done")
    assert "past the controllers" in recorded(ledger)[0].reason
    assert ledger.effects.commit("k", lease=held, request_digest="d", result={}).first
