"""The list of pull requests, newest first, with filters that stand in the address."""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from markupsafe import Markup

from gateway.api.models import PullRequestRow
from gateway.api.pull_requests import visible
from gateway.api.views import row_of
from gateway.listing import Filters, Page
from gateway.pages.answers import PageRoute
from gateway.pages.shell import address, page
from gateway.pages.tones import tone_of, words
from gateway.web.callers import CallerDep
from gateway.web.site import Site, SiteDep
from maestro.access.principals import Permission
from maestro.errors import BadInput
from maestro.model.decision import DecisionState, Phase
from maestro.render import people, untrusted

ON_A_PAGE = 50

NAME_LIMIT = 80
"""Characters of a name in a list; it is cut in the middle."""

RUNNING: Mapping[str, bool] = {"yes": True, "no": False}

SHORTCUTS: tuple[tuple[str, dict[str, str]], ...] = (
    ("All", {}),
    ("Running", {"running": "yes"}),
    ("Waiting for a person", {"phase": Phase.WAITING_FOR_PERSON.value}),
    ("Blocked", {"decision": DecisionState.BLOCKED.value}),
    ("Green", {"decision": DecisionState.GREEN.value}),
)

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Asked = Annotated[str, Query(max_length=300)]


@dataclass(frozen=True)
class Row:
    """A line of the list, in words."""

    repo: str
    pr: str
    head: str
    card: Markup
    tone: str
    decision: str
    phase: str
    running: bool
    region: str
    region_page: Markup | None
    author: str
    tenant: str
    day: str
    clock: str
    moment: str
    temporal_ui: str


@router.get("/")
async def show(  # noqa: PLR0913 - one argument per filter
    request: Request,
    site: SiteDep,
    principal: CallerDep,
    *,
    repo: Asked = "",
    pr: Asked = "",
    author: Asked = "",
    region: Asked = "",
    tenant: Asked = "",
    phase: Asked = "",
    decision: Asked = "",
    running: Asked = "",
    cursor: Annotated[str, Query(max_length=4_000)] = "",
) -> Response:
    """Pull requests of the tenants that the caller may see."""
    asked = {
        "repo": repo,
        "pr": pr,
        "author": author,
        "region": region,
        "tenant": tenant,
        "phase": phase,
        "decision": decision,
        "running": running,
    }
    asked = {name: value.strip() for name, value in asked.items()}
    tenants = principal.tenants(Permission.READ)
    found, problem = Page((), ""), None
    try:
        wanted = _filters(asked, tenants=visible(tenants, asked["tenant"]))
        found = await site.desk.page(wanted, limit=ON_A_PAGE, cursor=cursor)
    except BadInput as error:
        problem = error
    return page(
        request,
        "list.html",
        status=422 if problem else 200,
        reader=principal,
        place="/",
        rows=rows_of(found, site),
        problem=problem,
        asked=asked,
        filtered=any(asked.values()),
        older=address("/", **asked, cursor=found.cursor) if found.cursor else None,
        newest=address("/", **asked) if cursor else None,
        shortcuts=_shortcuts(asked),
        phases=[(one.value, words(one.value)) for one in Phase],
        decisions=[(one.value, words(one.value)) for one in DecisionState],
        regions=[one.id for one in site.topology.regions],
        tenants=None if tenants is None else sorted(tenants),
    )


def _filters(asked: Mapping[str, str], *, tenants: frozenset[str] | None) -> Filters:
    """Raises BadInput for a value that there is not."""
    for name, kind in (("phase", Phase), ("decision", DecisionState)):
        if asked[name] and asked[name] not in set(kind):
            known = ", ".join(kind)
            raise BadInput(f"there is no {name} {asked[name]!r}", field=name, fix=f"choose one of {known}")
    if asked["running"] and asked["running"] not in RUNNING:
        raise BadInput("it runs or it does not", field="running", fix="say yes or no, or leave it out")
    return Filters(
        repo=asked["repo"],
        pr=asked["pr"].removeprefix("#"),
        author=asked["author"],
        region=asked["region"],
        phase=asked["phase"],
        decision=asked["decision"],
        running=RUNNING.get(asked["running"]),
        tenants=tenants,
    )


def rows_of(found: Page, site: Site) -> list[Row]:
    """The lines of a page of the list."""
    configured = {region.id for region in site.topology.regions}
    return [_row(row_of(one, site), configured) for one in found.items]


def _row(one: PullRequestRow, configured: Container[str]) -> Row:
    return Row(
        repo=untrusted.name(one.repo, limit=NAME_LIMIT),
        pr=untrusted.name(one.pr, limit=NAME_LIMIT),
        head=one.head_sha[:12],
        card=address(one.card_url),
        tone=tone_of(one.decision, one.phase),
        decision=words(one.decision or DecisionState.PENDING.value),
        phase=words(one.phase or "starting"),
        running=one.running,
        region=one.region,
        region_page=address(f"/regions/{one.region}") if one.region in configured else None,
        author=untrusted.name(one.author, limit=NAME_LIMIT),
        tenant=untrusted.name(one.tenant, limit=NAME_LIMIT),
        day=people.day(one.started_at),
        clock=people.clock(one.started_at)[:5],
        moment=one.started_at.isoformat(),
        temporal_ui=one.temporal_ui,
    )


def _shortcuts(asked: Mapping[str, str]) -> list[tuple[str, Markup, bool]]:
    """Links to what people look for most, each with whether it is what is shown."""
    given = {name: value for name, value in asked.items() if value}
    return [(name, address("/", **query), given == query) for name, query in SHORTCUTS]
