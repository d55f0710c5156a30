"""How long cards are open. A browser tells when a card comes to the front and goes to the back, and nothing else."""

import asyncio
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from gateway.api.models import Body, CardVersion, WorkflowId
from gateway.api.paths import readable
from gateway.web.callers import CallerDep
from gateway.web.problems import answered
from gateway.web.site import SiteDep
from maestro.access.principals import PrincipalKind
from maestro.ledger.usage import VisitEvent, Visitor

router = APIRouter(prefix="/api", tags=["usage"], responses=answered(403, 404, 409, 422))

LONGEST_SECONDS = 31 * 86_400.0
"""What a tab can have been open for; the ledger counts less, by its own clock."""


class UsageBody(Body):
    """What happened to an open card. ``visit`` is one opening of it, ``open_seconds`` how long it was visible."""

    visit: Annotated[UUID, Field(strict=False)]
    event: Annotated[VisitEvent, Field(strict=False)]
    pull_request: WorkflowId
    card_version: CardVersion
    open_seconds: Annotated[float, Field(ge=0, le=LONGEST_SECONDS)] = 0.0
    source: Literal["page", "frame", "script"] = "page"


@router.post("/usage", status_code=204)
async def note_usage(site: SiteDep, principal: CallerDep, body: UsageBody) -> Response:
    """Count that a card is open. Where usage is not counted (``gateway.usage: false``) this stores nothing.

    Services are not counted: a program reads nothing.
    """
    if site.config.usage and principal.kind is PrincipalKind.PERSON:
        card = await readable(site, principal, body.pull_request)
        tenant = card.pull_request.tenant
        await asyncio.to_thread(
            site.ledger.usage.visited,
            str(body.visit),
            body.event,
            pull_request=body.pull_request,
            tenant=tenant,
            visitor=Visitor(name=principal.name, role=str(principal.role_for(tenant) or "")),
            card_version=min(body.card_version, card.version),
            open_seconds=body.open_seconds,
            source=body.source,
        )
    return Response(status_code=204)
