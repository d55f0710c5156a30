"""One shard under its lease: verdicts are recorded while it runs, its result once, whoever else was at it before.

A shard that was interrupted resumes: what the ledger has a verdict for does not run again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from maestro.artifacts import ArtifactStore
from maestro.canonical import canonical_json
from maestro.execution.report import answered, counts_of, failures_of
from maestro.execution.runners import OnOutcomes, RunOutput
from maestro.impact.knowledge.recording import Recording
from maestro.ledger import Effect, Ledger, TestRun, Turn, performing
from maestro.ledger.leases import ANYBODY
from maestro.ledger.recordings import MEDIA_TYPE
from maestro.model.artifact import ArtifactRef
from maestro.model.base import Model
from maestro.model.conduct import shard_ordinal
from maestro.model.pull_request import PullRequest
from maestro.model.region import Standing
from maestro.model.tests import SAMPLE_LIMIT, PlanBody, Problem, ShardResult, TestOutcome, TestPlan


class Ran(Model):
    """What is left of a run whose folder is gone: its files are artifacts."""

    seconds: float = 0.0
    isolation: str = ""
    problem: Problem | None = None
    log: ArtifactRef | None = None
    junit: ArtifactRef | None = None
    recording: ArtifactRef | None = None


RunTests = Callable[[Sequence[str], OnOutcomes], Awaitable[Ran]]
"""Runs tests and hands over verdicts as they come."""


@dataclass(frozen=True)
class Shard:
    """Which tests of which plan, for which attempt; passes of the attempts since ``first_attempt`` stand.

    ``holder`` names the worker that asks for the lease.
    """

    pull_request: PullRequest
    plan: TestPlan
    body: PlanBody
    number: int
    attempt: int
    first_attempt: int
    region: str
    holder: str

    @property
    def ordinal(self) -> str:
        return shard_ordinal(self.plan, self.number, attempt=self.attempt)

    @property
    def name(self) -> str:
        """What the shard's artifacts are called."""
        return f"shard-{self.ordinal}"

    @property
    def tests(self) -> tuple[str, ...]:
        return tuple(self.body.selected[index].id for index in self.body.shards[self.number])

    @property
    def run(self) -> TestRun:
        """The run that verdicts are recorded under: one for each head and each retry that a reviewer asked for."""
        return TestRun(
            key=self.pull_request.key("run", self.attempt),
            repo=self.pull_request.repo,
            tenant=self.pull_request.tenant,
            revision=self.pull_request.head_sha,
            environment=self.plan.environment_key,
        )


def verdicts_by_attempt(
    ledger: Ledger, pull_request: PullRequest, *, first: int, last: int
) -> list[dict[str, TestOutcome]]:
    """What the ledger has for each attempt from ``first`` to ``last``, oldest first."""
    return [ledger.history.outcomes(pull_request.key("run", number)) for number in range(first, last + 1)]


async def conduct_shard(
    shard: Shard,
    *,
    ledger: Ledger,
    artifacts: ArtifactStore,
    run_tests: RunTests,
    ttl_seconds: float,
    standing: Standing = ANYBODY,
) -> ShardResult:
    """The shard's result; recorded once under its business key, and returned from there to whoever comes second.

    ``run_tests`` is called with the tests that have no verdict yet, and not at all when there are none. Raises
    LeaseHeld while somebody else is at work, LeaseLost when this worker has to stop, StaleEpoch when another cluster
    acts than the one that gave it the shard.
    """
    key = shard.pull_request.key("shard", shard.ordinal)
    # Whatever plan it was recorded for: one that was started again may have planned anew, and its verdicts stand.
    recorded = await asyncio.to_thread(ledger.effects.recorded, key)
    if recorded is not None:
        return ShardResult.model_validate(recorded.result)
    request: list[JsonValue] = [shard.plan.body.digest, shard.number, shard.attempt]
    async with performing(
        ledger, key, request=request, holder=shard.holder, ttl_seconds=ttl_seconds, standing=standing
    ) as turn:
        effect = turn.recorded or await _perform(shard, turn, artifacts, run_tests)
    return ShardResult.model_validate(effect.result)


async def _perform(shard: Shard, turn: Turn, artifacts: ArtifactStore, run_tests: RunTests) -> Effect:
    ledger = turn.ledger
    known = await asyncio.to_thread(_known, ledger, shard)
    missing = [test for test in shard.tests if test not in known]

    async def record(outcomes: Sequence[TestOutcome]) -> None:
        await asyncio.to_thread(ledger.history.record, shard.run, outcomes, lease=turn.lease)

    ran = await run_tests(missing, record) if missing else Ran()
    known = await asyncio.to_thread(_known, ledger, shard)
    result = await asyncio.to_thread(_result, shard, known, ran, artifacts, len(shard.tests) - len(missing))
    return await turn.commit(result.model_dump(mode="json"))


def _known(ledger: Ledger, shard: Shard) -> dict[str, TestOutcome]:
    return answered(verdicts_by_attempt(ledger, shard.pull_request, first=shard.first_attempt, last=shard.attempt))


def keep(
    output: RunOutput, artifacts: ArtifactStore, *, isolation: str, name: str, recording: Recording | None = None
) -> Ran:
    """Store the files of a run before its folder goes, and what was recorded in it."""

    def stored(path: Path | None, media_type: str, suffix: str) -> ArtifactRef | None:
        return artifacts.put_file(path, media_type=media_type, name=f"{name}{suffix}") if path else None

    return Ran(
        seconds=output.seconds,
        isolation=isolation,
        problem=output.problem,
        log=stored(output.log_path, "text/plain", ".log"),
        junit=stored(output.junit_path, "application/xml", "-junit.xml"),
        recording=artifacts.put(recording.dump(), media_type=MEDIA_TYPE, name=f"{name}-recording")
        if recording
        else None,
    )


def _result(
    shard: Shard, known: Mapping[str, TestOutcome], ran: Ran, artifacts: ArtifactStore, resumed: int
) -> ShardResult:
    outcomes = [known[test] for test in shard.tests if test in known]
    listing = canonical_json([outcome.model_dump(mode="json") for outcome in outcomes])
    return ShardResult(
        ordinal=shard.ordinal,
        region=shard.region,
        counts=counts_of(outcomes),
        failed=tuple(failures_of(outcomes)[:SAMPLE_LIMIT]),
        missing_count=len(shard.tests) - len(outcomes),
        resumed=resumed,
        seconds=ran.seconds,
        isolation=ran.isolation,
        results=artifacts.put(listing.encode(), media_type="application/json", name=f"{shard.name}-results.json"),
        log=ran.log,
        junit=ran.junit,
        recording=ran.recording,
        problem=ran.problem,
    )
