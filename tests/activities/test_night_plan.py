"""What a night takes on."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from activities import night_plan
from activities.night_plan import NightPlanner
from activities.services import Services
from maestro.ledger import TestRun
from maestro.model.pull_request import PullRequest
from maestro.model.tests import TestOutcome, Verdict
from tests.execution.repositories import Repository

NIGHT = datetime(2026, 11, 20, 2, 30, tzinfo=UTC)


@pytest.fixture
def head(tmp_path: Path) -> PullRequest:
    repository = Repository(tmp_path / "shop")
    sha = repository.commit({"a.py": "1\n"})
    return PullRequest(
        repository=str(repository.folder), repo="shop", pr="7", base_sha=sha, merge_base_sha=sha, head_sha=sha
    )


def with_full_suites_every(services: Services, days: int, seconds: float) -> Services:
    nightly = services.topology.nightly.model_copy(update={"full_suite_days": days, "exploration_seconds": seconds})
    topology = services.topology.model_copy(update={"nightly": nightly})
    return Services(**{**vars(services), "topology": topology})


def test_what_was_left_out_comes_first_and_then_the_whole_main_branch(services: Services, head: PullRequest) -> None:
    services.ledger.night.leave_out(head, ["t1", "t2"])
    owed, main = NightPlanner(services, NIGHT).plan().tasks
    assert (owed.settles, owed.title) == (head, "2 tests that shop 7 left out")
    assert main.only is None
    assert main.title.startswith("the full suite of shop at main")


def test_a_night_without_a_full_suite_runs_what_is_worth_knowing(services: Services, head: PullRequest) -> None:
    services.ledger.night.leave_out(head, ["never"])
    lease = services.ledger.leases.acquire("night", holder="north", ttl_seconds=60)
    run = TestRun(key="run/1", repo="shop", revision=head.head_sha)
    passed = TestOutcome(test="today", verdict=Verdict.PASS, duration_seconds=1.0)
    services.ledger.history.record(run, [passed], lease=lease)
    sparing = with_full_suites_every(services, 30, 60.0)
    titles = {
        task.title.split(" at ")[0]
        for day in range(30)
        for task in NightPlanner(sparing, NIGHT + timedelta(days=day)).plan().tasks
        if task.settles is None
    }
    assert "the full suite of shop" in titles
    assert "1 tests worth running (1 of them because it has never run) of shop" in titles


def test_a_main_branch_of_which_nothing_is_worth_knowing_has_no_run(services: Services, head: PullRequest) -> None:
    services.ledger.night.leave_out(head, [])
    plan = NightPlanner(with_full_suites_every(services, 30, 0.0), NIGHT).plan()
    assert plan.tasks == ()
    assert plan.problems == ()


def test_what_is_too_much_for_one_night_is_said_and_the_main_branch_has_its_turn(
    services: Services, head: PullRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(night_plan, "HEADS_LIMIT", 2)
    for letter in "abc":
        services.ledger.night.leave_out(head.model_copy(update={"head_sha": letter * 40}), ["t"])
    plan = NightPlanner(services, NIGHT).plan()
    assert [task.settles.head_sha[0] for task in plan.tasks if task.settles] == ["a", "b"]
    assert plan.tasks[-1].only is None
    assert [problem.kind for problem in plan.problems] == ["postponed"]


def test_a_repository_that_is_gone_costs_only_its_own_night(
    services: Services, head: PullRequest, tmp_path: Path
) -> None:
    gone = head.model_copy(update={"repository": str(tmp_path / "gone"), "repo": "gone"})
    for each in (gone, head):
        services.ledger.night.leave_out(each, [])
    plan = NightPlanner(services, NIGHT).plan()
    assert [task.pull_request.repo for task in plan.tasks] == ["shop"]
    assert [problem.kind for problem in plan.problems] == ["repository"]
