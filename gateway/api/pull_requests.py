"""Reading pull requests: the list, a card, its tests and its documents."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse, Response
from starlette.background import BackgroundTask

from gateway.api.linked import CARD, FIRST, linked
from gateway.api.models import CardView, PullRequests, TestRow, TestRows
from gateway.api.paths import CardDep, Seen
from gateway.api.views import documents, row_of, view_of
from gateway.listing import Filters
from gateway.web.callers import CallerDep
from gateway.web.problems import answered, unknown
from gateway.web.site import SiteDep
from maestro.access.principals import Permission
from maestro.evidence.storing import read_bundle
from maestro.evidence.writing import export_archive
from maestro.model.decision import DecisionState, Phase
from maestro.model.evidence import Bundle
from maestro.model.tests import PlanBody

router = APIRouter(prefix="/api/pull-requests", tags=["pull requests"])

Searched = Annotated[str, Query(max_length=300, pattern=r"^[A-Za-z0-9._/@<> +-]*$")]
Cursor = Annotated[str, Query(max_length=4_000)]
Limit = Annotated[int, Query(ge=1, le=200)]

SANDBOXED = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""A stored document is shown without scripts, as of an origin of its own."""


@router.get("", response_model=PullRequests, responses=answered(422) | linked(FIRST))
async def list_pull_requests(  # noqa: PLR0913 - one argument per filter
    site: SiteDep,
    principal: CallerDep,
    *,
    repo: Searched = "",
    pr: Searched = "",
    author: Searched = "",
    region: Searched = "",
    tenant: Searched = "",
    phase: Phase | None = None,
    decision: DecisionState | None = None,
    running: bool | None = None,
    limit: Limit = 50,
    cursor: Cursor = "",
) -> PullRequests:
    """Pull requests by their search attributes, newest first, of the tenants that the caller may see."""
    wanted = Filters(
        repo=repo,
        pr=pr,
        author=author,
        region=region,
        phase=phase.value if phase else "",
        decision=decision.value if decision else "",
        running=running,
        tenants=visible(principal.tenants(Permission.READ), tenant),
    )
    page = await site.desk.page(wanted, limit=limit, cursor=cursor)
    return PullRequests(items=tuple(row_of(found, site) for found in page.items), next=page.cursor or None)


def visible(allowed: frozenset[str] | None, tenant: str) -> frozenset[str] | None:
    """Whose pull requests are listed: those of ``tenant``, where one is named, as far as they are allowed."""
    if not tenant:
        return allowed
    return frozenset({tenant}) if allowed is None else allowed & {tenant}


@router.get("/{repo:path}/{pr}/{head_sha}/tests", response_model=TestRows, responses=answered(404, 422))
async def list_tests(
    site: SiteDep,
    seen: Annotated[Seen, CardDep],
    *,
    side: Literal["selected", "left_out"] = "selected",
    limit: Limit = 100,
    cursor: Annotated[str, Query(pattern=r"^[0-9]{0,9}$")] = "",
) -> TestRows:
    """The tests of the newest plan that run, or those that were left out."""
    plan = seen.card.plan
    if plan is None:
        return TestRows(items=(), total=0, next=None)
    body = await asyncio.to_thread(site.artifacts.read_model, plan.body, PlanBody)
    rows = tuple(_selected(body)) if side == "selected" else tuple(_left_out(body))
    start = int(cursor or 0)
    following = start + limit
    return TestRows(
        items=rows[start:following], total=len(rows), next=str(following) if following < len(rows) else None
    )


@router.get("/{repo:path}/{pr}/{head_sha}/documents/{name}", response_class=Response, responses=answered(404, 422))
async def show_document(site: SiteDep, seen: Annotated[Seen, CardDep], name: str) -> Response:
    """A stored document of the card: ``narrative.html``, ``narrative.md``, ``card.html``, ``card.json``, or the sealed
    evidence as ``bundle.tar.gz``.
    """
    sealing = seen.card.sealing
    if name == BUNDLE and sealing is not None and sealing.bundle is not None:
        return await asyncio.to_thread(_archive, site, sealing.bundle, seen.card.pull_request.head_sha)
    ref = documents(seen.card).get(name)
    if ref is None:
        raise unknown()
    content = await asyncio.to_thread(site.artifacts.get, ref)
    return Response(content, media_type=ref.media_type, headers={"Content-Security-Policy": SANDBOXED})


# Below the others: its pattern fits theirs too.
@router.get("/{repo:path}/{pr}/{head_sha}", response_model=CardView, responses=answered(404, 422) | linked(CARD))
async def show_card(site: SiteDep, seen: Annotated[Seen, CardDep]) -> CardView:
    """The Decision Card as it stands."""
    running = await site.desk.is_running(seen.card.pull_request.workflow_id)
    return view_of(seen.card, site, seen.principal, running=running)


BUNDLE = "bundle.tar.gz"


def _archive(site: SiteDep, bundle: Bundle, head_sha: str) -> FileResponse:
    folder = tempfile.TemporaryDirectory(prefix="maestro-bundle-")
    target = Path(folder.name) / BUNDLE
    try:
        export_archive(read_bundle(bundle, site.artifacts), target=target)
    except BaseException:
        folder.cleanup()
        raise
    return FileResponse(
        target,
        media_type="application/gzip",
        filename=f"evidence-{head_sha[:12]}.tar.gz",
        background=BackgroundTask(folder.cleanup),
    )


def _selected(body: PlanBody) -> Iterator[TestRow]:
    for test in body.selected:
        yield TestRow(
            test=test.id,
            reason=test.kind.value,
            detail=test.reason,
            probability=test.fail_probability,
            expected_seconds=test.expected_seconds,
        )


def _left_out(body: PlanBody) -> Iterator[TestRow]:
    for test in body.left_out:
        yield TestRow(
            test=test.id,
            reason="left_out",
            probability=test.fail_probability,
            expected_seconds=test.expected_seconds,
        )
