"""Starting a pull request's workflow: what the ledger knows it by, and what it says of starts that are repeated."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from maestro.config.topology import Topology, load_topology
from maestro.ledger import Ledger
from maestro.model.conduct import ConductRequest, ConductState, Timings
from maestro.model.pull_request import PullRequest
from maestro.model.tests import SelectionMode
from tests.localstack import TOPOLOGY
from workers.starting import fairness_key, start_key, start_workflow
from workflows import contract

NAMESPACE = "maestro"


class Server:
    """A client that keeps what it was asked to start."""

    def __init__(self, *, known: bool = False) -> None:
        self._known = known
        self.asked: dict[str, Any] = {}

    async def start_workflow(self, _name: str, _request: ConductRequest, **options: object) -> None:
        self.asked = options
        if self._known:
            raise WorkflowAlreadyStartedError("pr", contract.WORKFLOW)


@pytest.fixture
def topology() -> Topology:
    return load_topology(TOPOLOGY)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}") as opened:
        yield opened


def request(*, pr: str = "7", round_: int | None = None, title: str = "") -> ConductRequest:
    state = None if round_ is None else ConductState(mode=SelectionMode.STANDARD, round=round_)
    head = PullRequest(
        repository="/srv/shop",
        repo="acme/shop",
        pr=pr,
        base_sha="0" * 40,
        merge_base_sha="0" * 40,
        head_sha="a" * 40,
        title=title,
    )
    return ConductRequest(pull_request=head, mode=SelectionMode.STANDARD, timings=Timings(), state=state)


def note(ledger: Ledger, *requests: ConductRequest) -> list[bool]:
    return [ledger.starts.begin(start_key(one), NAMESPACE, one.model_dump_json()) for one in requests]


async def test_a_head_is_started_once_and_again_only_with_the_state_of_the_run_before(topology: Topology) -> None:
    policies = []
    for one in (request(), request(round_=2)):
        server = Server()
        assert await start_workflow(cast("Client", server), topology, one)
        policies.append(server.asked["id_reuse_policy"])
    assert policies == [WorkflowIDReusePolicy.REJECT_DUPLICATE, WorkflowIDReusePolicy.ALLOW_DUPLICATE]


async def test_one_that_is_there_already_is_no_error(topology: Topology) -> None:
    assert not await start_workflow(cast("Client", Server(known=True)), topology, request())


async def test_a_long_title_is_cut_to_what_the_server_takes(topology: Topology) -> None:
    server = Server()
    await start_workflow(cast("Client", server), topology, request(title="ä" * 500))
    assert server.asked["static_summary"] == "ä" * 200


def test_a_repository_shares_its_turn_within_what_the_server_takes() -> None:
    long = request().pull_request.model_copy(update={"repo": "ä" * 100})
    assert len(fairness_key(long).encode()) <= 64


def test_each_round_is_a_start_of_its_own_and_one_that_is_asked_for_twice_is_not(ledger: Ledger) -> None:
    assert note(ledger, request(), request(), request(round_=1), request(round_=1)) == [True, False, True, False]


def test_when_the_workflow_ends_so_do_all_its_rounds_and_no_other_pull_requests(ledger: Ledger) -> None:
    others = (request(pr="70"), request(pr="8", round_=1))
    note(ledger, request(), request(round_=1), request(round_=2), *others)
    ledger.starts.end(request().pull_request.workflow_id)
    assert [one.workflow_id for one in ledger.starts.open(NAMESPACE)] == [start_key(one) for one in others]


def test_a_round_that_begins_after_the_end_is_open_until_it_ends_itself(ledger: Ledger) -> None:
    workflow_id = request().pull_request.workflow_id
    note(ledger, request())
    ledger.starts.end(workflow_id)
    note(ledger, request(round_=1))
    [open_] = ledger.starts.open(NAMESPACE)
    assert open_.workflow_id == f"{workflow_id}#1"
    assert ConductRequest.model_validate_json(open_.request_json) == request(round_=1)
    ledger.starts.end(workflow_id)
    assert ledger.starts.open(NAMESPACE) == ()
