"""What a round leaves behind beside its evidence: the past that later selections learn from."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import create_autospec

import pytest
from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from activities.assurance import AssuranceActivities
from activities.services import Reach, Services
from maestro.artifacts import ArtifactStore
from maestro.assurance.catalogue import Catalogue
from maestro.config.topology import load_topology
from maestro.execution import Places
from maestro.ledger import Ledger, TestRun
from maestro.ledger.all_builds import history_of
from maestro.model.conduct import GatherRequest
from maestro.model.pull_request import PullRequest
from maestro.model.region import Placement
from maestro.model.tests import PlanBody, ReasonKind, SelectedTest, SelectionMode, TestOutcome, TestPlan, Verdict
from maestro.policy.engine import PolicyEngine
from tests.execution.repositories import Repository
from tests.localstack import TOPOLOGY


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        yield Services(
            topology=load_topology(TOPOLOGY),
            places=Places.under(tmp_path / "home"),
            ledger=ledger,
            artifacts=ArtifactStore(tmp_path / "artifacts"),
            policy=create_autospec(PolicyEngine),
            catalogue=Catalogue(controls=(), digest="sha256:" + "0" * 64),
            reach=Reach(create_autospec(Client)),
        )


@pytest.fixture
def pull_request(tmp_path: Path) -> PullRequest:
    repository = Repository(tmp_path / "shop")
    base, head = repository.commit({"a.py": "1\n"}), repository.commit({"a.py": "2\n"})
    return PullRequest(
        repository=str(repository.folder),
        repo="acme/shop",
        pr="7",
        base_sha=base,
        merge_base_sha=base,
        head_sha=head,
    )


def request_of(services: Services, pull_request: PullRequest, *, attempt: int) -> GatherRequest:
    test = SelectedTest(id="test_a", kind=ReasonKind.CHANGED, reason="changed", expected_seconds=1.0)
    body = PlanBody(selected=(test,), left_out=(), shards=((0,),), changed_files=("a.py",))
    ref = services.artifacts.put_model(body, name="plan.json")
    return GatherRequest(
        pull_request=pull_request,
        region="north",
        placement=Placement(region="north", reason="cheapest", decided_at=datetime(2026, 11, 23, tzinfo=UTC)),
        plan=TestPlan(applicable=True, reason="one test", mode=SelectionMode.STANDARD, body=ref),
        attempt=attempt,
    )


async def test_a_gathered_round_is_a_build_with_the_pull_requests_files_and_a_retry_tells_what_is_flaky(
    services: Services, pull_request: PullRequest
) -> None:
    lease = services.ledger.leases.acquire("shard", holder="north", ttl_seconds=60)
    gather = AssuranceActivities(services).gather
    for attempt, verdict in enumerate((Verdict.FAIL, Verdict.PASS)):
        run = TestRun(key=pull_request.key("run", attempt), repo="acme/shop", revision=pull_request.head_sha)
        services.ledger.history.record(run, [TestOutcome(test="test_a", verdict=verdict)], lease=lease)
        request = request_of(services, pull_request, attempt=attempt)
        for _ in ("once", "and again, after its worker died"):
            await ActivityEnvironment().run(gather, request)
    (build,) = history_of(services.ledger, "acme/shop").builds
    assert build.files == ("a.py",)
    assert build.revision == pull_request.head_sha
    assert build.flaky.size == 1
    assert build.failed.size == 0
