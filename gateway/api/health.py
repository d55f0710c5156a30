"""For whoever operates the gateway: is it alive, can it work, and its figures."""

import asyncio

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, Response

from gateway.api.models import Answer
from gateway.web.metrics import MEDIA_TYPE
from gateway.web.problems import Problem, answered
from gateway.web.site import SiteDep
from maestro import __version__

router = APIRouter(tags=["operation"])

PATIENCE_SECONDS = 5.0


class Health(Answer):
    status: str
    version: str = __version__


@router.get("/healthz", response_model=Health)
async def alive() -> Health:
    """The process answers; nothing else is looked at."""
    return Health(status="alive")


@router.get("/readyz", response_model=Health, responses=answered())
async def ready(site: SiteDep) -> Health:
    """Temporal and the ledger answer, and the gateway is not being stopped."""
    if site.stopping.is_set():
        raise Problem(503, "Stopping", "This gateway is being stopped.")
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await site.desk.alive()
            await asyncio.to_thread(site.ledger.now)
    except TimeoutError as error:
        raise Problem(503, "", f"Temporal or the ledger does not answer within {PATIENCE_SECONDS:.0f} s.") from error
    return Health(status="ready")


@router.get("/metrics", response_class=PlainTextResponse)
async def figures(site: SiteDep) -> Response:
    """The figures of this process, for Prometheus. They name no pull request and nobody."""
    return Response(site.metrics.exposition(), media_type=MEDIA_TYPE)
