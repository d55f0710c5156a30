"""Something done at a forge once, although answers get lost and the forge says to wait."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from maestro.forges.http.answer import AnswerLostError, NotSentError, TooManyRequestsError
from maestro.forges.http.client import ForgeHttp

T = TypeVar("T")

LOOKS_AFTER_SILENCE = 3
"""How often one looks for what the forge may have been slow to do, before it is left to who asks later."""


async def once(http: ForgeHttp, look: Callable[[], Awaitable[T | None]], write: Callable[[], Awaitable[T]]) -> T:
    """What ``look`` finds, or what ``write`` makes. Before each writing is a look, so nothing is written upon what was
    seen before a pause.

    After an answer that was lost, looks again and writes again only where the forge has ended its work on it. Raises
    AnswerLostError, NotSentError or TooManyRequestsError after the client's patience.
    """
    end = http.clock() + http.patience.budget_seconds
    attempt = 1
    while True:
        found = await look()
        if found is not None:
            return found
        try:
            return await write()
        except (AnswerLostError, NotSentError, TooManyRequestsError) as failed:
            if isinstance(failed, AnswerLostError) and failed.may_still_act:
                return await _appearing(http, look, failed)
            pause = max(http.patience.pause(attempt), failed.seconds)
            if attempt >= http.patience.tries or http.clock() + pause > end:
                return await _appearing(http, look, failed, looks=1)
        await http.sleep(pause)
        attempt += 1


async def _appearing(
    http: ForgeHttp, look: Callable[[], Awaitable[T | None]], failed: Exception, *, looks: int = LOOKS_AFTER_SILENCE
) -> T:
    for number in range(1, looks + 1):
        await http.sleep(http.patience.pause(number))
        found = await look()
        if found is not None:
            return found
    raise failed
