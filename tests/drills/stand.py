"""A whole stack that may be hurt: real processes and repositories, seen as an operator sees them.

Waits ask for a condition and are bounded only so that a drill that cannot succeed fails; nothing here measures time.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import psutil
from pysqlite3 import dbapi2 as sqlite
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError

from maestro.artifacts import ArtifactStore
from maestro.execution.leftovers import MARK
from maestro.ledger import Ledger
from maestro.model.conduct import Outcome
from maestro.model.decision import DecisionCard
from maestro.model.pull_request import PullRequest
from maestro.model.tests import ShardResult
from tests.execution.repositories import Files, Repository
from tests.execution.wheelhouse import pack, served
from tests.localstack import LocalStack
from workers.stack.state import PartStatus

TEMPORAL = Path(sys.executable).with_name("temporal")
LIMIT_SECONDS = 180
POLL_SECONDS = 0.1

TRUSTING = "trusting"
"""A tenant of the stack that relies on faults of public projects until its own red builds are enough."""

Handle = WorkflowHandle[object, Outcome]
Found = TypeVar("Found")


async def until(ask: Callable[[], Awaitable[Found | None]], *, what: str) -> Found:
    """What ``ask`` finds at last. A server that is away for a moment has not answered yet; nothing more."""
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            while True:
                with suppress(RPCError):
                    if found := await ask():
                        return found
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        raise AssertionError(f"it did not happen: {what}") from None


@dataclass(frozen=True)
class Row:
    """A verdict as the ledger's file holds it."""

    test: str
    verdict: str
    fence: int


@dataclass(frozen=True)
class Stand:
    """The stack, a client of its server, its ledger and artifacts, and a repository to make pull requests of."""

    stack: LocalStack
    client: Client
    ledger: Ledger
    artifacts: ArtifactStore
    repository: Repository

    def propose(self, name: str, files: Files) -> str:
        """The head of a new branch from the repository's first commit."""
        root = self.repository.git("rev-list", "--max-parents=0", "main")
        self.repository.git("checkout", "--quiet", "-b", name, root)
        head = self.repository.commit(files, message=name)
        self.repository.git("checkout", "--quiet", "main")
        return head

    async def maestro(self, *arguments: str) -> tuple[int, str, str]:
        """Run the command as a user does; its exit code, answer and remarks."""
        done = await asyncio.to_thread(self.stack.maestro, *arguments)
        return done.returncode, done.stdout, done.stderr

    async def start(self, head: str, *options: str) -> Handle:
        """Conduct ``head`` against the main branch by ``maestro pr start``."""
        repository = str(self.repository.folder)
        code, answer, remarks = await self.maestro(
            "pr", "start", "--repo", repository, "--base", "main", "--head", head, "--json", *options
        )
        assert code == 0, remarks
        return self.handle(json.loads(answer)["workflow_id"])

    def handle(self, workflow_id: str) -> Handle:
        handle: Handle = self.client.get_workflow_handle(workflow_id, result_type=Outcome)
        return handle

    async def card(self, handle: Handle) -> DecisionCard:
        card: DecisionCard = await handle.query("card", result_type=DecisionCard)
        return card

    async def card_that(self, handle: Handle, holds: Callable[[DecisionCard], bool], *, what: str) -> DecisionCard:
        async def ask() -> DecisionCard | None:
            card = await self.card(handle)
            return card if holds(card) else None

        return await until(ask, what=what)

    async def ended(self, handle: Handle) -> Outcome:
        async def ask() -> Outcome | None:
            description = await handle.describe()
            return None if description.status is WorkflowExecutionStatus.RUNNING else await handle.result()

        return await until(ask, what=f"{handle.id} ends")

    async def pull_request(self, handle: Handle) -> PullRequest:
        return (await self.card_that(handle, lambda _: True, what="a card is there")).pull_request

    def rows(self, pull_request: PullRequest, *, attempt: int = 0) -> list[Row]:
        """Every verdict that the ledger's file has for an attempt, read past our own code."""
        with sqlite.connect(f"file:{self.stack.home / 'ledger.sqlite'}?mode=ro", uri=True) as connection:
            found = connection.execute(
                "SELECT test, verdict, fence FROM outcomes WHERE run_key = ? ORDER BY test",
                (pull_request.key("run", attempt),),
            ).fetchall()
        connection.close()
        return [Row(*row) for row in found]

    async def rows_beyond(self, pull_request: PullRequest, count: int) -> list[Row]:
        """The verdicts, once there are more than ``count``."""

        async def ask() -> list[Row] | None:
            rows = self.rows(pull_request)
            return rows if len(rows) > count else None

        return await until(ask, what=f"more than {count} verdicts are recorded")

    def shard(self, pull_request: PullRequest, ordinal: str) -> ShardResult:
        """The recorded result of a shard."""
        effect = self.ledger.effects.recorded(pull_request.key("shard", ordinal))
        assert effect is not None, f"shard {ordinal} has no result"
        return ShardResult.model_validate(effect.result)

    def kill(self, name: str) -> psutil.Process:
        """``kill -9`` of a part of the stack."""
        process = self.stack.processes()[name]
        process.kill()
        return process

    @contextmanager
    def nothing_restarts(self) -> Iterator[None]:
        """Hold the supervisor, so that what dies stays dead for as long as the block runs."""
        supervisor = self.stack.processes()["supervisor"]
        supervisor.suspend()
        try:
            yield
        finally:
            supervisor.resume()

    async def whole(self) -> None:
        """Wait until every part of the stack is ready."""

        async def ask() -> bool:
            state = self.stack.state()
            alive = self.stack.processes()
            return all(part.status is PartStatus.READY and part.name in alive for part in state.parts)

        await until(ask, what="every part of the stack is ready")

    def worktrees(self) -> list[str]:
        return sorted(path.name for path in (self.stack.home / "worktrees").iterdir())

    async def nothing_is_left(self, head: str) -> None:
        """No worktree, and no process of this head. A worker that lost its task under load may still be clearing."""

        async def ask() -> bool:
            return not self.worktrees() and not self.processes_of(head)

        await until(ask, what="the worktrees and processes are gone")

    def processes_of(self, head: str) -> list[psutil.Process]:
        """Every process on this machine that was started for a head's tests or build."""
        return [process for process in psutil.process_iter() if _mark(process).startswith(head[:12])]


def command_of(process: psutil.Process) -> str:
    """The command line, or nothing for a process that ended while it was looked at."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


@asynccontextmanager
async def standing(folder: Path, topology: Path, variables: Mapping[str, str] | None = None) -> AsyncIterator[Stand]:
    """A stack of its own under ``folder``, with an index on the loopback address to build environments from.

    ``variables`` are more of what the stack's processes find in their environment.
    """
    pack(folder / "index")
    with served(folder / "index") as index:
        home = folder / "home"
        stack = LocalStack(home, {"MAESTRO_TOPOLOGY": str(topology), "UV_DEFAULT_INDEX": index, **(variables or {})})
        state = await asyncio.to_thread(stack.up)
        client = await Client.connect(state.address, namespace=state.namespace, data_converter=pydantic_data_converter)
        repository = Repository(folder / "shop")
        repository.commit({"README": "a repository to conduct"})
        with Ledger.open(f"sqlite:///{home / 'ledger.sqlite'}", migrate=False) as ledger:
            yield Stand(stack, client, ledger, ArtifactStore(home / "artifacts"), repository)
        await asyncio.to_thread(stack.maestro, "down")


def _mark(process: psutil.Process) -> str:
    try:
        return str(process.environ().get(MARK, ""))
    except (psutil.Error, OSError):
        return ""


def environment_of(stand: Stand) -> dict[str, str]:
    """The environment in which Temporal's own command reaches this stack's server."""
    state = stand.stack.state()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TEMPORAL_")}
    return kept | {"TEMPORAL_ADDRESS": state.address, "TEMPORAL_NAMESPACE": state.namespace}
