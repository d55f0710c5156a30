"""One OpenID provider, as it describes itself: its addresses and its keys, fetched when needed and kept for a while.

A provider that is down keeps nobody out whose token is signed by a key that was known; tokens that name unknown keys
cannot make us ask it more often than every ``PAUSE_SECONDS``.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, Self

import httpx
import structlog

from maestro.access.keyset import KeySet, VerifyingKey, read_keyset
from maestro.access.refused import CredentialRefused
from maestro.access.strictjson import is_text, read_object
from maestro.config.gateway import is_private
from maestro.errors import PlatformUnavailable
from maestro.model.base import Model

WELL_KNOWN = "/.well-known/openid-configuration"
PAUSE_SECONDS = 10.0
"""Between two looks at a provider: also how long a key that it has just begun to use may stay unknown."""

FRESH_SECONDS = 600.0
"""How long keys are used without another look: also how long a key that it took back is believed, at most."""

KEPT_SECONDS = 86_400.0
"""How long keys are used while the provider cannot be reached."""

ANSWER_LIMIT_BYTES = 256 * 1024
TIMEOUT_SECONDS = 5.0
ADDRESS_LIMIT = 1_000

_log = structlog.get_logger("maestro.access")


class Description(Model):
    """What a provider says of itself, as far as it is used. Every address is https, or http on this machine."""

    issuer: str
    jwks_uri: str
    authorization_endpoint: str = ""
    token_endpoint: str = ""
    userinfo_endpoint: str = ""
    secret_in_body: bool = False
    names_itself: bool = False

    @classmethod
    def read(cls, content: bytes, *, issuer: str) -> Self:
        """Raises ValueError for what is no description, or is another issuer's."""
        said = read_object(content, limit_bytes=ANSWER_LIMIT_BYTES)
        if said.get("issuer") != issuer:
            raise ValueError(f"it describes the issuer {str(said.get('issuer'))[:200]!r}, not the configured one")
        methods = said.get("code_challenge_methods_supported")
        if isinstance(methods, list) and "S256" not in methods:
            raise ValueError("it knows no PKCE by S256")
        ways = said.get("token_endpoint_auth_methods_supported")
        return cls(
            issuer=issuer,
            jwks_uri=_address(said, "jwks_uri", needed=True),
            authorization_endpoint=_address(said, "authorization_endpoint"),
            token_endpoint=_address(said, "token_endpoint"),
            userinfo_endpoint=_address(said, "userinfo_endpoint"),
            secret_in_body=isinstance(ways, list) and "client_secret_basic" not in ways,
            names_itself=said.get("authorization_response_iss_parameter_supported") is True,
        )


class Provider:
    """The provider at ``issuer``. ``transport`` and ``clock`` (seconds, only rising) are replaced by tests."""

    def __init__(
        self,
        issuer: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.issuer = issuer
        self._clock = clock
        self._client = httpx.AsyncClient(
            transport=transport,
            timeout=TIMEOUT_SECONDS,
            follow_redirects=False,
            # Authorities as the system names them, but no proxy and no password file of whoever started us.
            verify=httpx.create_ssl_context(),
            trust_env=False,
            # An answer that is packed could be unpacked to any size.
            headers={"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "maestro-conductor"},
        )
        self._look_task: asyncio.Task[None] | None = None
        self._looked_at: float | None = None
        self._known: tuple[Description, KeySet] | None = None
        self._known_at = 0.0

    async def close(self) -> None:
        """Give up what is under way, and every connection."""
        if self._look_task is not None:
            self._look_task.cancel()
            await asyncio.wait([self._look_task])
        await self._client.aclose()

    async def description(self) -> Description:
        """How the provider describes itself. Raises PlatformUnavailable where that is not known."""
        return (await self._current(lambda _: True))[0]

    async def keys(self, key_id: str | None, algorithm: str) -> tuple[VerifyingKey, ...]:
        """The keys that can have signed a token with this header; at least one.

        Raises CredentialRefused where the provider has none, PlatformUnavailable where its keys are not known.
        """
        _, keyset = await self._current(lambda found: bool(found.fitting(key_id, algorithm)))
        found = keyset.fitting(key_id, algorithm)
        if not found:
            raise CredentialRefused("signed by a key that the provider does not publish")
        return found

    async def ask(
        self,
        address: str,
        *,
        form: Mapping[str, str] | None = None,
        authorization: str = "",
    ) -> tuple[int, bytes]:
        """Status and body of one request: a form that is posted, else a GET. Raises PlatformUnavailable."""
        headers = {"Authorization": authorization} if authorization else {}
        method = "GET" if form is None else "POST"
        try:
            async with asyncio.timeout(2 * TIMEOUT_SECONDS):
                async with self._client.stream(method, address, data=form, headers=headers) as answer:
                    content = bytearray()
                    async for part in answer.aiter_bytes():
                        content += part
                        if len(content) > ANSWER_LIMIT_BYTES:
                            raise self._unavailable("an answer is too large")
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise self._unavailable(f"no answer ({type(error).__name__})") from error
        if answer.status_code >= 500 or answer.status_code == 429:
            raise self._unavailable(f"it answered {answer.status_code}")
        return answer.status_code, bytes(content)

    async def _current(self, enough: Callable[[KeySet], bool]) -> tuple[Description, KeySet]:
        """What is known, after another look where that is due. All who need it wait for the same one, and whoever goes
        away does not end it for the others.
        """
        look = self._look_task
        if look is not None and not look.done():
            if not self._suffices(enough):
                await asyncio.shield(look)
        elif self._is_due(enough):
            self._look_task = asyncio.create_task(self._look())
            await asyncio.shield(self._look_task)
        if self._known is None or self._clock() - self._known_at > KEPT_SECONDS:
            raise self._unavailable("its keys are not known")
        return self._known

    def _suffices(self, enough: Callable[[KeySet], bool]) -> bool:
        return self._known is not None and enough(self._known[1])

    def _is_due(self, enough: Callable[[KeySet], bool]) -> bool:
        now = self._clock()
        if self._looked_at is not None and now - self._looked_at < PAUSE_SECONDS:
            return False
        return not self._suffices(enough) or now - self._known_at > FRESH_SECONDS

    async def _look(self) -> None:
        """Fetch description and keys; where that fails, what was known stays."""
        try:
            content = await self._fetched(self.issuer.rstrip("/") + WELL_KNOWN)
            description = Description.read(content, issuer=self.issuer)
            keyset = read_keyset(await self._fetched(description.jwks_uri))
        except PlatformUnavailable as error:
            _log.warning("provider_unavailable", issuer=self.issuer, detail=error.message)
        except ValueError as error:
            _log.warning("provider_not_understood", issuer=self.issuer, detail=str(error))
        else:
            self._known, self._known_at = (description, keyset), self._clock()
        finally:
            self._looked_at = self._clock()

    async def _fetched(self, address: str) -> bytes:
        status, content = await self.ask(address)
        if status != 200:
            raise self._unavailable(f"it answered {status}")
        return content

    def _unavailable(self, what: str) -> PlatformUnavailable:
        return PlatformUnavailable(
            f"the OpenID provider cannot be used now: {what}",
            field="gateway.login.issuer",
            fix="try again in a moment; whoever runs the gateway finds more in its log",
        )


def _address(said: Mapping[str, Any], name: str, *, needed: bool = False) -> str:
    address = said.get(name)
    if address is None and not needed:
        return ""
    if not is_text(address, limit=ADDRESS_LIMIT) or not is_private(address):
        raise ValueError(f"its {name} is not https")
    return address
