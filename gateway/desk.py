"""What can be asked of conducted pull requests, for callers that stay: the gateway. A command does the same once.

Nothing is kept here: each question goes to Temporal, through the connection as it is then.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from gateway.acting import take
from gateway.conduct import RPC_TIMEOUT, card_of, handle_of
from gateway.connection import PASSING, Connection, explained
from gateway.listing import Filters, Page, page_of
from maestro.errors import BadInput
from maestro.model.decision import ActionKind, ActionResult, DecisionCard, Phase, ReviewerAction

AnswerT = TypeVar("AnswerT")


class UnknownPullRequestError(BadInput):
    """No workflow has this id."""


class Desk:
    """Cards, lists and actions. Raises ``PlatformUnavailable`` where Temporal or its workers do not answer."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def card(self, workflow_id: str) -> DecisionCard:
        """The card as it stands. Raises UnknownPullRequestError."""
        return await self._asked(workflow_id, lambda: card_of(handle_of(self._connection, workflow_id)))

    async def is_running(self, workflow_id: str) -> bool:
        """Whether it can still change. Raises UnknownPullRequestError."""
        handle = handle_of(self._connection, workflow_id)
        description = await self._asked(workflow_id, lambda: handle.describe(rpc_timeout=RPC_TIMEOUT))
        return description.status is WorkflowExecutionStatus.RUNNING

    async def act(self, workflow_id: str, kind: ActionKind, action: ReviewerAction) -> ActionResult:
        """Take an action, once per its id. Raises ``PolicyDenied`` with the sentence that refuses it."""
        return await take(self._connection, workflow_id, kind, action)

    async def page(self, filters: Filters, *, limit: int, cursor: str = "") -> Page:
        """A page of the list."""
        return await self._again(lambda: page_of(self._connection, filters, limit=limit, cursor=cursor))

    async def alive(self) -> None:
        """Raises ``PlatformUnavailable`` where Temporal does not answer."""
        client = self._connection.client
        with explained():
            await client.service_client.check_health(timeout=RPC_TIMEOUT)

    def temporal_page(self, workflow_id: str) -> str:
        """The workflow's page in the Temporal UI, or an empty string."""
        return self._connection.page(workflow_id)

    async def _asked(self, workflow_id: str, ask: Callable[[], Awaitable[AnswerT]]) -> AnswerT:
        try:
            return await self._again(ask)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                raise UnknownPullRequestError(
                    f"no pull request is known by {workflow_id!r}",
                    field="pull_request",
                    fix="take the id from the list of pull requests",
                ) from error
            with explained():
                raise

    async def _again(self, ask: Callable[[], Awaitable[AnswerT]]) -> AnswerT:
        """Ask, and once more where the namespace has moved to another cluster meanwhile."""
        try:
            return await ask()
        except RPCError as error:
            if error.status not in PASSING or not await self._connection.renew():
                raise
        return await ask()


def is_done(card: DecisionCard) -> bool:
    """Whether the card cannot change any more."""
    return card.phase is Phase.DONE
