"""A stack of two clusters of a module's own, with its ledger and a repository that everybody pushes to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

from pysqlite3 import dbapi2 as sqlite

from maestro.ledger import Ledger
from tests.clusters.conftest import clustered_stack
from tests.drills.test_killed import SLOW
from tests.execution.repositories import Repository
from tests.execution.wheelhouse import pack, served
from tests.localstack import LocalStack


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


@asynccontextmanager
async def standing(folder: Path, **variables: str) -> AsyncIterator[Pair]:
    """The stack is up for as long as the block runs, under these variables of the environment."""
    pack(folder / "index")
    with served(folder / "index") as index:
        stack = clustered_stack(folder / "home", UV_DEFAULT_INDEX=index, **variables)
        await asyncio.to_thread(stack.up)
        repository = Repository(folder / "shop")
        repository.commit({"README": "a repository to conduct"})
        with Ledger.open(f"sqlite:///{stack.home / 'ledger.sqlite'}", migrate=False) as ledger:
            yield Pair(stack, ledger, repository, repository.clone(folder / "shop.git", "--bare"))
        await asyncio.to_thread(stack.maestro, "down")


def propose(pair: Pair, name: str, *, seconds: str = "0.5") -> tuple[str, str]:
    """A base branch of its own and a head on it, pushed to the server, whose every move is logged there. Each of its
    twelve tests takes so many seconds.
    """
    pair.bare.git("config", "core.logAllRefUpdates", "false")
    base = f"base-{name}"
    root = pair.repository.git("rev-list", "--max-parents=0", "main")
    pair.repository.git("checkout", "--quiet", "-b", name, root)
    head = pair.repository.commit({f"test_{name}.py": SLOW.replace("0.5", seconds)}, message=name)
    pair.repository.git("push", "--quiet", str(pair.bare.folder), f"{root}:refs/heads/{base}", name)
    pair.repository.git("checkout", "--quiet", "main")
    pair.bare.git("config", "core.logAllRefUpdates", "always")
    return base, head
