"""The drill's own work: a step takes a moment, does its effect in one of three ways, and takes another moment to end.

The moments are where a process is killed or frozen.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import JsonValue
from temporalio import activity

from activities.standing import current_standing
from maestro.ledger import Ledger
from maestro.ledger.once import once_at_remote
from maestro.model.base import Model
from workers.drill.sink import Sink, Way

LEASE_SECONDS = 5.0
"""How long the next one waits for a holder that was killed."""

HEARTBEAT_SECONDS = 1.0


class DrillPlan(Model):
    """A workflow of ``steps`` steps in one way; ``pause_seconds`` before and after each effect."""

    name: str
    steps: int
    way: Way
    pause_seconds: float = 0.5
    heartbeat_timeout_seconds: float = 20.0

    @property
    def workflow_id(self) -> str:
        return f"drill/{self.way.value}/{self.name}"

    @property
    def effects(self) -> tuple[str, ...]:
        """What has to be there once when it has ended."""
        return tuple(f"{self.name}/{step}" for step in range(self.steps))


class Step(Model):
    """One step in one way. ``effect`` names what has to be there once, whoever does it."""

    effect: str
    pause_seconds: float


def queue(way: Way) -> str:
    """Each way has workers as those have who work in that way."""
    return f"maestro.drill.{way.value}"


class DrillActivities:
    """The three ways."""

    def __init__(self, ledger: Ledger, sink: Sink, *, region: str) -> None:
        self._ledger = ledger
        self._sink = sink
        self._region = region

    def of(self, way: Way) -> Callable[..., Any]:
        """The activity of a way."""
        return {
            Way.MAESTRO: self.maestro_step,
            Way.DOCUMENTED: self.documented_step,
            Way.PLAIN: self.plain_step,
        }[way]

    @activity.defn
    async def maestro_step(self, step: Step) -> None:
        """Through the ledger: a business key, a lease with a fence, an intent, a receiver that knows the key."""
        await _pause(step)
        key = f"drill/{step.effect}"
        info, standing = activity.info(), current_standing()

        async def ask() -> Mapping[str, JsonValue] | None:
            return {"applied": True} if await asyncio.to_thread(self._sink.has, Way.MAESTRO, key) else None

        async def call() -> Mapping[str, JsonValue]:
            await self._apply(Way.MAESTRO, step, key)
            return {"applied": True}

        await once_at_remote(
            self._ledger,
            key,
            request=step.effect,
            holder=f"{standing.region}/{info.workflow_run_id}/{info.activity_id}/{info.attempt}",
            ttl_seconds=LEASE_SECONDS,
            standing=standing,
            ask=ask,
            call=call,
        )
        await _pause(step)

    @activity.defn
    async def documented_step(self, step: Step) -> None:
        """As Temporal's documentation advises: run id and activity id as the key, enforced by the receiver."""
        await _pause(step)
        info = activity.info()
        await self._apply(Way.DOCUMENTED, step, f"{info.workflow_run_id}/{info.activity_id}")
        await _pause(step)

    @activity.defn
    async def plain_step(self, step: Step) -> None:
        """Plain Temporal: done whenever it is asked for."""
        await _pause(step)
        await self._apply(Way.PLAIN, step, "")
        await _pause(step)

    async def _apply(self, way: Way, step: Step, key: str) -> None:
        epoch = current_standing().epoch or 0
        await asyncio.to_thread(self._sink.apply, way, step.effect, key=key, region=self._region, epoch=epoch)


async def _pause(step: Step) -> None:
    left = step.pause_seconds
    while left > 0:
        activity.heartbeat()
        await asyncio.sleep(min(left, HEARTBEAT_SECONDS))
        left -= HEARTBEAT_SECONDS
