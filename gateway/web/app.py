"""The ASGI app: the routers of the ways in, with one form of errors and one set of headers for all of them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi

from gateway.api import decision, events, health, me, pull_requests, regions, starting
from gateway.api.linked import name_of
from gateway.web import explained
from gateway.web.headers import Frame
from gateway.web.problems import ProblemBody, handle_problems
from gateway.web.site import Site
from maestro import __version__

OWN = (
    events.router,
    pull_requests.router,
    starting.router,
    decision.router,
    regions.router,
    me.router,
    health.router,
    explained.router,
)


def create_app(site: Site, routers: Sequence[APIRouter] = ()) -> FastAPI:
    """The API of this gateway with further ``routers`` beside it. The site is closed by whoever opened it."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await site.live.close()

    app = FastAPI(
        title="Maestro Conductor",
        version=__version__,
        lifespan=lifespan,
        # The pages of these need scripts from elsewhere; the description itself is for any tool.
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,
        generate_unique_id_function=name_of,
    )
    app.state.site = site
    for router in (*OWN, *routers):
        app.include_router(router)
    handle_problems(app)
    app.add_middleware(Frame, metrics=site.metrics, is_https=site.config.address.startswith("https://"))
    _describe(app, is_closed=site.config.login is not None)
    return app


def _describe(app: FastAPI, *, is_closed: bool) -> None:
    """The OpenAPI description with our form of errors and our ways to be known, in place of the framework's."""

    def description() -> dict[str, Any]:
        if app.openapi_schema is None:
            found = get_openapi(title=app.title, version=app.version, routes=app.routes)
            schemas = found.setdefault("components", {}).setdefault("schemas", {})
            schemas.pop("HTTPValidationError", None)
            schemas.pop("ValidationError", None)
            schemas["Problem"] = ProblemBody.model_json_schema()
            found["components"]["securitySchemes"] = _SCHEMES
            for path, operations in found["paths"].items():
                for operation in operations.values():
                    if path.startswith("/api/") and is_closed:
                        operation["security"] = [{"token": []}, {"session": []}]
            app.openapi_schema = found
        return app.openapi_schema

    app.openapi = description  # type: ignore[method-assign]


_SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "description": "A service token, or a token of the OpenID provider"},
    "session": {"type": "apiKey", "in": "cookie", "name": "__Host-maestro", "description": "A browser's login"},
}
