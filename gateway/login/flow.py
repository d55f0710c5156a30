"""The OpenID code flow with PKCE (S256): out to the provider, and back with a code that only we can use, once."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus, urlencode

import structlog

from gateway.login.cookies import Pending
from maestro.access.provider import ANSWER_LIMIT_BYTES, Description, Provider
from maestro.access.refused import CredentialRefused
from maestro.access.roles import Identity, identity_of
from maestro.access.signed import SignedTokens
from maestro.access.strictjson import is_text, read_object
from maestro.config.gateway import Login, RoleRule
from maestro.errors import BadInput, PlatformUnavailable
from maestro.signing.keyfile import read_public

CODE_LIMIT = 4_096
SECRET_LIMIT = 4_096
ACCESS_TOKEN_LIMIT = 16_000

_OUR_FAULT = frozenset({"invalid_client", "unsupported_grant_type", "invalid_scope"})
"""What a provider answers where the gateway is not set up as it expects. (Gitea says ``unauthorized_client`` also of a
code that does not fit.)
"""

_log = structlog.get_logger("gateway.access")


@dataclass(frozen=True)
class CodeFlow:
    """Logs people in at ``provider``. ``redirect_uri`` is where it sends them back to; ``secret`` is empty for a public
    client.
    """

    login: Login
    rules: Sequence[RoleRule]
    tokens: SignedTokens
    redirect_uri: str
    secret: str = ""

    @property
    def provider(self) -> Provider:
        return self.tokens.provider

    async def address(self, pending: Pending) -> str:
        """Where the browser goes to log in. Raises PlatformUnavailable."""
        description = await self.provider.description()
        query = {
            "response_type": "code",
            "client_id": self.login.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": " ".join(dict.fromkeys(("openid", *self.login.scopes))),
            "state": pending.state,
            "nonce": pending.nonce,
            "code_challenge": challenge_of(pending.verifier),
            "code_challenge_method": "S256",
        }
        endpoint = _needed(description.authorization_endpoint, "authorization_endpoint")
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    async def identity(self, pending: Pending, *, code: str, issuer: str) -> Identity:
        """Who has logged in. ``issuer`` is the one that the answer names, or empty.

        Raises CredentialRefused for an answer that is not believed, PlatformUnavailable.
        """
        description = await self.provider.description()
        if issuer != description.issuer and (issuer or description.names_itself):
            raise CredentialRefused("the answer is another provider's")
        if not is_text(code, limit=CODE_LIMIT):
            raise CredentialRefused("the answer has no code")
        answer = await self._exchanged(description, code, pending.verifier)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise CredentialRefused("the provider answered without an identity")
        claims = await self.tokens.identity(token, nonce=pending.nonce)
        return identity_of(await self._completed(description, claims, answer.get("access_token")), self.rules)

    async def _exchanged(self, description: Description, code: str, verifier: str) -> Mapping[str, Any]:
        client = self.login.client_id
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": verifier,
        }
        authorization = ""
        if self.secret and not description.secret_in_body:
            pair = f"{quote_plus(client)}:{quote_plus(self.secret)}"
            authorization = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": client} | ({"client_secret": self.secret} if self.secret else {})
        endpoint = _needed(description.token_endpoint, "token_endpoint")
        status, content = await self.provider.ask(endpoint, form=form, authorization=authorization)
        answer = _read(content)
        if status != 200:
            said = str(answer.get("error", ""))[:100]
            if said in _OUR_FAULT or (status in {401, 403} and said != "invalid_grant"):
                raise _not_set_up(f"it does not take this gateway as a client ({status} {said})")
            raise CredentialRefused(f"the provider does not take the code ({status} {said})")
        return answer

    async def _completed(self, description: Description, claims: Mapping[str, Any], token: object) -> Mapping[str, Any]:
        """The claims, with what the provider tells only when it is asked. What the signed identity says stands."""
        asked = {"email", "email_verified"} | {rule.claim.partition(".")[0] for rule in self.rules if rule.claim}
        asked -= {rule.claim.partition(".")[0] for rule in self.rules if rule.claim and rule.claim in claims}
        if asked <= claims.keys() or not description.userinfo_endpoint or not is_text(token, limit=ACCESS_TOKEN_LIMIT):
            return claims
        status, content = await self.provider.ask(description.userinfo_endpoint, authorization=f"Bearer {token}")
        try:
            told = read_object(content, limit_bytes=ANSWER_LIMIT_BYTES) if status == 200 else {}
        except ValueError:
            told = {}  # a signed answer, for instance: nothing here asks for one
        if told.get("sub") != claims["sub"]:
            _log.info("no_more_claims", issuer=description.issuer, status=status)
            return claims
        if "email_verified" in claims or claims.get("email", told.get("email")) != told.get("email"):
            # An address and whether it was verified are one statement, and are never put together from two.
            told = {name: value for name, value in told.items() if name not in {"email", "email_verified"}}
        return {**told, **claims}


def challenge_of(verifier: str) -> str:
    """What is shown of the verifier before it is used (RFC 7636, S256)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def read_client_secret(path: Path) -> str:
    """The secret by which the provider knows this gateway. Raises BadInput."""
    secret = read_public(path, limit_bytes=SECRET_LIMIT).decode("utf-8", "replace").strip()
    if not is_text(secret, limit=SECRET_LIMIT):
        raise BadInput(
            "the file holds no client secret", field=str(path), fix="write what the provider showed, on one line"
        )
    return secret


def _read(content: bytes) -> Mapping[str, Any]:
    try:
        return read_object(content, limit_bytes=ANSWER_LIMIT_BYTES)
    except ValueError as error:
        raise _not_set_up(f"its answer cannot be read: {error}") from None


def _needed(address: str, name: str) -> str:
    if not address:
        raise _not_set_up(f"it has no {name}")
    return address


def _not_set_up(what: str) -> PlatformUnavailable:
    _log.error("login_not_set_up", detail=what)
    return PlatformUnavailable(
        "the OpenID provider cannot be used to log in",
        field="gateway.login",
        fix="whoever runs the gateway finds the reason in its log",
    )
