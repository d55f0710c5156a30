"""A pull request with many tests: what travels through Temporal does not grow with their number."""

from maestro.model.decision import DecisionState
from tests.drills.measure import measured
from tests.drills.stand import Stand
from tests.execution.repositories import Files

FEW = 10
MANY = 1_000

MEBIBYTE = 1_048_576


def parametrized(count: int) -> Files:
    """``count`` tests in ten files."""
    test = "import pytest\n@pytest.mark.parametrize('number', range({}))\ndef test_number(number): pass\n"
    return {f"test_{count}_{file}.py": test.format(count // 10) for file in range(10)}


async def test_a_history_does_not_grow_with_the_number_of_tests(stand: Stand) -> None:
    sizes = {}
    for count in (FEW, MANY):
        handle = await stand.start(stand.propose(f"tests-{count}", parametrized(count)))
        outcome = await stand.ended(handle)
        assert outcome.decision.state is DecisionState.GREEN
        assert outcome.card.report is not None
        assert outcome.card.report.counts == {"pass": count}
        sizes[count] = await measured(handle)
    few, many = sizes[FEW], sizes[MANY]
    assert many.history_bytes < MEBIBYTE / 2
    # More tests are more shards, each with its few events; nothing else may grow.
    shards = many.shards - few.shards
    assert many.history_bytes - few.history_bytes < shards * 10_000 + 10_000
    assert many.largest_payload_bytes < 100_000
