"""``maestro run`` while the region that conducts is killed, in each phase: one card, one merge, one comment."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from tests.clusters.pairs import Pair, propose, standing
from tests.clusters.regions import acts, nothing_restarts, parts_of, until, whole
from tests.localstack import COMMAND


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def pair(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pair]:
    async with standing(tmp_path_factory.mktemp("pair")) as made:
        yield made


Reached = Callable[[Pair, str], object]


def recorded(kind: str) -> Reached:
    return lambda pair, head: pair.rows("SELECT 1 FROM records WHERE kind = ? AND head_sha = ?", kind, head)


PHASES: dict[str, Reached] = {
    "place": lambda pair, head: pair.rows("SELECT 1 FROM starts WHERE workflow_id LIKE '%' || ?", head),
    "select": recorded("placement"),
    "run": lambda pair, head: pair.rows("SELECT 1 FROM outcomes WHERE run_key LIKE '%' || ? || '%'", head)[2:],
    "gather": lambda pair, head: pair.rows("SELECT 1 FROM effects WHERE key LIKE 'shard/%' || ? || '%'", head),
    "decide": recorded("controls"),
    "publish": recorded("decision"),
}
"""From what on a pull request is in each phase, as the ledger's file shows it to anybody."""


@pytest.mark.parametrize("phase", PHASES)
async def test_a_region_killed_in_any_phase_is_one_card_one_merge_one_comment(pair: Pair, phase: str) -> None:
    await whole(pair.stack, pair.ledger)
    epoch = pair.ledger.epochs.current("maestro")
    if epoch is not None and epoch.cluster != "north":
        back = await asyncio.to_thread(pair.stack.maestro, "regions", "failback", "--even-if-worse")
        assert back.returncode == 0, back.stderr
    await acts(pair.ledger, "north")
    base, head = propose(pair, phase)
    command = ("run", "--repo", str(pair.bare.folder), "--base", base, "--head", phase, "--merge", "--comment")
    process = await asyncio.create_subprocess_exec(
        *(str(COMMAND), *command),
        env=pair.stack.environment,
        cwd=pair.stack.home.parent,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        await until(lambda: PHASES[phase](pair, head), what=f"the phase {phase}", pause_seconds=0.005)
        with nothing_restarts(pair.stack):
            for part in parts_of(pair.stack, "eu-north", "north"):
                part.kill()
            output, _ = await asyncio.wait_for(process.communicate(), 120)
            await acts(pair.ledger, "west")
    finally:
        if process.returncode is None:
            process.kill()
    told = output.decode()
    assert process.returncode == 0, told
    assert told.count("card: file://") == 1
    assert pair.bare.git("rev-parse", base) == head
    assert len(moves_of(pair, base)) == 1
    assert pair.bare.git("notes", "--ref=maestro", "show", head).count("<!-- maestro key=") == 1
    [run_key] = {row[0] for row in pair.rows("SELECT DISTINCT run_key FROM outcomes WHERE run_key LIKE ?", f"%{head}%")}
    tests = pair.rows("SELECT test, verdict, fence FROM outcomes WHERE run_key = ? ORDER BY test", str(run_key))
    assert [row[0] for row in tests] == sorted(f"test_{phase}.py::test_slow[{number}]" for number in range(12))


def moves_of(pair: Pair, branch: str) -> list[str]:
    """Every move of a branch of the server, as its own log has them."""
    return Path(pair.bare.folder, "logs", "refs", "heads", branch).read_text(encoding="utf-8").splitlines()
