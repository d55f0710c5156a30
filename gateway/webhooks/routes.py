"""``POST /webhooks/NAME``: where the forge called NAME in the topology delivers its events."""

import asyncio
from typing import Annotated

import structlog
from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from gateway.arriving.delivering import deliver
from gateway.arriving.reading import read_event
from gateway.web.problems import Problem, answered
from gateway.web.site import Site, SiteDep
from gateway.webhooks.believing import believed
from gateway.webhooks.body import whole_body
from maestro.config.gateway import ForgeConfig
from maestro.errors import BadInput
from maestro.forges.events import Event, NotSignedError

router = APIRouter(tags=["webhooks"])

_log = structlog.get_logger("gateway.webhooks")


class Delivered(BaseModel):
    """What became of a delivery: it is followed, or ``ignored`` says why nothing follows from it."""

    model_config = ConfigDict(title="Delivered")

    delivery: str = Field(description="The forge's own number of the delivery.")
    meaning: str = Field(description="What it means for Maestro, in a word; `ignored` where nothing.")
    ignored: str = Field(default="", description="Why nothing follows from it.")


@router.post(
    "/webhooks/{forge}",
    status_code=202,
    responses=answered(408, 422),
    summary="Take a delivery of a forge",
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}},
)
async def delivered(
    request: Request,
    site: SiteDep,
    forge: Annotated[str, Path(description="The forge's name in the topology.")],
) -> Delivered:
    """Signed with the forge's secret. What follows from it is kept before this answers, and done afterwards."""
    body = await whole_body(request)
    config = next((one for one in site.topology.forges if one.name == forge), None)
    event = await _believed(request, site, config, body)
    read = read_event(event, forge=forge)
    await deliver(site.connection, read.arrivals)
    meaning = event.meaning.kind
    _log.info("delivered", forge=forge, delivery=event.delivery, name=event.name, meaning=meaning, ignored=read.ignored)
    return Delivered(delivery=event.delivery, meaning=meaning, ignored=read.ignored)


async def _believed(request: Request, site: Site, config: ForgeConfig | None, body: bytes) -> Event:
    try:
        # A delivery of 10 MB takes a second to read.
        return await asyncio.to_thread(believed, config, request.headers, body)
    except NotSignedError as error:
        client = request.client.host if request.client else ""
        _log.warning("refused", forge=config.name if config else None, client=client, detail=error.message)
        site.limits.stranger(request)
        raise Problem(
            401, "", "The delivery is not signed by a forge that is known here.", headers={"WWW-Authenticate": "HMAC"}
        ) from error
    except BadInput as error:
        raise Problem(400, "", error.message, field=error.field, fix=error.fix) from error
