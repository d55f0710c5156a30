"""``kill -9``: of a worker in a shard, of a region, of the Temporal server. Each verdict is recorded once."""

import xml.etree.ElementTree as ET

import pytest

from maestro.model.decision import DecisionState, Phase
from maestro.model.tests import ShardResult
from tests.drills.stand import Row, Stand
from tests.execution.repositories import Files

TESTS = 12

SLOW = """
import time
import pytest

@pytest.mark.parametrize("number", range(12))
def test_slow(number):
    time.sleep(0.5)
"""
"""Long enough to be killed in the middle, on an idle machine too."""


def slow(name: str) -> Files:
    return {f"test_{name}.py": SLOW}


def reported(stand: Stand, shard: ShardResult) -> set[str]:
    """The tests in the JUnit file of the shard's last attempt, as ids."""
    assert shard.junit is not None
    cases = ET.fromstring(stand.artifacts.get(shard.junit)).iter("testcase")
    return {f"{case.get('classname')}.py::{case.get('name')}" for case in cases}


def each_once(rows: list[Row], name: str) -> bool:
    return [row.test for row in rows] == sorted(f"test_{name}.py::test_slow[{number}]" for number in range(TESTS))


async def test_a_killed_worker_loses_no_verdict_and_no_finished_test_runs_again(stand: Stand) -> None:
    head = stand.propose("worker", slow("worker"))
    handle = await stand.start(head)
    pull_request = await stand.pull_request(handle)
    before = await stand.rows_beyond(pull_request, 2)
    card = await stand.card(handle)
    assert card.placement is not None
    stand.kill(f"worker {card.placement.region}")
    outcome = await stand.ended(handle)
    assert outcome.decision.state is DecisionState.GREEN
    rows = stand.rows(pull_request)
    assert each_once(rows, "worker")
    shard = stand.shard(pull_request, "0.0.0")
    kept = {row.test for row in rows if row.fence == before[0].fence}
    assert {row.test for row in before} <= kept
    assert shard.resumed == len(kept) < TESTS
    assert outcome.card.report is not None
    assert outcome.card.report.resumed == shard.resumed
    assert reported(stand, shard) == {row.test for row in rows} - kept
    # Whoever opens the next tree clears what the killed one left, and a finished pull request has done that.
    await stand.nothing_is_left(head)


async def test_a_region_that_dies_is_left_and_the_card_says_why(stand: Stand) -> None:
    head = stand.propose("region", slow("region"))
    handle = await stand.start(head)
    pull_request = await stand.pull_request(handle)
    before = await stand.rows_beyond(pull_request, 2)
    first = (await stand.card(handle)).placement
    assert first is not None
    with stand.nothing_restarts():
        stand.kill(f"worker {first.region}")
        outcome = await stand.ended(handle)
    second = outcome.card.placement
    assert second is not None
    assert second.region not in {None, first.region}
    assert outcome.decision.state is DecisionState.GREEN
    [why] = [assessment.reasons for assessment in second.assessments if assessment.region == first.region]
    assert any(f"no worker of {first.region} took" in reason for reason in why)
    placed = [entry.detail for entry in outcome.card.timeline if entry.event == "placed"]
    assert len(placed) >= 2
    rows = stand.rows(pull_request)
    assert each_once(rows, "region")
    assert {row.test for row in before} <= {row.test for row in rows if row.fence == before[0].fence}
    assert outcome.card.report is not None
    assert outcome.card.report.regions == (second.region,)
    await stand.nothing_is_left(head)


@pytest.mark.parametrize("phase", [Phase.RUN, Phase.SELECT])
async def test_a_killed_server_comes_back_and_the_pull_request_ends(stand: Stand, phase: Phase) -> None:
    name = f"server_{phase.value}"
    head = stand.propose(name, slow(name))
    handle = await stand.start(head)
    pull_request = await stand.pull_request(handle)
    await stand.card_that(handle, lambda card: card.phase is phase, what=f"the phase {phase.value}")
    if phase is Phase.RUN:
        await stand.rows_beyond(pull_request, 2)
    stand.kill("temporal")
    outcome = await stand.ended(handle)
    assert outcome.decision.state is DecisionState.GREEN
    assert each_once(stand.rows(pull_request), name)
    await stand.nothing_is_left(head)
