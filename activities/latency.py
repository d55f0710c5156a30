"""Samples how long each task of a region waited for a worker: the one capacity signal that nobody can talk away."""

import asyncio
from typing import Any

import structlog
from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from activities.health import START_LATENCY
from activities.services import Services
from maestro.errors import PlatformUnavailable

log = structlog.get_logger("activities.latency")


class LatencyInterceptor(Interceptor):
    """For the worker of one region's queue."""

    def __init__(self, services: Services, region: str) -> None:
        self._services = services
        self._region = region

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - SDK
        return _Sampling(next, self._services, self._region)


class _Sampling(ActivityInboundInterceptor):
    def __init__(self, following: ActivityInboundInterceptor, services: Services, region: str) -> None:
        super().__init__(following)
        self._services = services
        self._region = region

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 - SDK's signature
        info = activity.info()
        waited = (info.started_time - info.current_attempt_scheduled_time).total_seconds()
        try:
            await asyncio.to_thread(self._services.ledger.samples.add, self._region, START_LATENCY, max(waited, 0.0))
        except PlatformUnavailable as error:
            # A sample that is lost makes the next placement a little less informed; the work itself must go on.
            log.warning("latency_sample_lost", region=self._region, reason=error.message)
        return await super().execute_activity(input)
