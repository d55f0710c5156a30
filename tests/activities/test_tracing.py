"""Tracing on a real repository and a real ledger; only the tests themselves are played."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from temporalio.testing import ActivityEnvironment

from activities.services import Services
from activities.tracing import TracingActivities
from maestro.canonical import canonical_json
from maestro.ledger import TestRun
from maestro.model.artifact import ArtifactRef
from maestro.model.night import NightTask, Probed, TraceProbe, TraceRequest
from maestro.model.pull_request import PullRequest
from maestro.model.record import RecordKind
from maestro.model.tests import (
    PlanBody,
    ReasonKind,
    SelectedTest,
    SelectionMode,
    TestOutcome,
    TestPlan,
    Verdict,
)
from maestro.model.tracing import Finding, FindingKind, Trace
from tests.execution.repositories import Repository

TEST = "tests/test_total.py::test_total"

Passes = Callable[[str, int], bool]
"""Whether the test passes at a revision, at an attempt."""


class Night:
    """A run of the night in which ``TEST`` failed, and a stand-in for the region that runs the probes."""

    def __init__(self, services: Services, repository: Repository, passes: Passes) -> None:
        self.services = services
        self.repository = repository
        self.passes = passes
        self.probes: list[TraceProbe] = []

    def main(self) -> NightTask:
        return NightTask(pull_request=self._at(self.repository.git("rev-parse", "main")), title="main")

    def left_out(self, pull_request: PullRequest) -> NightTask:
        tested = pull_request.model_copy(update={"pr": f"{pull_request.pr}.night"})
        return NightTask(pull_request=tested, title="left out", settles=pull_request)

    async def trace(self, task: NightTask) -> Trace:
        failed = TestOutcome(test=TEST, verdict=Verdict.FAIL)
        listing = canonical_json([failed.model_dump(mode="json")]).encode()
        request = TraceRequest(
            task=task, body=self._body(), results=(self.services.artifacts.put(listing, media_type="application/json"),)
        )
        activities = TracingActivities(self.services)
        while True:
            step = await ActivityEnvironment().run(activities.trace, request)
            if step.probe is None:
                assert step.trace is not None
                return step.trace
            probed = self._run(task, step.probe)
            request = request.model_copy(update={"subject": step.subject, "probed": (*request.probed, probed)})

    def findings(self, trace: Trace) -> list[Finding]:
        return [Finding.model_validate(each) for each in json.loads(self.services.artifacts.get(trace.findings))]

    def record(self, key: str, revision: str, verdict: Verdict) -> None:
        ledger = self.services.ledger
        lease = ledger.leases.acquire(key, holder="region", ttl_seconds=60)
        run = TestRun(key=key, repo="acme/shop", revision=revision)
        ledger.history.record(run, [TestOutcome(test=TEST, verdict=verdict)], lease=lease)
        ledger.leases.release(lease)

    def _run(self, task: NightTask, probe: TraceProbe) -> Probed:
        self.probes.append(probe)
        assert json.loads(self.services.artifacts.get(probe.tests)) == [TEST]
        at = task.pull_request.model_copy(update={"head_sha": probe.revision})
        verdict = Verdict.PASS if self.passes(probe.revision, probe.attempt) else Verdict.FAIL
        self.record(at.key("run", probe.attempt), probe.revision, verdict)
        plan = TestPlan(applicable=True, reason="", mode=SelectionMode.ALL, body=self._body())
        return Probed(probe=probe, plan=plan)

    def _body(self) -> ArtifactRef:
        test = SelectedTest(id=TEST, kind=ReasonKind.ESCALATED, reason="", expected_seconds=1)
        body = PlanBody(selected=(test,), left_out=(), shards=((0,),), changed_files=())
        return self.services.artifacts.put_model(body, name="plan.json")

    def _at(self, sha: str) -> PullRequest:
        return PullRequest(
            repository=str(self.repository.folder),
            repo="acme/shop",
            pr="night-2026-11-20-0230",
            base_sha=sha,
            merge_base_sha=sha,
            head_sha=sha,
        )


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "shop")
    repository.commit({"shop/total.py": "0\n"}, "first")
    return repository


def merged(repository: Repository, services: Services, number: int, *, left_out: bool = True) -> PullRequest:
    """A pull request that was conducted, and merged into main."""
    base = repository.git("rev-parse", "main")
    repository.git("checkout", "--quiet", "-b", f"change-{number}")
    head = repository.commit({f"shop/part{number}.py": f"{number}\n"}, f"change {number}")
    repository.git("checkout", "--quiet", "main")
    repository.git("merge", "--quiet", "--no-ff", "--message", f"merge {number}", f"change-{number}")
    pull_request = PullRequest(
        repository=str(repository.folder),
        repo="acme/shop",
        pr=str(number),
        base_sha=base,
        merge_base_sha=base,
        head_sha=head,
    )
    services.ledger.night.leave_out(pull_request, [TEST] if left_out else [])
    return pull_request


def broken_by(repository: Repository, pull_request: PullRequest) -> Passes:
    """The test fails wherever the head of the pull request is part of what is tested."""
    fixed = repository.git("rev-list", "main", "^" + pull_request.head_sha).split()
    containing = {
        sha for sha in [*fixed, pull_request.head_sha] if pull_request.head_sha in repository.git("rev-list", sha)
    }
    return lambda revision, _attempt: revision not in containing


async def test_of_many_pull_requests_since_the_last_pass_the_one_that_broke_the_test_owes_it(
    services: Services, repository: Repository
) -> None:
    conducted = [merged(repository, services, number) for number in range(1, 9)]
    guilty = conducted[4]
    night = Night(services, repository, broken_by(repository, guilty))
    night.record("night/earlier", repository.git("rev-parse", "main~7"), Verdict.PASS)
    trace = await night.trace(night.main())
    assert trace.counts == {FindingKind.ESCAPE: 1}
    assert trace.escapes == (TEST,)
    [escape] = services.ledger.escapes.list("acme/shop")
    assert (escape.pr, escape.head_sha) == ("5", guilty.head_sha)
    assert escape.changed_files == ("shop/part5.py",)
    assert escape.left_out
    assert not escape.false_green
    # Two re-runs, the base, three halvings of seven, and the good neighbour once more.
    assert len(night.probes) <= 7
    assert repository.git("rev-parse", "main~8") not in {probe.revision for probe in night.probes}


async def test_the_same_escape_at_the_head_and_on_main_is_one_escape_with_one_record(
    services: Services, repository: Repository
) -> None:
    guilty = merged(repository, services, 1)
    night = Night(services, repository, broken_by(repository, guilty))
    await night.trace(night.left_out(guilty))
    await night.trace(night.main())
    assert len(services.ledger.escapes.list("acme/shop")) == 1
    [stored] = services.ledger.records.list(kind=RecordKind.ESCAPE)
    assert stored.record.pr == "1"
    assert "pull request 1 left it out" in stored.record.reason


async def test_a_test_that_its_pull_request_had_run_broke_with_what_it_was_merged_into(
    services: Services, repository: Repository
) -> None:
    guilty = merged(repository, services, 1, left_out=False)
    night = Night(services, repository, broken_by(repository, guilty))
    await night.trace(night.main())
    [escape] = services.ledger.escapes.list("acme/shop")
    assert not escape.left_out
    assert "pull request 1 did not leave it out, so it broke with what it was merged into" in escape.evidence


async def test_a_commit_that_nobody_conducted_owes_with_its_own_files(
    services: Services, repository: Repository
) -> None:
    merged(repository, services, 1)
    pushed = repository.commit({"shop/total.py": "1\n"}, "straight to main")
    night = Night(services, repository, lambda revision, _attempt: revision != pushed)
    await night.trace(night.main())
    [escape] = services.ledger.escapes.list("acme/shop")
    assert (escape.pr, escape.head_sha, escape.changed_files) == ("", pushed, ("shop/total.py",))
    assert escape.owner == f"commit {pushed[:12]}"


async def test_a_test_that_failed_before_the_pull_request_is_no_escape(
    services: Services, repository: Repository
) -> None:
    innocent = merged(repository, services, 1)
    night = Night(services, repository, lambda *_: False)
    trace = await night.trace(night.left_out(innocent))
    assert trace.counts == {FindingKind.OLD_FAILURE: 1}
    assert services.ledger.escapes.list("acme/shop") == ()


async def test_a_flaky_test_is_nobodys_escape_and_after_two_nights_it_is_quarantined_with_evidence(
    services: Services, repository: Repository
) -> None:
    first = merged(repository, services, 1)
    night = Night(services, repository, lambda *_: True)
    trace = await night.trace(night.left_out(first))
    assert trace.counts == {FindingKind.FLAKY: 1}
    assert services.ledger.escapes.list("acme/shop") == ()
    assert services.ledger.quarantines.standing("acme/shop") == {}
    await night.trace(night.main())
    held = services.ledger.quarantines.standing("acme/shop")[TEST]
    assert len(held.evidence) == 2
    assert all("passed when it ran again there" in sentence for sentence in held.evidence)
    assert (held.expires_at - held.entered_at).days == 14
    assert held.expires_at > datetime.now(UTC)
    [stored] = services.ledger.records.list(kind=RecordKind.QUARANTINE)
    assert TEST in stored.record.outcome


async def test_a_search_that_is_asked_twice_for_its_findings_writes_them_once(
    services: Services, repository: Repository
) -> None:
    guilty = merged(repository, services, 1)
    night = Night(services, repository, broken_by(repository, guilty))
    first = await night.trace(night.left_out(guilty))
    again = await night.trace(night.left_out(guilty))
    assert night.findings(first) == night.findings(again)
    assert len(services.ledger.escapes.list("acme/shop")) == 1
