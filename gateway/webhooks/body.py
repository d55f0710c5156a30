"""The body of a delivery, read as far as any forge sends."""

import asyncio

from fastapi import Request
from starlette.requests import ClientDisconnect

from gateway.web.problems import Problem
from maestro.forges.events import EVENT_LIMIT_BYTES

READ_SECONDS = 30.0
"""GitHub gives up after ten."""


async def whole_body(request: Request) -> bytes:
    """The body. Raises ``Problem``: 413 where it is larger than any delivery, before more of it is read; 408 where it
    does not come, 400 where it breaks off.
    """
    told = request.headers.get("content-length", "")
    if told.isascii() and told.isdigit() and (len(told) > 15 or int(told) > EVENT_LIMIT_BYTES):
        raise _too_large()
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(READ_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size > EVENT_LIMIT_BYTES:
                    raise _too_large()
                parts.append(part)
    except TimeoutError as error:
        raise Problem(408, "", "The delivery did not come in time.", headers={"Connection": "close"}) from error
    except ClientDisconnect as error:
        # Nobody is there to read it; without it the log would tell of a fault of ours.
        raise Problem(400, "", "The delivery was cut off.", field="body") from error
    return b"".join(parts)


def _too_large() -> Problem:
    # What is still on its way is read by nobody, so nothing else can come on this connection.
    return Problem(
        413,
        "",
        f"A delivery has {EVENT_LIMIT_BYTES} bytes at the most.",
        headers={"Connection": "close"},
        field="body",
        fix="subscribe to the events that the documentation names, and to no others",
    )
