"""A shard's verdicts are recorded once, whoever runs it and however often."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from maestro.artifacts import ArtifactStore
from maestro.errors import LeaseHeld, LeaseLost
from maestro.execution.runners import OnOutcomes
from maestro.execution.shard import Ran, Shard, conduct_shard
from maestro.ledger import Ledger
from maestro.model.artifact import ArtifactRef
from maestro.model.pull_request import PullRequest
from maestro.model.tests import (
    PlanBody,
    ReasonKind,
    SelectedTest,
    SelectionMode,
    TestOutcome,
    TestPlan,
    Verdict,
)

TTL_SECONDS = 30.0

PULL_REQUEST = PullRequest(
    repository="/nowhere", repo="acme/shop", pr="7", base_sha="b" * 40, head_sha="a" * 40, merge_base_sha="b" * 40
)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}") as opened:
        yield opened


@pytest.fixture
def artifacts(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "artifacts")


def shard(*tests: str, holder: str = "eu-north/1", attempt: int = 0) -> Shard:
    body = PlanBody(
        selected=tuple(
            SelectedTest(id=test, kind=ReasonKind.CHANGED, reason="changed", expected_seconds=1.0) for test in tests
        ),
        left_out=(),
        shards=(tuple(range(len(tests))),),
        changed_files=(),
    )
    ref = ArtifactRef(digest="sha256:" + "0" * 64, media_type="application/json", bytes=2)
    return Shard(
        pull_request=PULL_REQUEST,
        plan=TestPlan(applicable=True, reason="", mode=SelectionMode.STANDARD, body=ref),
        body=body,
        number=0,
        attempt=attempt,
        first_attempt=0,
        region="eu-north",
        holder=holder,
    )


class Runner:
    """Passes every test but those of ``failing``; remembers what it was asked for."""

    def __init__(self, *, failing: Sequence[str] = (), die_after: int | None = None) -> None:
        self.asked: list[str] = []
        self._failing = failing
        self._die_after = die_after

    async def __call__(self, tests: Sequence[str], on_outcomes: OnOutcomes) -> Ran:
        for number, test in enumerate(tests):
            if number == self._die_after:
                raise ConnectionError("the worker was killed")
            self.asked.append(test)
            verdict = Verdict.FAIL if test in self._failing else Verdict.PASS
            await on_outcomes((TestOutcome(test=test, verdict=verdict, duration_seconds=0.1),))
        return Ran(seconds=1.0, isolation="bubblewrap")


async def test_an_interrupted_shard_goes_on_where_it_stopped(ledger: Ledger, artifacts: ArtifactStore) -> None:
    first, second = Runner(die_after=2), Runner()
    with pytest.raises(ConnectionError):
        await conduct_shard(
            shard("a", "b", "c", "d"), ledger=ledger, artifacts=artifacts, run_tests=first, ttl_seconds=TTL_SECONDS
        )
    result = await conduct_shard(
        shard("a", "b", "c", "d", holder="eu-west/2"),
        ledger=ledger,
        artifacts=artifacts,
        run_tests=second,
        ttl_seconds=TTL_SECONDS,
    )
    assert (first.asked, second.asked) == (["a", "b"], ["c", "d"])
    assert result.counts == {Verdict.PASS: 4}
    assert (result.resumed, result.missing_count) == (2, 0)


async def test_whoever_comes_second_gets_the_recorded_result_and_runs_nothing(
    ledger: Ledger, artifacts: ArtifactStore
) -> None:
    again = Runner(failing=["a"])
    first = await conduct_shard(
        shard("a"), ledger=ledger, artifacts=artifacts, run_tests=Runner(), ttl_seconds=TTL_SECONDS
    )
    second = await conduct_shard(
        shard("a", holder="eu-west/2"), ledger=ledger, artifacts=artifacts, run_tests=again, ttl_seconds=TTL_SECONDS
    )
    assert first == second
    assert again.asked == []


async def test_two_workers_never_run_one_shard_at_a_time(ledger: Ledger, artifacts: ArtifactStore) -> None:
    ledger.leases.acquire(PULL_REQUEST.key("shard", "0.0.0"), holder="eu-west/2", ttl_seconds=TTL_SECONDS)
    runner = Runner()
    with pytest.raises(LeaseHeld, match="eu-west/2 holds the lease"):
        await conduct_shard(shard("a"), ledger=ledger, artifacts=artifacts, run_tests=runner, ttl_seconds=TTL_SECONDS)
    assert runner.asked == []


async def test_a_worker_that_lost_its_lease_is_stopped_and_records_nothing_more(
    ledger: Ledger, artifacts: ArtifactStore
) -> None:
    stopped = asyncio.Event()

    async def takes_for_ever(tests: Sequence[str], on_outcomes: OnOutcomes) -> Ran:
        with ledger._database.write() as connection:
            connection.exec_driver_sql("UPDATE leases SET fence = fence + 1, holder = 'eu-west/2'")
        try:
            await asyncio.sleep(3_600)
        finally:
            stopped.set()
        raise AssertionError

    with pytest.raises(LeaseLost, match="eu-west/2 has fence 2"):
        await conduct_shard(shard("a"), ledger=ledger, artifacts=artifacts, run_tests=takes_for_ever, ttl_seconds=0.3)
    assert stopped.is_set()
    assert ledger.effects.recorded(PULL_REQUEST.key("shard", "0.0.0")) is None


async def test_a_retry_asks_only_for_what_did_not_pass(ledger: Ledger, artifacts: ArtifactStore) -> None:
    await conduct_shard(
        shard("a", "b"),
        ledger=ledger,
        artifacts=artifacts,
        run_tests=Runner(failing=["b"]),
        ttl_seconds=TTL_SECONDS,
    )
    again = Runner()
    result = await conduct_shard(
        shard("a", "b", attempt=1), ledger=ledger, artifacts=artifacts, run_tests=again, ttl_seconds=TTL_SECONDS
    )
    assert again.asked == ["b"]
    assert result.counts == {Verdict.PASS: 2}
