"""``maestro run`` while the region that conducts is killed, in each phase: one card, one merge, one comment."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from pysqlite3 import dbapi2 as sqlite

from maestro.ledger import Ledger
from tests.clusters.conftest import clustered_stack
from tests.clusters.regions import acts, nothing_restarts, parts_of, until, whole
from tests.drills.test_killed import slow
from tests.execution.repositories import Repository
from tests.execution.wheelhouse import pack, served
from tests.localstack import COMMAND, LocalStack


@dataclass(frozen=True)
class Pair:
    """A stack of clusters of its own, its ledger, and a repository that everybody pushes to."""

    stack: LocalStack
    ledger: Ledger
    repository: Repository
    bare: Repository

    def rows(self, query: str, *values: str) -> list[tuple[object, ...]]:
        """Read the ledger's file past our own code."""
        path = f"file:{self.stack.home / 'ledger.sqlite'}?mode=ro"
        with closing(sqlite.connect(path, uri=True)) as connection:
            return list(connection.execute(query, values).fetchall())


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def pair(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pair]:
    folder = tmp_path_factory.mktemp("pair")
    pack(folder / "index")
    with served(folder / "index") as index:
        stack = clustered_stack(folder / "home", UV_DEFAULT_INDEX=index)
        await asyncio.to_thread(stack.up)
        repository = Repository(folder / "shop")
        repository.commit({"README": "a repository to conduct"})
        with Ledger.open(f"sqlite:///{stack.home / 'ledger.sqlite'}", migrate=False) as ledger:
            yield Pair(stack, ledger, repository, repository.clone(folder / "shop.git", "--bare"))
        await asyncio.to_thread(stack.maestro, "down")


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


def propose(pair: Pair, name: str) -> tuple[str, str]:
    """A base branch of its own and a head on it, pushed to the server, whose every move is logged there."""
    pair.bare.git("config", "core.logAllRefUpdates", "false")
    base = f"base-{name}"
    root = pair.repository.git("rev-list", "--max-parents=0", "main")
    pair.repository.git("checkout", "--quiet", "-b", name, root)
    head = pair.repository.commit(slow(name), message=name)
    pair.repository.git("push", "--quiet", str(pair.bare.folder), f"{root}:refs/heads/{base}", name)
    pair.repository.git("checkout", "--quiet", "main")
    pair.bare.git("config", "core.logAllRefUpdates", "always")
    return base, head
