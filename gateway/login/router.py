"""``/login``, ``/login/callback`` and ``/logout``: a browser's way in by the OpenID provider, and out."""

import hmac
from urllib.parse import parse_qs

import structlog
from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from gateway.login.cookies import LOGIN, SESSION, Pending, Session
from gateway.login.doors import CALLBACK_PATH, LOGIN_PATH, Doors
from gateway.login.flow import CodeFlow
from gateway.login.limits import network
from gateway.login.origins import HOME, is_from_own_page, local_path
from maestro.access.refused import CredentialRefused
from maestro.errors import MaestroError

LOGOUT_PATH = "/logout"
FORM_LIMIT_BYTES = 4_096

router = APIRouter(include_in_schema=False)

_log = structlog.get_logger("gateway.access")


@router.get(LOGIN_PATH)
async def login(request: Request, next: str = HOME) -> Response:  # noqa: A002 - the name in the address
    """Send the browser to the provider. Where no login is configured, everybody is in already."""
    doors, wanted = _doors(request), local_path(next)
    if doors.flow is None:
        return _to(wanted)
    doors.limits.stranger(request)
    pending = Pending.begin(wanted)
    try:
        address = await doors.flow.address(pending)
    except MaestroError as error:
        return _failed(request, error)
    response = _to(address)
    doors.cookies.set(response, pending)
    return response


@router.get(CALLBACK_PATH)
async def callback(request: Request) -> Response:
    """The provider's answer, by the browser. It is believed once, by the browser that asked."""
    doors = _doors(request)
    if doors.flow is None:
        return _to(HOME)
    doors.limits.stranger(request)
    try:
        response = await _let_in(request, doors, doors.flow)
    except MaestroError as error:
        response = _failed(request, error)
    doors.cookies.clear(response, LOGIN)
    return response


@router.post(LOGOUT_PATH)
async def logout(request: Request) -> Response:
    """End the session here and at every other gateway; the provider's own goes on. The CSRF token is in the header, or
    in a form's field ``csrf``.
    """
    doors = _doors(request)
    await doors.end(request, csrf=await _csrf_of_form(request))
    response = _to(HOME)
    if is_from_own_page(request, address=doors.config.address):
        doors.cookies.clear(response, SESSION)
    return response


async def _let_in(request: Request, doors: Doors, flow: CodeFlow) -> Response:
    pending, said = doors.cookies.pending(request), request.query_params
    if pending is None or not _is_same(said.getlist("state"), pending.state):
        raise CredentialRefused("the answer to another login, or to none")
    if not await doors.spend(pending.state, until=pending.expires_at):
        raise CredentialRefused("the login was done before")
    if "error" in said:
        raise CredentialRefused(f"the provider says {said['error'][:100]!r}")
    identity = await flow.identity(pending, code=said.get("code", ""), issuer=said.get("iss", ""))
    response = _to(pending.next)
    doors.cookies.set(response, Session.begin(identity, lasts_seconds=flow.login.session_seconds))
    _log.info("logged_in", subject=identity.subject, actor=identity.name, address=network(request))
    return response


def _is_same(said: list[str], state: str) -> bool:
    return len(said) == 1 and hmac.compare_digest(said[0].encode(), state.encode())


async def _csrf_of_form(request: Request) -> str:
    """The field of a plain form, which can set no header."""
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return ""
    content = b""
    async for part in request.stream():
        content += part
        if len(content) > FORM_LIMIT_BYTES:
            return ""
    try:
        return parse_qs(content.decode(), max_num_fields=10).get("csrf", [""])[0]
    except ValueError:
        return ""


def _failed(request: Request, error: MaestroError) -> Response:
    """A page for a person, which says nothing of why: that is for the log."""
    refused = isinstance(error, CredentialRefused)
    reason = error.reason if isinstance(error, CredentialRefused) else str(error)
    _log.warning("login_failed", reason=reason, address=network(request), path=request.url.path)
    what = "The login was not accepted" if refused else "Nobody can log in just now"
    return HTMLResponse(_PAGE.format(what=what, login=LOGIN_PATH), 403 if refused else 503, headers=_PRIVATE)


def _to(address: str) -> Response:
    return RedirectResponse(address, 303, headers=_PRIVATE)


def _doors(request: Request) -> Doors:
    doors: Doors = request.app.state.site.doors
    return doors


_PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
"""The address of the provider's answer holds its code."""

_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{what}</title><meta name="viewport" content="width=device-width"></head>
<body><main><h1>{what}</h1><p><a href="{login}">Try again</a></p></main></body>
</html>
"""
