"""``maestro up --clusters`` as a whole: two real servers joined, seen from each side, started and ended by a user."""

import asyncio
import time
from pathlib import Path

import psutil
import pytest

from maestro.config.topology import Topology, load_topology
from maestro.ledger import Ledger
from tests.clusters.asking import each_cluster, peers, schedules, search_attributes
from tests.clusters.conftest import clustered_stack
from tests.localstack import LocalStack
from workers.clusters.clients import connect_cluster
from workers.clusters.namespace import SeenNamespace, see
from workers.schedules import CALIBRATION, NIGHTLY
from workers.stack.state import PartStatus

PARTS = {
    "temporal north",
    "temporal west",
    "worker eu-north",
    "worker eu-west",
    "controller eu-north",
    "controller eu-west",
    "gateway",
}
LIMIT_SECONDS = 60
"""Only so that what never comes fails the test."""


def all_gone(processes: dict[str, psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(list(processes.values()), timeout=LIMIT_SECONDS)
    return not alive


async def seen_from(topology: Topology) -> dict[str, SeenNamespace | None]:
    return {name: await see(client) async for name, client in each_cluster(topology)}


async def same_everywhere(topology: Topology, expected: list[str]) -> dict[str, list[str]]:
    """The schedules of each cluster's replica, once they are as expected or the time is up."""
    give_up = time.monotonic() + LIMIT_SECONDS
    while True:
        found = {name: await schedules(client) async for name, client in each_cluster(topology)}
        if all(names == expected for names in found.values()) or time.monotonic() > give_up:
            return found
        await asyncio.sleep(0.2)


def test_it_has_a_server_a_worker_and_a_controller_per_region(clusters: LocalStack) -> None:
    state = clusters.state()
    assert {part.name for part in state.parts if part.status is PartStatus.READY} == PARTS
    told = clusters.maestro("status").stdout
    for cluster in state.clusters:
        assert f"{cluster.name} at {cluster.address}" in told


async def test_both_sides_show_one_global_namespace_active_at_home(topology: Topology) -> None:
    north, west = (await seen_from(topology)).values()
    assert north is not None
    assert north.is_global
    assert (north.active_cluster, north.failover_version) == ("north", 1)
    assert north == west


async def test_both_sides_know_the_search_attributes_by_the_same_types(topology: Topology) -> None:
    sides = [await search_attributes(client) async for _, client in each_cluster(topology)]
    assert set(topology.search_attributes) <= set(sides[0])
    assert sides[0] == sides[1]


async def test_each_schedule_exists_once_and_is_replicated(topology: Topology) -> None:
    expected = sorted([NIGHTLY, CALIBRATION])
    assert await same_everywhere(topology, expected) == {"north": expected, "west": expected}


async def test_each_side_reaches_the_other_at_its_address(topology: Topology) -> None:
    expected = {cluster.name: cluster.address for cluster in topology.clusters}
    async for name, client in each_cluster(topology):
        assert await peers(client) == expected, name


def test_the_ledger_begins_with_the_namespaces_own_epoch(clusters: LocalStack) -> None:
    with Ledger.open(f"sqlite:///{clusters.home / 'ledger.sqlite'}") as ledger:
        epoch = ledger.epochs.current("maestro")
    assert epoch is not None
    assert (epoch.cluster, epoch.version, epoch.leaving) == ("north", 1, None)


def test_up_again_finds_it_up(clusters: LocalStack) -> None:
    before = clusters.processes()
    again = clusters.maestro("up", "--clusters")
    assert again.returncode == 0, again.stderr
    assert "already" in again.stdout
    assert clusters.processes() == before


async def test_a_server_that_was_killed_is_started_again_and_answers(clusters: LocalStack, topology: Topology) -> None:
    victim = clusters.processes()["temporal west"]
    victim.kill()
    give_up = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < give_up:
        [part] = [part for part in clusters.state().parts if part.name == "temporal west"]
        if part.status is PartStatus.READY and part.process is not None and part.process.pid != victim.pid:
            break
        await asyncio.sleep(0.1)
    else:
        pytest.fail("the server did not come back")
    assert part.restarts == 1
    assert await see(await connect_cluster(topology, "west")) is not None


async def test_down_leaves_nothing_and_the_next_start_finds_the_namespace_as_it_was(tmp_path: Path) -> None:
    own = clustered_stack(tmp_path / "home")
    own.up()
    processes = own.processes()
    assert set(processes) == PARTS | {"supervisor"}
    ended = own.maestro("down")
    assert ended.returncode == 0, ended.stderr
    assert all_gone(processes)
    assert "by force" not in ended.stdout
    before = load_topology(own.home / "topology.yaml")
    own.up()
    after = load_topology(own.home / "topology.yaml")
    assert after == before
    sides = await seen_from(after)
    assert sides["north"] == sides["west"] is not None
    expected = sorted([NIGHTLY, CALIBRATION])
    assert await same_everywhere(after, expected) == {"north": expected, "west": expected}
    assert own.maestro("down").returncode == 0
