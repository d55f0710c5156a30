"""Cards as they change. However many look at a pull request, one watcher asks for it: it waits for the next event of
the workflow's history, and then asks for the card.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import structlog
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryRequest, GetWorkflowExecutionHistoryResponse
from temporalio.service import RPCError, RPCStatusCode

from gateway.connection import Connection
from gateway.desk import Desk, UnknownPullRequestError, is_done
from maestro.errors import PlatformUnavailable
from maestro.model.decision import DecisionCard

WAIT = timedelta(seconds=30)
"""The server ends a wait for new events by itself before."""

LOOK_SECONDS = 30.0
"""A card is asked for at least this often: also a signal that the history missed is seen."""

GATHERED_SECONDS = 0.1
"""Events come in bursts; each burst is one new card."""

RETRY_SECONDS = 2.0

QUEUED = 2
"""Whoever reads slowly gets the newest card and the end, not everything in between."""

_log = structlog.get_logger("gateway.live")


@dataclass
class _Watch:
    task: "asyncio.Task[None] | None" = None
    card: DecisionCard | None = None
    readers: set["asyncio.Queue[DecisionCard | None]"] = field(default_factory=set)

    def tell(self, card: DecisionCard | None) -> None:
        for queue in self.readers:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(card)


class Live:
    """Watches the pull requests that somebody looks at, as long as somebody does."""

    def __init__(self, connection: Connection, desk: Desk) -> None:
        self._connection = connection
        self._desk = desk
        self._watches: dict[str, _Watch] = {}

    async def cards(self, workflow_id: str) -> AsyncGenerator[DecisionCard]:
        """The card at once, and whenever it has changed, until it cannot change any more.

        Raises UnknownPullRequestError before the first one.
        """
        first = await self._desk.card(workflow_id)
        yield first
        if is_done(first):
            return
        async with self._reading(workflow_id) as queue:
            seen = fingerprint(first)
            while (card := await queue.get()) is not None:
                if (now := fingerprint(card)) != seen:
                    seen = now
                    yield card
                if is_done(card):
                    return

    async def close(self) -> None:
        """End every watcher and every reader."""
        watches = list(self._watches.values())
        self._watches.clear()
        for watch in watches:
            if watch.task is not None:
                watch.task.cancel()
            watch.tell(None)
        await asyncio.gather(*(watch.task for watch in watches if watch.task), return_exceptions=True)

    @asynccontextmanager
    async def _reading(self, workflow_id: str) -> AsyncIterator["asyncio.Queue[DecisionCard | None]"]:
        watch = self._watches.setdefault(workflow_id, _Watch())
        queue: asyncio.Queue[DecisionCard | None] = asyncio.Queue(QUEUED)
        watch.readers.add(queue)
        if watch.task is None:
            watch.task = asyncio.create_task(self._watch(workflow_id, watch))
        elif watch.card is not None:
            queue.put_nowait(watch.card)
        try:
            yield queue
        finally:
            watch.readers.discard(queue)
            if not watch.readers:
                self._forget(workflow_id, watch)

    def _forget(self, workflow_id: str, watch: _Watch) -> None:
        if watch.task is not None:
            watch.task.cancel()
        if self._watches.get(workflow_id) is watch:
            del self._watches[workflow_id]

    async def _watch(self, workflow_id: str, watch: _Watch) -> None:
        token = b""
        while True:
            try:
                watch.card = await self._desk.card(workflow_id)
                watch.tell(watch.card)
                if is_done(watch.card):
                    return
                token = await self._next_event(workflow_id, token)
                if not token and not await self._desk.is_running(workflow_id):
                    # Terminated, or ended while the card was asked for.
                    watch.tell(await self._desk.card(workflow_id))
                    watch.tell(None)
                    return
                await asyncio.sleep(GATHERED_SECONDS)
            except UnknownPullRequestError:
                # Its retention has ended while somebody looked.
                watch.tell(None)
                return
            except (PlatformUnavailable, RPCError) as error:
                _log.warning("watching", pr=workflow_id, detail=str(error))
                token = b""
                await asyncio.sleep(RETRY_SECONDS)

    async def _next_event(self, workflow_id: str, token: bytes) -> bytes:
        """Wait for something to happen; the place in the history to go on from, empty to begin with the newest run."""
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                while True:
                    page = await self._page(workflow_id, token)
                    token = page.next_page_token
                    if page.history.events or not token:
                        return token
        except TimeoutError:
            return token
        except RPCError as error:
            if error.status in {RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED}:
                return token
            raise

    async def _page(self, workflow_id: str, token: bytes) -> GetWorkflowExecutionHistoryResponse:
        client = self._connection.client
        return await client.workflow_service.get_workflow_execution_history(
            GetWorkflowExecutionHistoryRequest(
                namespace=client.namespace,
                execution=WorkflowExecution(workflow_id=workflow_id),
                next_page_token=token,
                wait_new_event=True,
                skip_archival=True,
            ),
            timeout=WAIT,
        )


def fingerprint(card: DecisionCard) -> str:
    """What tells one card from the next: everything but the time at which it was asked for."""
    return card.model_dump_json(exclude={"generated_at"})
