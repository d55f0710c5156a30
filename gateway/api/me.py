"""Who the caller is, and what an unsafe request from a browser has to carry."""

from fastapi import APIRouter, Request

from gateway.api.models import Answer
from gateway.web.callers import CallerDep
from gateway.web.problems import answered
from gateway.web.site import SiteDep
from maestro.access.principals import Role

router = APIRouter(tags=["access"])


class Me(Answer):
    """The caller. ``csrf`` goes into the header ``X-Maestro-CSRF`` of unsafe requests; empty where none is needed."""

    name: str
    kind: str
    roles: dict[str, Role]
    csrf: str


@router.get("/api/me", response_model=Me, responses=answered())
async def me(request: Request, site: SiteDep, principal: CallerDep) -> Me:
    """Who the caller is."""
    csrf = site.doors.csrf(request)
    return Me(name=principal.name, kind=principal.kind.value, roles=dict(principal.roles), csrf=csrf)
