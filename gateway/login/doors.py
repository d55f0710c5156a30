"""Who a request is from: a service token, a token of the OpenID provider, a browser's session, or, where no login is
configured, the local person. Whoever is not known is told so in the same words, whatever was wrong.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NoReturn

import httpx
import structlog
from starlette.requests import Request

from gateway.login.cookies import Cookies, Session, now
from gateway.login.flow import CodeFlow, read_client_secret
from gateway.login.keys import GatewayKeys
from gateway.login.limits import Limits, network
from gateway.login.origins import came_by_proxy, is_for_here, is_from_own_page, is_unsafe
from gateway.revisions import acting_person
from gateway.web.problems import Problem
from maestro.access.principals import EVERY_TENANT, Principal, Role
from maestro.access.provider import Provider
from maestro.access.refused import CredentialRefused
from maestro.access.roles import identity_of
from maestro.access.service_tokens import PREFIX
from maestro.access.signed import SignedTokens
from maestro.config.gateway import GatewayConfig
from maestro.ledger import Ledger

CSRF_HEADER = "X-Maestro-CSRF"
LOGIN_PATH = "/login"
CALLBACK_PATH = "/login/callback"
SCHEME = "bearer"
LOCAL = "local"

_log = structlog.get_logger("gateway.access")


class Doors:
    """Knows callers. ``flow`` is there where a login is configured; ``local_name`` is who acts where none is."""

    def __init__(
        self,
        config: GatewayConfig,
        ledger: Ledger,
        *,
        keys: GatewayKeys,
        flow: CodeFlow | None = None,
        local_name: str = LOCAL,
        limits: Limits | None = None,
    ) -> None:
        self.config = config
        self.cookies = Cookies(keys, is_https=config.address.startswith("https://"))
        self.flow = flow
        self.limits = limits or Limits(config)
        self._ledger = ledger
        self._local = Principal(subject=LOCAL, issuer=LOCAL, name=local_name, roles={EVERY_TENANT: Role.ADMIN})

    async def principal(self, request: Request) -> Principal:
        """Who calls. Raises ``Problem`` 401 for nobody who is known, 403 for an unsafe request that another site's page
        made, 400 for one that asks for another host, 429 for too many; PlatformUnavailable.
        """
        if self.flow is None:
            self._require_here(request)
        try:
            return await self._known(request)
        except CredentialRefused as refused:
            _tell(request, refused.reason)
        self.limits.stranger(request)
        raise self._unknown(is_token="authorization" in request.headers)

    def csrf(self, request: Request) -> str:
        """What unsafe requests of this browser carry in ``X-Maestro-CSRF``; empty where they need nothing."""
        session = self._session(request)
        return "" if session is None else self.cookies.csrf(session)

    async def end(self, request: Request, *, csrf: str = "") -> None:
        """End the session of this browser, at every gateway. Without one there is nothing to end. Raises ``Problem``
        403 for a request that another site's page made.
        """
        session = self._session(request)
        if session is None:
            return
        self._require_own_page(request, session, csrf=csrf or request.headers.get(CSRF_HEADER, ""))
        await self.spend(session.id, until=session.expires_at)
        _log.info("logged_out", subject=session.identity.subject, actor=session.identity.name)

    async def spend(self, one: str, *, until: float) -> bool:
        """Whether this is the first use of something that may be used once."""
        lasts_seconds = max(until - now(), 0.0) + _CLOCKS_DIFFER_SECONDS
        return await asyncio.to_thread(self._ledger.spent_ids.spend, one, lasts_seconds=lasts_seconds)

    async def _known(self, request: Request) -> Principal:
        credentials = request.headers.getlist("authorization")
        if credentials:
            return await self._by_token(credentials)
        if self.flow is None:
            if is_unsafe(request) and not self._is_own(request):
                self._refuse_foreign(request)
            return self._local
        session = self._session(request)
        if session is None:
            raise CredentialRefused("no credentials")
        if await asyncio.to_thread(self._ledger.spent_ids.is_spent, session.id):
            raise CredentialRefused("the session was ended")
        if is_unsafe(request):
            self._require_own_page(request, session, csrf=request.headers.get(CSRF_HEADER, ""))
        return session.identity.principal(self.config.roles)

    async def _by_token(self, credentials: list[str]) -> Principal:
        scheme, _, token = credentials[0].partition(" ")
        token = token.strip(" ")
        if len(credentials) > 1 or scheme.lower() != SCHEME or not token:
            raise CredentialRefused("not one bearer token")
        if token.startswith(PREFIX):
            return (await asyncio.to_thread(self._ledger.service_tokens.believed, token)).principal
        if self.flow is None:
            raise CredentialRefused("no service token, and no login is configured")
        claims = await self.flow.tokens.bearer(token)
        return identity_of(claims, self.config.roles).principal(self.config.roles)

    def _session(self, request: Request) -> Session | None:
        return None if self.flow is None else self.cookies.session(request)

    def _require_here(self, request: Request) -> None:
        """Without a login, being on this machine is the only proof there is."""
        reason = ""
        if not is_for_here(request, public_url=self.config.public_url):
            reason = "it asks for another host"
        elif came_by_proxy(request):
            reason = "it came through a proxy, and no login is configured"
        if reason:
            _tell(request, reason)
            raise Problem(400, "", "Without a login this gateway answers on its own machine alone, under its own name.")

    def _require_own_page(self, request: Request, session: Session, *, csrf: str) -> None:
        if not self._is_own(request) or not self.cookies.is_csrf(session, csrf):
            self._refuse_foreign(request)

    def _is_own(self, request: Request) -> bool:
        """Without a login the name that was asked for is one of ours already, and its port is the one that listens."""
        here = f"{request.url.scheme}://{request.headers.get('host', '')}"
        addresses = [self.config.address] if self.flow else [here, self.config.address]
        return any(is_from_own_page(request, address=address) for address in addresses)

    def _refuse_foreign(self, request: Request) -> NoReturn:
        _tell(request, "not made by a page of this gateway")
        raise Problem(
            403,
            "",
            "The request does not show that a page of this gateway made it.",
            fix=f"take the CSRF token of /api/me, and send it in the header {CSRF_HEADER}",
        )

    def _unknown(self, *, is_token: bool) -> Problem:
        challenge = 'Bearer realm="maestro"' + (', error="invalid_token"' if is_token else "")
        return Problem(
            401,
            "",
            "Log in, or send a token that is accepted.",
            headers={"WWW-Authenticate": challenge},
            login=LOGIN_PATH if self.flow else "",
        )


_CLOCKS_DIFFER_SECONDS = 300.0
"""By how much this machine's clock and the ledger's may differ before a spent id is forgotten too early."""


@asynccontextmanager
async def open_doors(
    config: GatewayConfig, ledger: Ledger, *, transport: httpx.AsyncBaseTransport | None = None
) -> AsyncIterator[Doors]:
    """The doors of a gateway, with the key that all gateways share. Raises BadInput for a key or secret that cannot be
    used. The provider is asked when somebody first logs in, so that a gateway starts without it.
    """
    keys = GatewayKeys.open()
    if config.login is None:
        local_name = await asyncio.to_thread(_local_name)
        yield Doors(config, ledger, keys=keys, local_name=local_name)
        return
    login = config.login
    secret = "" if login.client_secret_file is None else read_client_secret(login.client_secret_file)
    provider = Provider(login.issuer, transport=transport)
    flow = CodeFlow(login, config.roles, SignedTokens(login, provider), config.address + CALLBACK_PATH, secret)
    try:
        yield Doors(config, ledger, keys=keys, flow=flow)
    finally:
        await provider.close()


def _local_name() -> str:
    try:
        return acting_person()
    except (KeyError, OSError):
        return LOCAL  # a user that the system has no name for, as in some containers


def _tell(request: Request, reason: str) -> None:
    _log.warning("refused", reason=reason, address=network(request), method=request.method, path=request.url.path)
