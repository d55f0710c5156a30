"""Signed tokens of one OpenID provider: who may believe one, and what it says.

Believed is what the provider signed, for us, and now. The header's only say is by which of the provider's published
keys; addresses and keys within a token are never used.
"""

import hmac
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from jwt.utils import base64url_decode

from maestro.access.keyset import ALGORITHMS, KEY_ID_LIMIT
from maestro.access.provider import Provider
from maestro.access.refused import CredentialRefused
from maestro.access.strictjson import is_text, read_object
from maestro.clock import utc_now
from maestro.config.gateway import Login

TOKEN_LIMIT = 16_000
"""Characters; one with the groups of a large company fits."""

HEADER_LIMIT_BYTES = 4_096
LEEWAY_SECONDS = 60.0
"""By how much the provider's clock and ours may differ."""

SUBJECT_LIMIT = 255
BEARER_TYPES = frozenset({"jwt", "at+jwt", "application/jwt", "application/at+jwt"})
"""A token made for something else, such as a logout, says so, and is none to come in with."""

Claims = Mapping[str, Any]

_VERIFIER = jwt.PyJWS(algorithms=ALGORITHMS)


def _now() -> float:
    return utc_now().timestamp()


@dataclass(frozen=True)
class SignedTokens:
    """Verifies what ``provider`` signed for those who log in by ``login``. ``now`` gives seconds since the epoch."""

    login: Login
    provider: Provider
    now: Callable[[], float] = _now

    async def bearer(self, token: str) -> Claims:
        """The claims of a bearer token. Raises CredentialRefused, PlatformUnavailable."""
        claims = await self._signed(token)
        if not _is_for(claims, self.login.audience or self.login.client_id):
            raise CredentialRefused("meant for another audience")
        return claims

    async def identity(self, token: str, *, nonce: str) -> Claims:
        """The claims of an ID token that answers the login which this nonce stands for. Raises as ``bearer`` does."""
        claims = await self._signed(token)
        client, party = self.login.client_id, claims.get("azp")
        if not _is_for(claims, client):
            raise CredentialRefused("an identity for another client")
        if party not in (None, client) or (party is None and len(_audiences(claims)) > 1):
            raise CredentialRefused("an identity that was issued to another client")
        said = claims.get("nonce")
        if not isinstance(said, str) or not hmac.compare_digest(said.encode(), nonce.encode()):
            raise CredentialRefused("an identity for another login")
        return claims

    async def _signed(self, token: str) -> Claims:
        key_id, algorithm = _header(token)
        for key in await self.provider.keys(key_id, algorithm):
            try:
                payload = _VERIFIER.decode(token, key=key.public, algorithms=[algorithm])
            except (jwt.PyJWTError, ValueError):
                continue
            return self._standing(payload)
        raise CredentialRefused("the signature does not fit")

    def _standing(self, payload: bytes) -> Claims:
        """The claims of a payload that is the provider's, where they hold now."""
        try:
            claims = read_object(payload, limit_bytes=TOKEN_LIMIT)
        except ValueError as error:
            raise CredentialRefused(f"its claims cannot be read: {error}") from None
        if "events" in claims:
            raise CredentialRefused("a token of another kind")  # a security event, such as a logout (RFC 8417)
        if claims.get("iss") != self.provider.issuer:
            raise CredentialRefused("issued by somebody else")
        if not is_text(claims.get("sub"), limit=SUBJECT_LIMIT):
            raise CredentialRefused("it names no subject")
        now = self.now()
        if now >= _time(claims, "exp") + LEEWAY_SECONDS:
            raise CredentialRefused("expired")
        if now < _time(claims, "iat") - LEEWAY_SECONDS:
            raise CredentialRefused("issued in the future")
        if "nbf" in claims and now < _time(claims, "nbf") - LEEWAY_SECONDS:
            raise CredentialRefused("not valid yet")
        return claims


def _header(token: str) -> tuple[str | None, str]:
    """The key and the algorithm that the token names. Raises CredentialRefused."""
    if len(token) > TOKEN_LIMIT:
        raise CredentialRefused("too large")
    first, _, rest = token.partition(".")
    if not token.isascii() or rest.count(".") != 1:
        raise CredentialRefused("no signed token")
    try:
        header = read_object(base64url_decode(first), limit_bytes=HEADER_LIMIT_BYTES)
    except ValueError as error:
        raise CredentialRefused(f"its header cannot be read: {error}") from None
    algorithm, key_id, kind = header.get("alg"), header.get("kid"), header.get("typ", "JWT")
    if algorithm not in ALGORITHMS:
        raise CredentialRefused("signed by an algorithm that is not allowed")
    if "crit" in header or "b64" in header:
        raise CredentialRefused("it asks for what is not known here")
    if not isinstance(kind, str) or kind.lower() not in BEARER_TYPES:
        raise CredentialRefused("a token of another kind")
    if key_id is not None and not is_text(key_id, limit=KEY_ID_LIMIT):
        raise CredentialRefused("its key id is none")
    return key_id, str(algorithm)


def _audiences(claims: Claims) -> list[str]:
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    texts = [one for one in named if isinstance(one, str)]
    return texts if len(texts) == len(named) else []


def _is_for(claims: Claims, audience: str) -> bool:
    return audience in _audiences(claims)


def _time(claims: Claims, name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise CredentialRefused(f"it has no time in {name}")
    try:
        seconds = float(value)
    except OverflowError:
        seconds = math.inf
    if not math.isfinite(seconds):
        raise CredentialRefused(f"it has no time in {name}")
    return seconds
