"""The namespace moves between two real clusters: by command, by force, past the controllers, and with a dead leader."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator

import psutil
import pytest
import pytest_asyncio
from click.testing import CliRunner, Result
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.replication.v1 import NamespaceReplicationConfig
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, UpdateNamespaceRequest
from temporalio.client import Client

from gateway.cli import cli
from maestro.config.timings import timings_of
from maestro.config.topology import Topology, load_topology
from maestro.execution.places import Places
from maestro.execution.resolve import resolve_pull_request
from maestro.ledger import FailoverKind
from maestro.ledger.failovers import FailoverRow
from maestro.model.conduct import ConductRequest
from maestro.model.region import region_task_queue
from maestro.model.tests import SelectionMode
from tests.clusters.asking import each_cluster, schedules
from tests.clusters.conftest import TOPOLOGY
from tests.clusters.pairs import Pair, propose, standing
from tests.clusters.regions import acts, nothing_restarts, parts_of, until, whole
from workers.clusters.clients import HERE, connect_cluster
from workers.clusters.namespace import see
from workers.schedules import CALIBRATION, NIGHTLY
from workers.starting import start_key

NAMESPACE = "maestro"
EVEN_IF_WORSE = "--even-if-worse"
Told = subprocess.CompletedProcess[str]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def pair(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pair]:
    folder = tmp_path_factory.mktemp("moved")
    # On a busy machine a controller would find reasons of its own, between those of the tests.
    manual = folder / "topology.yaml"
    manual.write_text(TOPOLOGY.read_text().replace("failover:\n", "failover:\n  mode: manual\n"))
    async with standing(folder, MAESTRO_TOPOLOGY=str(manual)) as made:
        yield made


@pytest.fixture
def topology(pair: Pair) -> Topology:
    return load_topology(pair.stack.home / "topology.yaml")


async def maestro(pair: Pair, *words: str) -> Told:
    return await asyncio.to_thread(pair.stack.maestro, *words)


async def at_once(pair: Pair, *words: str) -> Result:
    """A command in this process: a busy machine needs longer to start one than a failover takes."""
    return await asyncio.to_thread(CliRunner(env=pair.stack.environment).invoke, cli, words)


async def begin_at(pair: Pair, cluster: str) -> None:
    """Everything is well, and this cluster acts."""
    await whole(pair.stack, pair.ledger)
    epoch = pair.ledger.epochs.current(NAMESPACE)
    if epoch is None or epoch.cluster != cluster:
        moved = await maestro(pair, "regions", "failover", cluster, EVEN_IF_WORSE, "--reason", "to begin with")
        assert moved.returncode == 0, moved.stderr
    await acts(pair.ledger, cluster)


async def conducted(pair: Pair, name: str, *, seconds: str = "0.5") -> tuple[str, asyncio.Task[Told]]:
    """The head of a pull request whose tests run now, and the command that waits for its verdict."""
    base, head = propose(pair, name, seconds=seconds)
    words = ("pr", "start", "--repo", str(pair.bare.folder), "--base", base, "--head", name, "--wait")
    waiting = asyncio.create_task(maestro(pair, *words))
    await until(lambda: verdicts(pair, head)[2:], what=f"the tests of {name} run")
    return head, waiting


def verdicts(pair: Pair, head: str) -> list[tuple[object, ...]]:
    return pair.rows("SELECT test, verdict, fence FROM outcomes WHERE run_key LIKE ? ORDER BY test", f"%{head}%")


def effects(pair: Pair, head: str) -> list[tuple[object, ...]]:
    return pair.rows("SELECT key, result, fence FROM effects WHERE key LIKE ? ORDER BY key", f"%{head}%")


def in_flight(pair: Pair, head: str, row: FailoverRow) -> list[tuple[object, ...]]:
    """The shards that were done under the epoch before a failover, and committed while it was under way or later."""
    query = (
        "SELECT key FROM effects JOIN leases USING (resource)"
        " WHERE key LIKE ? AND leases.epoch < CAST(? AS INTEGER) AND recorded_at > CAST(? AS REAL)"
    )
    return pair.rows(query, f"shard/%{head}%", str(row.version), str(row.started_at.timestamp()))


def each_test_once(pair: Pair, name: str, head: str) -> bool:
    return [row[0] for row in verdicts(pair, head)] == sorted(f"test_{name}.py::test_slow[{n}]" for n in range(12))


def last(pair: Pair) -> FailoverRow:
    return pair.ledger.failovers.recent(NAMESPACE, 1)[0]


async def sides(topology: Topology) -> set[tuple[str, int]]:
    """What the clusters say of the namespace: one thing once they agree."""
    found = [await see(client) async for _, client in each_cluster(topology)]
    return {(one.active_cluster, one.failover_version) for one in found if one is not None}


async def agreed(pair: Pair, topology: Topology, cluster: str) -> None:
    """Both clusters and the ledger say that it acts, under one version. Replicated in a moment, which is waited for."""
    await acts(pair.ledger, cluster)
    epoch = pair.ledger.epochs.current(NAMESPACE)
    assert epoch is not None
    for _ in range(100):
        if await sides(topology) == {(cluster, epoch.version)}:
            return
        await asyncio.sleep(0.1)
    assert await sides(topology) == {(cluster, epoch.version)}


async def attempts(client: Client, pair: Pair, head: str) -> list[int]:
    """The attempts at which the shards of a pull request were begun, by the history of its workflow."""
    [(workflow_id,)] = pair.rows("SELECT workflow_id FROM starts WHERE workflow_id LIKE ?", f"%{head}")
    events = (await client.get_workflow_handle(str(workflow_id)).fetch_history()).events
    shards = {
        event.event_id
        for event in events
        if event.activity_task_scheduled_event_attributes.activity_type.name == "run_shard"
    }
    begun = [event.activity_task_started_event_attributes for event in events]
    return [one.attempt for one in begun if one.scheduled_event_id in shards]


async def pollers(client: Client, region: str) -> set[str]:
    """The regions of the workers that poll a region's queue at this very cluster."""
    request = DescribeTaskQueueRequest(
        namespace=NAMESPACE,
        task_queue=TaskQueue(name=region_task_queue(region)),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
    )
    described = await client.workflow_service.describe_task_queue(request, metadata=HERE)
    return {poller.identity.partition("@")[0] for poller in described.pollers}


async def polled_by(client: Client, region: str) -> None:
    """Wait until the region's own workers take its work from this cluster."""
    for _ in range(300):
        if region in await pollers(client, region):
            return
        await asyncio.sleep(0.2)
    assert await pollers(client, region) == {region}


def is_healthy(pair: Pair, region: str) -> bool:
    states = {state.region: state.body for state in pair.ledger.region_states.all()}
    return states[region]["condition"] == "healthy"


def leader(pair: Pair) -> str:
    """The name of the controller that leads, with its process behind the last colon."""
    [(holder,)] = pair.rows("SELECT holder FROM leases WHERE resource = ?", f"controller/{NAMESPACE}")
    return str(holder)


@pytest.mark.parametrize(
    ("name", "here", "there", "command"),
    [
        ("planned", "north", "west", ("failover", "--reason", "a drill")),
        ("returned", "west", "north", ("failback",)),
    ],
    ids=["failover", "failback"],
)
async def test_a_planned_move_takes_everything_along_and_runs_nothing_again(
    pair: Pair, topology: Topology, name: str, here: str, there: str, command: tuple[str, ...]
) -> None:
    await begin_at(pair, here)
    head, waiting = await conducted(pair, name, seconds="2")
    moved = await at_once(pair, "regions", *command, EVEN_IF_WORSE)
    assert moved.exit_code == 0, moved.output
    assert f"{there} is active" in moved.output
    assert (last(pair).kind, last(pair).outcome) == (FailoverKind.PLANNED, "done")
    await agreed(pair, topology, there)
    done = await waiting
    assert done.returncode == 0, done.stderr
    assert each_test_once(pair, name, head)
    assert set(await attempts(await connect_cluster(topology, there), pair, head)) == {1}
    assert {row[2] for row in verdicts(pair, head)} == {1}, "each shard was begun once"
    assert in_flight(pair, head, last(pair)), "a shard was begun before the failover and ended after it began"


async def test_a_namespace_that_was_moved_past_the_controllers_is_followed(pair: Pair, topology: Topology) -> None:
    await begin_at(pair, "north")
    client = await connect_cluster(topology, "west")
    request = UpdateNamespaceRequest(
        namespace=NAMESPACE, replication_config=NamespaceReplicationConfig(active_cluster_name="west")
    )
    await client.workflow_service.update_namespace(request)
    await agreed(pair, topology, "west")
    assert (last(pair).kind, last(pair).to_cluster) == (FailoverKind.ADOPTED, "west")
    records = pair.ledger.records.list(repo=NAMESPACE)
    assert "past the controllers" in records[-1].record.reason


async def test_a_failover_whose_controller_is_killed_is_carried_on_and_a_second_is_refused(
    pair: Pair, topology: Topology
) -> None:
    await begin_at(pair, "west")
    words = ("regions", "failover", "north", EVEN_IF_WORSE, "--reason", "its controller dies")
    asked = asyncio.create_task(maestro(pair, *words))
    row = await until(lambda: pair.ledger.failovers.running(NAMESPACE), what="it begins", pause_seconds=0.02)
    killed = leader(pair)
    with nothing_restarts(pair.stack):
        psutil.Process(int(killed.rpartition(":")[2])).kill()
        second = await at_once(pair, "regions", "failover", "west", EVEN_IF_WORSE, "--reason", "on second thoughts")
        assert second.exit_code == 1, second.output
        assert "under way" in second.output
        await acts(pair.ledger, "north")
        assert leader(pair) != killed
    told = await asked
    assert told.returncode == 0, told.stderr
    assert (last(pair).number, last(pair).outcome) == (row.number, "done")
    await agreed(pair, topology, "north")


async def test_a_region_that_froze_is_left_and_does_nothing_when_it_thaws_but_work_under_the_new_epoch(
    pair: Pair, topology: Topology
) -> None:
    await begin_at(pair, "north")
    head, waiting = await conducted(pair, "frozen")
    frozen = parts_of(pair.stack, "eu-north", "north")
    for part in frozen:
        part.suspend()
    try:
        moved = await at_once(pair, "regions", "failover", "west", "--forced", EVEN_IF_WORSE, "--reason", "it froze")
        assert moved.exit_code == 0, moved.output
        assert (last(pair).kind, last(pair).to_cluster) == (FailoverKind.FORCED, "west")
        await until(lambda: not is_healthy(pair, "eu-north"), what="the region is seen to be frozen")
        back = await at_once(pair, "regions", "failover", "north", "--forced", "--reason", "nostalgia")
        assert back.exit_code == 1, back.output
        assert "so it is no better" in back.output
        done = await waiting
        assert done.returncode == 0, done.stderr
        before = (verdicts(pair, head), effects(pair, head))
    finally:
        for part in frozen:
            part.resume()
    await agreed(pair, topology, "west")
    west = await connect_cluster(topology, "west")
    await polled_by(west, "eu-north")
    await whole(pair.stack, pair.ledger)
    assert (verdicts(pair, head), effects(pair, head)) == before
    assert each_test_once(pair, "frozen", head)
    assert pair.ledger.records.verify() == ()


async def test_a_start_that_was_lost_with_the_old_cluster_is_started_again_once(pair: Pair, topology: Topology) -> None:
    await begin_at(pair, "west")
    base, head = propose(pair, "lost")
    found = resolve_pull_request(str(pair.bare.folder), base=base, head="lost", places=Places.under(pair.stack.home))
    request = ConductRequest(pull_request=found, mode=SelectionMode.STANDARD, timings=timings_of(topology))
    pair.ledger.starts.begin(start_key(request), NAMESPACE, request.model_dump_json())
    words = ("regions", "failover", "north", "--forced", EVEN_IF_WORSE, "--reason", "west is to be shut down")
    moved = await maestro(pair, *words)
    assert moved.returncode == 0, moved.stderr
    await agreed(pair, topology, "north")
    client = await connect_cluster(topology, "north")
    await client.get_workflow_handle(found.workflow_id).result()
    assert each_test_once(pair, "lost", head)
    decisions = pair.rows("SELECT 1 FROM records WHERE kind = 'decision' AND head_sha = ?", head)
    assert len(decisions) == 1
    runs = [run.run_id async for run in client.list_workflows(f"WorkflowId = '{found.workflow_id}'")]
    assert len(runs) == 1
    assert found.workflow_id not in {start.workflow_id for start in pair.ledger.starts.open(NAMESPACE)}


async def test_each_schedule_is_there_once_on_both_sides_after_all_of_this(topology: Topology) -> None:
    expected = sorted([NIGHTLY, CALIBRATION])
    found = {name: await schedules(client) async for name, client in each_cluster(topology)}
    assert found == {"north": expected, "west": expected}


async def test_status_and_route_tell_who_acts_how_regions_stand_and_where_work_goes(pair: Pair) -> None:
    await whole(pair.stack, pair.ledger)
    epoch = pair.ledger.epochs.current(NAMESPACE)
    assert epoch is not None
    shown = json.loads((await at_once(pair, "regions", "status", "--json")).stdout)
    assert (shown["epoch"]["cluster"], shown["epoch"]["version"]) == (epoch.cluster, epoch.version)
    assert {name: state["condition"] for name, state in shown["states"].items()} == {
        "eu-north": "healthy",
        "eu-west": "healthy",
    }
    assert shown["failovers"][0]["number"] == last(pair).number
    table = (await at_once(pair, "regions", "status")).stdout
    assert f"{epoch.cluster} acts, in epoch {epoch.version}" in table
    assert f"{epoch.cluster} (acts)" in table
    routed = await at_once(pair, "regions", "route", "--json")
    assert routed.exit_code == 0, routed.output
    assert json.loads(routed.stdout)["region"] == "eu-north", "the cheaper one"
