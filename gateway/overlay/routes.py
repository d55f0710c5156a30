"""The addresses under which the overlay is had. The page is the same for everybody and says nothing of anything: what
it shows, it asks the API for, as whoever looks at it.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, Request, Response

from gateway.overlay.policy import content_policy
from gateway.overlay.script import bookmark, page_addresses, user_script
from gateway.web.site import SiteDep
from maestro.render import templates

TEMPLATE: Final = "overlay.html"
BOOKMARKLET: Final = "overlay/bookmarklet.html.j2"

NOBODY: Final = "'none'"
_CARD: Final = re.compile(r"(?!.*(?:^|/)\.{1,2}(?:/|$))[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)+/?")
"""A repository and a number at least, and perhaps a head; which is which, the page itself finds out."""


@dataclass(frozen=True)
class Page:
    """A page as it is sent, and what it may do."""

    body: bytes
    policy: str
    media_type: str = "text/html; charset=utf-8"

    def answer(self, request: Request, *, status: int = 200, framed_by: str = NOBODY) -> Response:
        """With a validator in place of a lifetime, so that a browser has a new release at once and no bytes twice."""
        headers = {
            "Content-Security-Policy": f"{self.policy}; frame-ancestors {framed_by}",
            "Cache-Control": "no-cache",
            "ETag": f'"{hashlib.sha256(self.body).hexdigest()[:32]}"',
        }
        if status == 200 and request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        return Response(self.body, status, headers, self.media_type)


def router() -> APIRouter:
    """The overlay's routes. The page is read here, once. Raises BadInput where it cannot be."""
    overlay = overlay_page()
    routes = APIRouter(include_in_schema=False)

    @routes.get("/overlay")
    async def show_overlay(request: Request, site: SiteDep) -> Response:
        """The card of ``?repo=owner/name&pr=12[&head=…]``, also within the pages of configured sites."""
        return overlay.answer(request, framed_by=" ".join(site.config.frame_ancestors) or NOBODY)

    @routes.get("/pull-requests/{path:path}")
    async def show_card(request: Request, path: str) -> Response:
        """The card of ``owner/name/12``, or of one head of it."""
        return overlay.answer(request, status=200 if _CARD.fullmatch(path) else 404)

    @routes.get("/overlay.user.js")
    async def give_script(request: Request, site: SiteDep) -> Response:
        """The user script, with this gateway's address in it."""
        body = user_script(site.config, site.topology.forges).encode()
        return Page(body, content_policy(""), "text/javascript; charset=utf-8").answer(request)

    @routes.get("/bookmarklet")
    async def show_bookmarklet(request: Request, site: SiteDep) -> Response:
        """How to have the card on a forge's pages."""
        style, _ = templates.styled((templates.STYLE_SHEET,))
        page = templates.filled(
            templates.html_environment(),
            BOOKMARKLET,
            style=style,
            address=site.config.address,
            pages=page_addresses(site.topology.forges),
            bookmark=bookmark(site.config, site.topology.forges),
        )
        return Page(page.encode(), content_policy(page)).answer(request)

    return routes


def overlay_page() -> Page:
    """The overlay as it lies in the folder of templates that is in force. Raises BadInput where it cannot be read."""
    body = templates.source(TEMPLATE)
    return Page(body, content_policy(body.decode("utf-8", errors="replace")))
