"""From an address to the card that it names, for whoever may read it."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path

from gateway.desk import UnknownPullRequestError
from gateway.web.callers import CallerDep, require
from gateway.web.problems import unknown
from gateway.web.site import SiteDep
from maestro.access.principals import Permission, Principal
from maestro.model.decision import DecisionCard
from maestro.model.pull_request import SHA_PATTERN

Repo = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$", max_length=400)]
Number = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]+$", max_length=100)]
Head = Annotated[str, Path(pattern=SHA_PATTERN)]


@dataclass(frozen=True)
class Seen:
    """A card, and who looks at it."""

    card: DecisionCard
    principal: Principal


async def readable(site: SiteDep, principal: Principal, workflow_id: str) -> DecisionCard:
    """The card of a pull request that the principal may read. One answer for what is not there and what is not
    theirs: ``Problem`` 404.
    """
    try:
        card = await site.desk.card(workflow_id)
    except UnknownPullRequestError as error:
        raise unknown() from error
    require(principal, Permission.READ, card.pull_request.tenant)
    return card


async def _seen(site: SiteDep, principal: CallerDep, *, repo: Repo, pr: Number, head_sha: Head) -> Seen:
    return Seen(await readable(site, principal, f"pr/{repo}/{pr}/{head_sha}"), principal)


CardDep = Depends(_seen)
