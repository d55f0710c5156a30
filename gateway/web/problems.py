"""Errors as problem details (RFC 9457): every answer that is no success has this form, and none a traceback."""

from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match, Route

from maestro.errors import BadInput, Conflict, MaestroError, PlatformUnavailable, PolicyDenied

MEDIA_TYPE = "application/problem+json"
PLAIN = "about:blank"
RETRY_SECONDS = 5
"""After how long it is worth asking again where a part of the platform cannot be reached."""

_log = structlog.get_logger("gateway.problems")


class ProblemBody(BaseModel):
    """A problem as RFC 9457 has it. ``field`` and ``fix`` are ours; a type may have more members."""

    model_config = ConfigDict(extra="allow", title="Problem")

    type: str = Field(default=PLAIN, description="What kind of problem it is; the address explains it.")
    title: str
    status: int = Field(ge=400, le=599)
    detail: str = ""
    field: str = Field(default="", description="Which part of the request is the matter.")
    fix: str = Field(default="", description="What to do about it.")


class Problem(Exception):  # noqa: N818 - RFC 9457's own word
    """Ends a request with this status. ``members`` are further members of the body."""

    def __init__(
        self,
        status: int,
        title: str = "",
        detail: str = "",
        *,
        type: str = PLAIN,  # noqa: A002 - RFC 9457's own word
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(title or detail)
        self.status = status
        self.title = title or HTTPStatus(status).phrase
        self.detail = detail
        self.type = type
        self.headers = dict(headers or {})
        self.members = members


def unknown() -> Problem:
    """The one answer for what is not there and for what the caller may not see."""
    return Problem(404, "Not found", "There is no such thing here, or you may not see it.")


def answered(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What an operation documents beside its success, for OpenAPI; what every one can answer is among it."""
    return {
        status: {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": _SCHEMA}}}
        for status in sorted({*statuses, 400, 401, 413, 429, 500, 503})
    }


_SCHEMA = {"$ref": "#/components/schemas/Problem"}


def handle_problems(app: FastAPI) -> None:
    """Let every error of the app answer as a problem."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(MaestroError, _maestro_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _bug)


def problem_of(error: MaestroError) -> Problem:
    """The problem that says what the error says."""
    match error:
        case BadInput():
            status = 422
        case PolicyDenied() | Conflict():
            status = 409
        case PlatformUnavailable():
            status = 503
        case _:
            status = 503 if error.retryable else 500
    headers = {"Retry-After": str(RETRY_SECONDS)} if status == 503 else {}
    return Problem(status, "", error.message, headers=headers, field=error.field, fix=error.fix)


def response(problem: Problem) -> JSONResponse:
    """The answer."""
    members = {name: value for name, value in problem.members.items() if value not in ("", None)}
    body = {"type": problem.type, "title": problem.title, "status": problem.status}
    detail = {"detail": problem.detail} if problem.detail else {}
    return JSONResponse({**body, **detail, **members}, problem.status, headers=problem.headers, media_type=MEDIA_TYPE)


async def _problem(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)  # noqa: S101 - it was registered for this class
    return response(error)


async def _maestro_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, MaestroError)  # noqa: S101
    problem = problem_of(error)
    if problem.status >= 500:
        _log.warning("unavailable", path=request.url.path, detail=str(error))
    return response(problem)


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    found = [{"field": _field(one["loc"]), "message": one["msg"]} for one in error.errors()]
    first = found[0] if found else {"field": "", "message": "the request cannot be used"}
    fix = "correct the field; /openapi.json says what it takes"
    return response(Problem(422, "", first["message"], field=first["field"], fix=fix, errors=found[:20]))


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101
    if error.status_code == 404:
        return response(unknown())
    if error.status_code == 405:
        return response(Problem(405, headers={"Allow": ", ".join(sorted(_methods(request)))}))
    return response(Problem(error.status_code, headers=error.headers))


def _methods(request: Request) -> set[str]:
    """What may be asked for at an address. Several routes may have it, each with a method of its own."""
    fitting = (route for route in _routes(request.app.routes) if route.matches(request.scope)[0] is not Match.NONE)
    return {method for route in fitting for method in route.methods or ()}


def _routes(routes: Iterable[BaseRoute]) -> Iterator[Route]:
    for route in routes:
        # A router that was included is one route of the framework's, with its own below.
        included = getattr(route, "original_router", None)
        if included is not None:
            yield from _routes(included.routes)
        elif isinstance(route, Route):
            yield route


async def _bug(request: Request, error: Exception) -> JSONResponse:
    _log.error("failed", path=request.url.path, exc_info=error)
    return response(Problem(500, "", "Something in the gateway is broken; its log says what."))


def _field(location: tuple[int | str, ...]) -> str:
    """``body.card_version``, in the words of whoever sent it."""
    return ".".join(str(part) for part in location)
