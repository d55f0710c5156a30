"""Errors as pages: whoever reads in a browser gets a sentence and a way on, not JSON."""

from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from gateway.login.doors import LOGIN_PATH
from gateway.pages.shell import address, page
from gateway.web.problems import Problem, problem_of, unknown
from gateway.web.site import site_of
from maestro.errors import MaestroError

_log = structlog.get_logger("gateway.pages")


class PageRoute(APIRoute):
    """A route whose errors are pages. Whoever is not known is shown the way to the login."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                return await handler(request)
            except Problem as problem:
                return _told(request, problem)
            except MaestroError as error:
                _log.warning("unavailable", path=request.url.path, detail=str(error))
                return _told(request, problem_of(error))
            except RequestValidationError as error:
                first = error.errors()[0] if error.errors() else {"msg": "", "loc": ("",)}
                return _told(request, Problem(422, "", str(first["msg"]), field=str(first["loc"][-1])))
            except HTTPException as error:
                return _told(request, unknown() if error.status_code == 404 else Problem(error.status_code))

        return answered


def _told(request: Request, problem: Problem) -> Response:
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    # No redirect: whoever has just logged out would be logged in again by the provider, without a word.
    can_log_in = problem.status == 401 and site_of(request).config.login is not None
    answer = page(
        request,
        "problem.html",
        status=problem.status,
        reader=None,
        place="",
        title="Log in to see this" if can_log_in else problem.title,
        detail="" if can_log_in else problem.detail,
        field=str(problem.members.get("field", "")),
        fix=str(problem.members.get("fix", "")),
        login=address(LOGIN_PATH, next=asked) if can_log_in else "",
    )
    answer.headers.update(problem.headers)
    return answer
