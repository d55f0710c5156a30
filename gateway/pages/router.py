"""The routers of the pages together, and their style sheet."""

from fastapi import APIRouter, Response

from gateway.pages import figures, listing, regions
from gateway.pages.shell import sheet, sheet_path
from gateway.web.problems import unknown

router = APIRouter(include_in_schema=False)


@router.get("/assets/{name}")
async def asset(name: str) -> Response:
    """The style sheet, for ever under its digest. Everybody may have it: it is part of the login's pages too."""
    if f"/assets/{name}" != sheet_path():
        raise unknown()
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(sheet(), media_type="text/css; charset=utf-8", headers=headers)


for part in (listing, regions, figures):
    router.include_router(part.router)
