"""What tests of statuses share: what the forge showed, and a forge that is away."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError

from maestro.forges.forge import StatusState
from maestro.model.conduct import StatusRequest
from maestro.render.status import status_of
from tests.workflows.fakes import Fakes

SHOWN: dict[str, Any] = {"base_ref": "main", "publish": ("status",)}
MERGED: dict[str, Any] = {"base_ref": "main", "publish": ("comment", "merge", "status")}
PASSES, FAILS = StatusState.SUCCESS, StatusState.FAILURE
OPEN, ASKS, CANCELLED = StatusState.IN_PROGRESS, StatusState.ACTION_REQUIRED, StatusState.CANCELLED


def shown(fakes: Fakes) -> list[StatusState]:
    """What the forge showed, one after the other."""
    return [status_of(request, link="").state for request in fakes.stated]


def away(fakes: Fakes, *, until: Callable[[StatusRequest], bool]) -> list[datetime]:
    """Let the forge answer nothing but errors until then; when it was asked."""
    asked: list[datetime] = []

    async def answer(request: StatusRequest) -> None:
        asked.append(activity.info().current_attempt_scheduled_time)
        if not until(request):
            raise ApplicationError("the forge answers 503")

    fakes.on_status = answer
    return asked


def for_seconds(seconds: float) -> Callable[[StatusRequest], bool]:
    """The end of an outage that begins with the pull request, by the server's time."""
    begun: list[datetime] = []

    def is_over(_: StatusRequest) -> bool:
        now = activity.info().current_attempt_scheduled_time
        begun.append(now)
        return (now - begun[0]).total_seconds() >= seconds

    return is_over
