"""A worker for the weekly calibration alone, with stand-ins for its activities."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

from temporalio import activity
from temporalio.client import Client, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from maestro.model.calibration import (
    CalibrationProgress,
    CalibrationReport,
    CalibrationRequest,
    CalibrationResult,
    CalibrationTask,
)
from workers.region import workflow_runner
from workflows.calibration import CalibrationWorkflow

UNTIL = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)


@dataclass
class FakeCalibration:
    """Calibrates these repositories in their order; for those that are broken it fails for good."""

    repositories: tuple[str, ...] = ()
    broken: frozenset[str] = frozenset()
    calibrated: list[str] = field(default_factory=list)

    @activity.defn(name="plan_calibration")
    async def plan(self, request: CalibrationRequest) -> CalibrationProgress:
        return CalibrationProgress(tasks=tuple(CalibrationTask(repo=repo, until=UNTIL) for repo in self.repositories))

    @activity.defn(name="calibrate_repository")
    async def calibrate(self, task: CalibrationTask) -> CalibrationResult:
        self.calibrated.append(task.repo)
        if task.repo in self.broken:
            raise ApplicationError(
                "no build to learn from", {"fix": "import some"}, type="BadInput", non_retryable=True
            )
        return CalibrationResult(repo=task.repo, tenant=task.tenant, reason="too little data")


async def calibration(client: Client, fake: FakeCalibration) -> WorkflowHandle[CalibrationWorkflow, CalibrationReport]:
    """Run one calibration to its end on a worker of its own."""
    async with _working(client, fake) as queue:
        handle = await client.start_workflow(
            CalibrationWorkflow.run, CalibrationRequest(), id=f"calibration-{queue}", task_queue=queue
        )
        await handle.result()
    return handle


@asynccontextmanager
async def _working(client: Client, fake: FakeCalibration) -> AsyncIterator[str]:
    queue = f"calibration-{uuid4()}"
    async with Worker(
        client,
        task_queue=queue,
        workflows=[CalibrationWorkflow],
        activities=[fake.plan, fake.calibrate],
        workflow_runner=workflow_runner(),
    ):
        yield queue
