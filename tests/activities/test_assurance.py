"""What a round leaves behind beside its evidence: the past that later selections learn from."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import create_autospec

import pytest
from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from activities.assurance import AssuranceActivities, ReassessActivities
from activities.services import Reach, Services
from maestro.artifacts import ArtifactStore
from maestro.assurance import load
from maestro.assurance.facts import Facts
from maestro.config.topology import load_topology
from maestro.execution import Places
from maestro.ledger import Ledger, TestRun
from maestro.ledger.all_builds import history_of
from maestro.model.conduct import Gathered, GatherRequest, ReassessRequest
from maestro.model.decision import Publication, Review
from maestro.model.evidence import EvidenceSet, FindingState
from maestro.model.pull_request import AuthorKind, PullRequest
from maestro.model.region import Placement
from maestro.model.tests import PlanBody, ReasonKind, SelectedTest, SelectionMode, TestOutcome, TestPlan, Verdict
from maestro.policy.engine import RegorusEngine
from maestro.resources import resource_dir
from tests.execution.repositories import Repository
from tests.localstack import TOPOLOGY


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    monkeypatch.setenv("MAESTRO_HOME", str(tmp_path / "home"))
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        yield Services(
            topology=load_topology(TOPOLOGY),
            places=Places.under(tmp_path / "home"),
            ledger=ledger,
            artifacts=ArtifactStore(tmp_path / "artifacts"),
            policy=RegorusEngine(resource_dir("policies")),
            catalogue=load(resource_dir("controls")),
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


async def gathered(services: Services, pull_request: PullRequest) -> Gathered:
    lease = services.ledger.leases.acquire("shard", holder="north", ttl_seconds=60)
    run = TestRun(key=pull_request.key("run", 0), repo="acme/shop", revision=pull_request.head_sha)
    services.ledger.history.record(run, [TestOutcome(test="test_a", verdict=Verdict.PASS)], lease=lease)
    request = request_of(services, pull_request, attempt=0)
    return await ActivityEnvironment().run(AssuranceActivities(services).gather, request)


def now(evidence: EvidenceSet) -> datetime:
    assert evidence.gathered_at is not None
    return evidence.gathered_at


def state_of(evidence: EvidenceSet, control: str) -> tuple[FindingState, str]:
    return next((f.state, f.reason) for f in evidence.findings if f.control == control)


async def test_every_fact_is_stored_with_what_shows_it_and_a_second_gathering_finds_the_same(
    services: Services, pull_request: PullRequest
) -> None:
    first, again = await gathered(services, pull_request), await gathered(services, pull_request)
    assert first.evidence == again.evidence
    assert first.evidence.facts is not None
    facts = services.artifacts.read_model(first.evidence.facts, Facts)
    assert facts.git is not None
    assert facts.git.tree
    assert facts.opa is not None
    assert facts.opa.denies == 0
    for item in first.evidence.evidence:
        assert services.artifacts.get(item.ref)
    assert state_of(first.evidence, "MC-QA-06")[0] is FindingState.NOT_APPLICABLE
    assert state_of(first.evidence, "MC-SC-02")[0] is FindingState.NOT_APPLICABLE


async def test_checks_that_came_with_a_pull_request_are_held_to_what_the_tenant_requires(
    services: Services, pull_request: PullRequest
) -> None:
    run = {"name": "build", "status": "completed", "conclusion": "failure", "head_sha": pull_request.head_sha}
    document = json.dumps({"total_count": 1, "check_runs": [run]}).encode()
    checks = services.artifacts.put(document, media_type="application/json", name="checks.json")
    found = await gathered(services, pull_request.model_copy(update={"checks": checks}))
    state, reason = state_of(found.evidence, "MC-QA-06")
    assert state is FindingState.FAIL
    assert "fail" in reason


async def test_an_attestation_by_nobody_who_is_trusted_is_refused_with_its_reason(
    services: Services, pull_request: PullRequest
) -> None:
    strange = services.artifacts.put(b"{}", media_type="application/json", name="provenance.json")
    found = await gathered(services, pull_request.model_copy(update={"attestations": (strange,)}))
    state, reason = state_of(found.evidence, "MC-BR-06")
    assert state is FindingState.FAIL
    assert "provenance.json" in reason


async def test_a_control_about_people_is_answered_again_when_one_has_spoken(
    services: Services, pull_request: PullRequest
) -> None:
    pull_request = pull_request.model_copy(update={"author": "ada <ada@example.org>", "author_kind": AuthorKind.AGENT})
    found = (await gathered(services, pull_request)).evidence
    assert state_of(found, "MC-CM-05")[0] is FindingState.FAIL
    request = ReassessRequest(
        pull_request=pull_request,
        evidence=found,
        reviews=(Review(kind="approve", actor="grace"),),
        at=now(found),
    )
    heard = ReassessActivities(services).reassess(request)
    assert state_of(heard, "MC-CM-05")[0] is FindingState.PASS
    assert ReassessActivities(services).reassess(request.model_copy(update={"evidence": heard})).facts == heard.facts


@pytest.mark.parametrize(
    ("landed", "state"),
    [
        pytest.param("tested", FindingState.PASS, id="the tree that was tested"),
        pytest.param("d" * 40, FindingState.FAIL, id="another tree"),
    ],
)
async def test_what_landed_is_held_to_what_was_tested(
    services: Services, pull_request: PullRequest, landed: str, state: FindingState
) -> None:
    found = (await gathered(services, pull_request)).evidence
    assert state_of(found, "MC-CM-02")[0] is FindingState.NOT_APPLICABLE
    assert found.facts is not None
    git = services.artifacts.read_model(found.facts, Facts).git
    assert git is not None
    tree = git.tree if landed == "tested" else landed
    merged = Publication(kind="merge", done=True, detail="merged", commit=pull_request.head_sha, tree=tree or "")
    heard = ReassessActivities(services).reassess(
        ReassessRequest(pull_request=pull_request, evidence=found, merged=merged, at=now(found))
    )
    assert state_of(heard, "MC-CM-02")[0] is state
