"""The figures of a period, as the page and the command show them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from gateway.api.models import Answer
from gateway.api.pull_requests import visible
from gateway.value import FigureDesk
from gateway.web.callers import CallerDep
from gateway.web.problems import answered
from gateway.web.site import SiteDep
from maestro.access.principals import Permission
from maestro.value.model import Figures
from maestro.value.period import days_of

router = APIRouter(prefix="/api", tags=["figures"], responses=answered(422))

Since = Annotated[str, Query(max_length=20, description="24h, 30d or 12w; at most 366d")]
OneRepo = Annotated[str, Query(max_length=300, pattern=r"^[A-Za-z0-9._/-]*$")]
OneTenant = Annotated[str, Query(max_length=300)]


class FiguresAnswer(Answer):
    """The figures. ``usage_counted`` says whether it is counted here how long cards are open."""

    usage_counted: bool
    figures: Figures


def figure_desk(request: Request, site: SiteDep) -> FigureDesk:
    """The app's own, made with the first question."""
    found = getattr(request.app.state, "figure_desk", None)
    if not isinstance(found, FigureDesk):
        found = FigureDesk(site.ledger, site.artifacts, site.topology.temporal.namespace)
        request.app.state.figure_desk = found
    return found


FigureDeskDep = Annotated[FigureDesk, Depends(figure_desk)]


@router.get("/figures", response_model=FiguresAnswer)
async def show_figures(
    site: SiteDep,
    principal: CallerDep,
    desk: FigureDeskDep,
    *,
    since: Since = "30d",
    repo: OneRepo = "",
    tenant: OneTenant = "",
) -> FiguresAnswer:
    """What was conducted, saved, kept, asked and taken in the time before now, of the tenants that the caller may see.

    Figures are at most a minute old.
    """
    tenants = visible(principal.tenants(Permission.READ), tenant)
    found = await desk.figures(days=days_of(since), repo=repo or None, tenants=tenants)
    return FiguresAnswer(usage_counted=site.config.usage, figures=found)
