"""Asking for a pull request to be conducted as its forge has it now: what a webhook does, for whoever has none."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from gateway.api.decision import IdempotencyKey, action_id
from gateway.api.models import Answer, Body
from gateway.arriving.delivering import deliver
from gateway.web.callers import CallerDep, require
from gateway.web.problems import answered, unknown
from gateway.web.site import SiteDep
from maestro.access.principals import Permission
from maestro.model.arrival import ArrivalKind, Arrived

router = APIRouter(prefix="/api/pull-requests", tags=["pull requests"])


class WantedBody(Body):
    """A pull request at a forge of the topology."""

    forge: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
    repo: Annotated[
        str, Field(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$", max_length=200)
    ]
    pr: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,14}$")]


class Wanted(Answer):
    """It is looked at now; ``pull_requests`` is where its heads are listed."""

    arrival: str
    pull_requests: str


@router.post("", status_code=202, response_model=Wanted, responses=answered(403, 404, 422))
async def conduct(site: SiteDep, principal: CallerDep, body: WantedBody, key: IdempotencyKey = "") -> Wanted:
    """Conduct a pull request as its forge has it now. A head that is conducted already is left as it is."""
    forge = next((each for each in site.topology.forges if each.name == body.forge), None)
    if forge is None:
        raise unknown()
    require(principal, Permission.START, forge.tenant(body.repo))
    arrived = Arrived(
        forge=body.forge,
        repo=body.repo,
        pr=body.pr,
        kind=ArrivalKind.PULL_REQUEST,
        digest=action_id(principal, key),
        because=f"asked for by {principal.name}",
    )
    await deliver(site.connection, [arrived])
    return Wanted(arrival=arrived.workflow_id, pull_requests=f"/api/pull-requests?repo={body.repo}&pr={body.pr}")
