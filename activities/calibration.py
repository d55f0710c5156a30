"""The weekly calibration: load a repository's history, fit and walk in a thread, publish what came out."""

import asyncio
from typing import Any

from temporalio import activity

from activities.heartbeat import heartbeating
from activities.services import Services
from maestro.impact.calibration.calibrate import CALIBRATED_BUILDS, Calibration, Method, calibrate
from maestro.impact.calibration.registry import Registry, champion_of, publish, recorded
from maestro.ledger.all_builds import history_of
from maestro.model.calibration import (
    CalibrationProgress,
    CalibrationRequest,
    CalibrationResult,
    CalibrationTask,
)
from maestro.model.progress import Progress

ACTOR = "calibration"


class CalibrationActivities:
    """Calibrates by ``method``; nothing is published by an activity that was cancelled while it fitted."""

    def __init__(self, services: Services, method: Method[Any]) -> None:
        self._services = services
        self._method = method

    @activity.defn
    async def plan_calibration(self, request: CalibrationRequest) -> CalibrationProgress:  # noqa: ARG002 - one model in
        """Every repository with a history, each with the end of the data that it is calibrated on."""
        repositories = await asyncio.to_thread(self._services.ledger.models.repositories)
        until = activity.info().scheduled_time
        tasks = (CalibrationTask(repo=repo, tenant=tenant, until=until) for tenant, repo in repositories)
        return CalibrationProgress(tasks=tuple(tasks))

    @activity.defn
    async def calibrate_repository(self, task: CalibrationTask) -> CalibrationResult:
        """Refit, hold champion and challenger against each other, and publish model, report and record."""
        registry = self._services.registry()
        detail = f"fitting and walking the history of {task.repo}"
        async with heartbeating(lambda: Progress(detail=detail)):
            done = await asyncio.to_thread(recorded, registry, repo=task.repo, tenant=task.tenant, at=task.until)
            if done is not None:
                return done
            found = await asyncio.to_thread(self._calibrate, registry, task)
            return await asyncio.to_thread(publish, registry, found, actor=ACTOR)

    def _calibrate(self, registry: Registry, task: CalibrationTask) -> Calibration:
        history = history_of(
            self._services.ledger, task.repo, tenant=task.tenant, last=CALIBRATED_BUILDS, until=task.until
        )
        return calibrate(
            history,
            repo=task.repo,
            tenant=task.tenant,
            at=task.until,
            champion=champion_of(registry, repo=task.repo, tenant=task.tenant),
            method=self._method,
        )
