"""What holds for every answer and every request: headers that browsers obey, a bound on bodies, figures, a log line."""

import time

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.web.metrics import Metrics

BODY_LIMIT_BYTES = 256 * 1024
"""The largest thing that anybody but a forge has to say is a reason of 2,000 characters."""

OWN_LIMIT = "/webhooks/"
"""Paths that bound their bodies themselves, because a forge's are larger."""

STRICT = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

_HEADERS = {
    "Content-Security-Policy": STRICT,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin-allow-popups",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}
"""A part that needs others sets them itself, and keeps them."""

_HSTS = "max-age=31536000; includeSubDomains"

_log = structlog.get_logger("gateway.requests")


class Frame:
    """The outermost layer. ``is_https`` says that browsers reach the gateway by TLS alone."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, is_https: bool) -> None:
        self._app = app
        self._metrics = metrics
        self._is_https = is_https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500

        async def told(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._add_headers(message)
            await send(message)

        try:
            await self._app(scope, _bounded(scope, receive), told)
        finally:
            self._tell(scope, status, time.perf_counter() - began)

    def _add_headers(self, message: Message) -> None:
        headers = MutableHeaders(scope=message)
        for name, value in _HEADERS.items():
            headers.setdefault(name, value)
        if self._is_https:
            headers.setdefault("Strict-Transport-Security", _HSTS)

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unknown")
        self._metrics.request(scope["method"], route, status, seconds)
        _log.info("answered", method=scope["method"], path=scope["path"], status=status, seconds=round(seconds, 4))


def _bounded(scope: Scope, receive: Receive) -> Receive:
    if scope["path"].startswith(OWN_LIMIT):
        return receive
    declared = Headers(scope=scope).get("content-length", "0")
    too_large = declared.isdigit() and int(declared) > BODY_LIMIT_BYTES
    read = 0

    async def bounded() -> Message:
        nonlocal read
        if too_large:
            raise HTTPException(413)
        message = await receive()
        read += len(message.get("body", b""))
        if read > BODY_LIMIT_BYTES:
            # The framework lets this one kind of exception through when it arises while it reads a body.
            raise HTTPException(413)
        return message

    return bounded
