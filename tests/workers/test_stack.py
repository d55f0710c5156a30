"""The local stack as a whole: real processes, started and ended as a user would, and as an accident would."""

import socket
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client

from tests.localstack import LocalStack
from workers.schedules import CALIBRATION, NIGHTLY
from workers.stack.state import Part, PartStatus, StackStatus

PARTS = {"temporal", "worker eu-north", "worker eu-west", "gateway"}
ENDED_SECONDS = 60
"""Only so that a process that never ends fails the test."""


def all_gone(processes: dict[str, psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(list(processes.values()), timeout=ENDED_SECONDS)
    return not alive


def ready_again(stack: LocalStack, name: str, *, instead_of: int) -> Part:
    """The part once another process of it is ready."""
    give_up = time.monotonic() + ENDED_SECONDS
    while time.monotonic() < give_up:
        part = next(part for part in stack.state().parts if part.name == name)
        if part.status is PartStatus.READY and part.process is not None and part.process.pid != instead_of:
            return part
        time.sleep(0.1)
    pytest.fail(f"{name} did not come back")


def test_up_starts_a_server_and_a_worker_per_region_and_says_where_they_are(stack: LocalStack) -> None:
    state = stack.state()
    assert state.status is StackStatus.READY
    assert {part.name for part in state.parts if part.status is PartStatus.READY} == PARTS
    told = stack.maestro("status").stdout
    assert state.address in told
    assert state.ui in told
    assert "worker eu-north: ready" in told


async def test_the_namespace_is_what_the_topology_says(stack: LocalStack) -> None:
    state = stack.state()
    client = await Client.connect(state.address, namespace=state.namespace)
    described = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=state.namespace))
    assert described.config.workflow_execution_retention_ttl.ToTimedelta() == timedelta(days=30)
    night = await client.get_schedule_handle(NIGHTLY).describe()
    assert night.schedule.policy.catchup_window == timedelta(hours=4)
    calibration = await client.get_schedule_handle(CALIBRATION).describe()
    assert calibration.schedule.policy.catchup_window == timedelta(days=1)


def test_up_again_says_that_the_stack_is_up_already(stack: LocalStack) -> None:
    before = stack.processes()
    again = stack.maestro("up")
    assert again.returncode == 0
    assert "already" in again.stdout
    assert stack.processes() == before


def test_clusters_are_not_started_where_a_stack_of_one_server_is_up(stack: LocalStack) -> None:
    refused = stack.maestro("up", "--clusters")
    assert refused.returncode == 3
    assert "maestro down" in refused.stderr
    assert stack.state().status is StackStatus.READY


def test_clusters_that_no_topology_names_are_refused(tmp_path: Path) -> None:
    refused = LocalStack(tmp_path / "home").maestro("up", "--clusters")
    assert refused.returncode == 2
    assert "no two clusters" in refused.stderr


def test_a_second_supervisor_on_the_same_home_is_refused(stack: LocalStack) -> None:
    second = stack.run(sys.executable, "-P", "-m", "workers.stack")
    assert second.returncode == 3
    assert "another stack runs" in second.stderr
    assert str(stack.home) in second.stderr


def test_a_worker_that_was_killed_is_started_again_and_counted(stack: LocalStack) -> None:
    victim = stack.processes()["worker eu-west"]
    victim.kill()
    psutil.wait_procs([victim], timeout=ENDED_SECONDS)
    part = ready_again(stack, "worker eu-west", instead_of=victim.pid)
    assert part.restarts == 1
    assert "restarted 1 time" in stack.maestro("status").stdout


def test_a_port_in_use_is_named_with_its_process_and_the_setting(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        own = LocalStack(tmp_path / "home", {"MAESTRO_TEMPORAL_PORT": str(port)})
        refused = own.maestro("up")
    assert refused.returncode == 3
    assert f"port {port} is in use" in refused.stderr
    assert f"process {psutil.Process().pid}" in refused.stderr
    assert "MAESTRO_TEMPORAL_PORT" in refused.stderr
    assert not (own.home / "stack.json").exists()


def test_down_without_a_stack_says_so(tmp_path: Path) -> None:
    nothing = LocalStack(tmp_path / "home").maestro("down")
    assert nothing.returncode == 0
    assert "no stack is up" in nothing.stdout


def test_a_part_that_cannot_start_fails_the_stack_with_the_end_of_its_log(tmp_path: Path) -> None:
    own = LocalStack(tmp_path / "home", {"MAESTRO_LEDGER_URL": "mysql://nobody@localhost/none"})
    failed = own.maestro("up")
    assert failed.returncode == 3
    assert "while it started" in failed.stderr
    assert "mysql" in failed.stderr
    assert own.maestro("status").returncode == 3
    assert all_gone(own.processes())


def test_nothing_outlives_a_killed_supervisor_and_the_next_start_cleans_up(tmp_path: Path) -> None:
    own = LocalStack(tmp_path / "home")
    own.up()
    before = own.processes()
    before["supervisor"].kill()
    assert all_gone(before)
    assert own.maestro("status").returncode == 3
    with subprocess.Popen(["sleep", "600"]) as owner:
        again = LocalStack(own.home, {"MAESTRO_STACK_WHILE_PID": str(owner.pid)}).maestro("up")
        assert again.returncode == 0, again.stderr
        assert "was left behind" in again.stderr
        after = own.processes()
        assert set(after) == (PARTS | {"supervisor"}) - {"gateway"}
        owner.kill()
    assert all_gone(after), "the stack outlived the process that it belonged to"


@pytest.mark.parametrize(
    "variable", ["MAESTRO_TEMPORAL_PORT", "MAESTRO_UI_PORT", "MAESTRO_GATEWAY_PORT", "MAESTRO_STACK_WHILE_PID"]
)
def test_a_setting_that_is_no_number_is_refused_by_name(tmp_path: Path, variable: str) -> None:
    refused = LocalStack(tmp_path / "home", {variable: "many"}).maestro("up")
    assert refused.returncode == 2
    assert variable in refused.stderr
    assert "'many'" in refused.stderr
