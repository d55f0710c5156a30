"""Maestro's own runs are builds beside the imported ones."""

import numpy as np
import pytest
import sqlalchemy as sa

from maestro.errors import BadInput
from maestro.impact.history.builds import Build, History
from maestro.ledger import Lease, Ledger, TestRun
from maestro.ledger.all_builds import history_of
from maestro.ledger.schema import runs
from maestro.model.tests import TestOutcome, Verdict

REPO = "acme/shop"
HEAD = f"run/{REPO}/7/{'a' * 40}"


def run(attempt: int = 0, **known: str) -> TestRun:
    plain = TestRun(key=f"{HEAD}/{attempt}", repo=REPO, revision="a" * 40, environment="env-1")
    return plain.model_copy(update=known)


@pytest.fixture
def lease(ledger: Ledger) -> Lease:
    return ledger.leases.acquire("shard/1", holder="north", ttl_seconds=60)


def record(ledger: Ledger, lease: Lease, of: TestRun, **verdicts: Verdict) -> None:
    outcomes = [TestOutcome(test=test, verdict=verdict, duration_seconds=2.0) for test, verdict in verdicts.items()]
    ledger.history.record(of, outcomes, lease=lease)


def abandon(ledger: Ledger) -> None:
    with ledger._database.write() as connection:
        connection.execute(sa.update(runs).values(started_at=runs.c.started_at - 2 * 86_400.0))


def test_a_finished_run_is_a_build_with_its_files(ledger: Ledger, lease: Lease) -> None:
    record(ledger, lease, run(), b=Verdict.FAIL, a=Verdict.PASS)
    ledger.own_builds.finish(run().key, files=["src/a.py"])
    history = history_of(ledger, REPO)
    (build,) = history.builds
    assert (build.id, build.retry, build.revision, build.environment) == (HEAD, 0, "a" * 40, "env-1")
    assert build.files == ("src/a.py",)
    assert [history.names[test] for test in build.failed] == ["b"]
    assert build.seconds == pytest.approx([2.0, 2.0], rel=0.01)


def test_a_run_that_goes_on_after_it_was_finished_is_packed_anew(ledger: Ledger, lease: Lease) -> None:
    record(ledger, lease, run(), a=Verdict.PASS)
    ledger.own_builds.finish(run().key, files=["src/a.py"])
    record(ledger, lease, run(), b=Verdict.PASS)
    ledger.own_builds.finish(run().key, files=["src/a.py"])
    (build,) = history_of(ledger, REPO).builds
    assert build.tests.size == 2


def test_a_test_that_passes_when_a_reviewer_retries_is_flaky(ledger: Ledger, lease: Lease) -> None:
    record(ledger, lease, run(), a=Verdict.FAIL, b=Verdict.FAIL, c=Verdict.PASS)
    record(ledger, lease, run(1), a=Verdict.PASS, b=Verdict.FAIL)
    for attempt in (0, 1):
        ledger.own_builds.finish(run(attempt).key)
    history = history_of(ledger, REPO)
    (build,) = history.builds
    assert [history.names[test] for test in build.flaky] == ["a"]
    assert [history.names[test] for test in build.failed] == ["b"]
    assert build.tests.size == 3


def test_imported_and_own_builds_come_in_time_order(ledger: Ledger, lease: Lease) -> None:
    record(ledger, lease, run(), a=Verdict.PASS)
    ledger.own_builds.finish(run().key)
    one = np.zeros(1)
    past, future = (
        Build(name, time, one.astype(np.int32), one.astype(np.uint8), one.astype(np.float32))
        for name, time in (("past", 1e9), ("future", 1e10))
    )
    ledger.builds.put(History(names=("a",), builds=(past, future)), repo=REPO)
    assert [build.id for build in history_of(ledger, REPO).builds] == ["past", HEAD, "future"]
    assert [build.id for build in history_of(ledger, REPO, last=2).builds] == [HEAD, "future"]


def test_a_run_that_nobody_finished_counts_once_it_is_abandoned(ledger: Ledger, lease: Lease) -> None:
    record(ledger, lease, run(), a=Verdict.PASS)
    assert history_of(ledger, REPO).builds == ()
    abandon(ledger)
    assert [build.id for build in history_of(ledger, REPO).builds] == [HEAD]
    assert ledger.own_builds.catch_up(REPO) == 0


def test_a_run_of_another_tenant_or_repository_is_not_taken(ledger: Ledger, lease: Lease) -> None:
    record(ledger, lease, run(tenant="blue"), a=Verdict.PASS)
    abandon(ledger)
    assert history_of(ledger, REPO).builds == ()
    assert history_of(ledger, "acme/other", tenant="blue").builds == ()
    assert len(history_of(ledger, REPO, tenant="blue").builds) == 1


def test_a_run_that_is_not_known_cannot_be_finished(ledger: Ledger) -> None:
    with pytest.raises(BadInput, match="no such run"):
        ledger.own_builds.finish("run/unknown/0")
