"""How the domain's errors become Temporal failures: one place, for every activity.

The type of the error becomes the failure's type, so that workflows and people can tell a policy's refusal from a full
disk; whether a retry makes sense is the error's own word.
"""

import errno
from datetime import timedelta
from typing import Any

import structlog
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from maestro.errors import LeaseHeld, MaestroError, PlatformUnavailable, StaleEpoch

log = structlog.get_logger("activities.failures")

RETRY_AFTER: dict[type[MaestroError], timedelta] = {
    # A lease expires by itself when its holder has died.
    LeaseHeld: timedelta(seconds=2),
    # A worker takes notice of a new epoch within a second, and another region's may have done so already.
    StaleEpoch: timedelta(seconds=1),
}
"""How soon to ask again for what is expected to pass by itself."""

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""A full disk, a quota, a file that may not grow: whatever is written anywhere in an activity can meet them."""


class FailureInterceptor(Interceptor):
    """Translates ``MaestroError``, and a disk without room, at the edge of every activity."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - SDK
        return _Translating(next)


class _Translating(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 - SDK's signature
        try:
            return await super().execute_activity(input)
        except MaestroError as error:
            log.warning("activity_failed", detail=str(error), exc_info=True)
            # What lies behind it is in the log: a database's own message can be larger than a failure may be.
            raise as_failure(error) from None
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            log.warning("activity_failed", detail=str(error), exc_info=True)
            raise as_failure(_no_room(error)) from None


def _no_room(error: OSError) -> PlatformUnavailable:
    return PlatformUnavailable(
        f"the disk has no room for a file: {error.strerror}",
        field=str(error.filename or "disk"),
        fix="free space under MAESTRO_HOME and in the folder for temporary files; it goes on by itself then",
    )


def as_failure(error: MaestroError) -> ApplicationError:
    """The failure that a workflow sees; its first detail carries message, field and fix."""
    return ApplicationError(
        f"{error.field}: {error.message}" if error.field else error.message,
        {"message": error.message, "field": error.field, "fix": error.fix},
        type=type(error).__name__,
        non_retryable=not error.retryable,
        next_retry_delay=RETRY_AFTER.get(type(error)),
        category=ApplicationErrorCategory.BENIGN
        if type(error) in RETRY_AFTER
        else ApplicationErrorCategory.UNSPECIFIED,
    )
