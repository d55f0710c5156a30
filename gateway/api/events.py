"""Live cards as server-sent events. A stream that breaks is opened again by the browser, which then gets the card as it
is; nothing has to be replayed.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from gateway.api.paths import CardDep, Seen
from gateway.api.views import view_of
from gateway.desk import is_done
from gateway.web.problems import answered
from gateway.web.site import Site, SiteDep
from maestro.errors import MaestroError
from maestro.model.decision import DecisionCard

KEEP_ALIVE_SECONDS = 15.0
"""Proxies close what is silent for longer than about half a minute."""

RETRY_MILLISECONDS = 2_000
"""When the browser opens a broken stream again."""

router = APIRouter(prefix="/api/pull-requests", tags=["pull requests"])

_STREAM = {"text/event-stream": {"schema": {"type": "string", "description": "`card` events with a CardView; `end`"}}}


@router.get(
    "/{repo:path}/{pr}/{head_sha}/events",
    response_class=StreamingResponse,
    responses={**answered(404, 422), 200: {"description": "The card now, and whenever it changes", "content": _STREAM}},
)
async def stream_card(site: SiteDep, seen: Annotated[Seen, CardDep]) -> StreamingResponse:
    """The card at once and whenever it has changed (``card``, with a CardView), until it is done (``end``)."""
    return StreamingResponse(_events(site, seen), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def _events(site: Site, seen: Seen) -> AsyncIterator[str]:
    site.metrics.live(1)
    try:
        yield f"retry: {RETRY_MILLISECONDS}\n\n"
        number = 0
        async for card in _until_stopped(site, seen.card.pull_request.workflow_id):
            if card is None:
                yield ": still here\n\n"
                continue
            number += 1
            view = view_of(card, site, seen.principal, running=not is_done(card))
            yield f"event: card\nid: {number}\ndata: {view.model_dump_json()}\n\n"
        if not site.stopping.is_set():
            yield "event: end\ndata: {}\n\n"
    except MaestroError:
        # The stream has begun, so no status can say it: the browser asks again, and that answer says what is amiss.
        return
    finally:
        site.metrics.live(-1)


async def _until_stopped(site: Site, workflow_id: str) -> AsyncIterator[DecisionCard | None]:
    """Cards as they come, None where none came for a while, until the pull request or this gateway has ended."""
    cards = site.live.cards(workflow_id)
    stopping = asyncio.create_task(site.stopping.wait())
    following: asyncio.Task[DecisionCard | None] | None = None
    try:
        while True:
            following = following or asyncio.create_task(anext(cards, None))
            done, _ = await asyncio.wait(
                {following, stopping}, timeout=KEEP_ALIVE_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
            if stopping in done:
                return
            if following not in done:
                yield None
                continue
            card, following = following.result(), None
            if card is None:
                return
            yield card
    finally:
        stopping.cancel()
        if following is not None:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following
        await cards.aclose()
