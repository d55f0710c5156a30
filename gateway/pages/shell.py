"""What all pages share: templates that neutralise every text, one style sheet under its digest, strict headers."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from gateway.web.site import site_of
from maestro.access.principals import Principal, Role
from maestro.render.untrusted import line
from maestro.resources import resource_dir

FOLDER = "pages"
SHEET = "pages.css"

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
"""No script runs, and nothing is fetched but our own style sheet."""

TEXT_LIMIT = 2_000
"""Characters of one text on a page; what is longer is cut, and can be had from the API."""

PLACES = (("/", "Pull requests"), ("/regions", "Regions"), ("/figures", "Figures"))


@dataclass(frozen=True)
class Reader:
    """Who looks at a page, as the page says it. ``csrf`` is empty where there is no session that could be ended."""

    name: str
    role: str
    csrf: str


def page(
    request: Request, template: str, *, reader: Principal | None, place: str, status: int = 200, **values: Any
) -> HTMLResponse:
    """A filled template of ``templates/pages``. ``place`` is the path of the part of the site that it belongs to."""
    csrf = site_of(request).doors.csrf(request) if reader else ""
    text = (
        environment()
        .get_template(template)
        .render(
            reader=None if reader is None else Reader(name=reader.name, role=_role(reader), csrf=csrf),
            places=PLACES,
            place=place,
            sheet=sheet_path(),
            **values,
        )
    )
    return HTMLResponse(text, status, headers={"Content-Security-Policy": POLICY})


@cache
def environment() -> Environment:
    """Escapes every value for HTML, and neutralises it before; only what is ``Markup`` passes, which is ours."""
    made = Environment(
        loader=FileSystemLoader(resource_dir("templates") / FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_neutral,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["address"] = address
    made.filters["sentence"] = _sentence
    return made


def address(path: str, **query: str) -> Markup:
    """A link to one of our own paths; empty parts of the query are left out."""
    given = {name: value for name, value in query.items() if value}
    place = quote(path, safe="/", errors="replace")
    return escape(f"{place}?{urlencode(given, errors='replace')}" if given else place)


@cache
def sheet() -> bytes:
    """The style sheet."""
    return (resource_dir("templates") / FOLDER / SHEET).read_bytes()


@cache
def sheet_path() -> str:
    """Where the style sheet is served: another one has another path, so that browsers may keep it for ever."""
    return f"/assets/pages-{hashlib.sha256(sheet()).hexdigest()[:16]}.css"


def _neutral(value: object) -> object:
    return line(value, limit=TEXT_LIMIT) if isinstance(value, str) and not isinstance(value, Markup) else value


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".")


def _role(principal: Principal) -> str:
    held: Mapping[str, Role] = principal.roles
    highest = max(held.values(), key=list(Role).index, default=None)
    return highest.value if highest else ""
