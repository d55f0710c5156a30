"""Saying at the forge that a head is not conducted, and why: a status that is required must not stay away for ever."""

import os
import socket

from gateway.arriving.services import ArrivalServices
from maestro.canonical import DIGEST_PREFIX, digest
from maestro.clock import utc_now
from maestro.forges.forge import Refused, Stated, Status, StatusState
from maestro.ledger.once import once_at_remote
from maestro.model.arrival import Arrived
from maestro.model.pull_request import PullRequest
from maestro.render.markdown import prose
from maestro.render.untrusted import line

LEASE_SECONDS = 30.0

TITLE_LIMIT = 120
"""Characters of the line beside the check, as of every status."""


class _RefusedError(Exception):
    """Carries a refusal past the ledger, so that it is recorded as no outcome."""


async def tell_problem(
    services: ArrivalServices, arrived: Arrived, pull_request: PullRequest, problem: str, *, version: int = 0
) -> str:
    """Let the head's status be a failure that says the problem, once, where statuses are published; what came of it.

    ``version`` is the one that the next conduct of this head begins with, and so takes the place of.
    """
    if "status" not in pull_request.publish:
        return f"not conducted, and not told: {problem}"
    told = digest(problem).removeprefix(DIGEST_PREFIX)[:12]
    status = Status(
        pull_request=pull_request,
        key=pull_request.key("status", f"{version}.{told}"),
        version=version,
        at=utc_now(),
        state=StatusState.FAILURE,
        title=line(f"Not conducted: {problem}", limit=TITLE_LIMIT),
        summary=f"Maestro cannot conduct this head: {prose(line(problem))}",
    )
    remote = services.forge(arrived.forge).statuses

    async def ask() -> dict[str, str | bool] | None:
        found = await remote.ask(status)
        return None if found is None else found.model_dump()

    async def call() -> dict[str, str | bool]:
        answer = await remote.call(status)
        if isinstance(answer, Refused):
            raise _RefusedError(answer.reason)
        return answer.model_dump()

    try:
        effect = await once_at_remote(
            services.ledger,
            status.key,
            request=[pull_request.repository, problem],
            holder=f"gateway/{socket.gethostname()}:{os.getpid()}",
            ttl_seconds=LEASE_SECONDS,
            ask=ask,
            call=call,
        )
    except _RefusedError as refused:
        return f"not conducted ({problem}), and the forge takes no status: {refused}"
    stated = Stated.model_validate(effect.result)
    return f"not conducted{', as a later status says' if stated.overtaken else ' and told so'}: {problem}"
