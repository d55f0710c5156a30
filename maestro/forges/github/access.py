"""Who Maestro is to GitHub: an App, whose key makes a token for each repository that is used up within the hour, or
somebody's token.
"""

import asyncio
import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote
from weakref import WeakValueDictionary

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from maestro.clock import utc_now
from maestro.errors import BadInput
from maestro.forges.github.refusal import NotThereError, refusing
from maestro.forges.http import AnswerLostError, Credential, ForgeHttp, NotSentError, Request, Secret
from maestro.model.base import Model

BEARER = "Bearer "

RENEWED_BEFORE = timedelta(minutes=5)
"""An installation token lives for an hour; one that ends on the way would be refused."""

_JWT_BACKDATED = timedelta(seconds=60)
_JWT_LIFE = timedelta(minutes=9)
"""GitHub takes ten minutes at the most, by its own clock."""

_SHORTEST_KEY_BITS = 2_048


@dataclass(frozen=True)
class AppAccess:
    """A GitHub App. ``app_id`` is its id or its client id, ``private_key`` the PEM that GitHub gave for it. Where
    ``installation_id`` is 0, each repository's is asked for.
    """

    app_id: str
    private_key: Secret
    installation_id: int = 0


@dataclass(frozen=True)
class TokenAccess:
    """A token. ``login`` says whose it is where GitHub does not: ``github-actions[bot]`` for a workflow's own token."""

    token: Secret
    login: str = ""


Access = AppAccess | TokenAccess


class _Installation(Model):
    id: int


class _Token(Model):
    token: str
    expires_at: datetime


class _App(Model):
    slug: str


class _User(Model):
    login: str


class AppCredential:
    """Installation tokens, each for one repository, made when they are needed."""

    def __init__(
        self, access: AppAccess, *, connect: Callable[[Credential], ForgeHttp], now: Callable[[], datetime] = utc_now
    ) -> None:
        self._access = access
        self._now = now
        self._http = connect(_AppToken(access, now=now))
        self._tokens: dict[str, _Token] = {}
        self._installations: dict[str, int] = {}
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._login = ""

    async def authorization(self, account: str, /) -> str:
        async with self._turns.setdefault(account, asyncio.Lock()):
            known = self._tokens.get(account)
            if known is None or known.expires_at - RENEWED_BEFORE <= self._now():
                known = self._tokens[account] = await self._made(account)
        return _bearer(known.token)

    def refused(self, account: str, authorization: str, /) -> bool:
        known = self._tokens.get(account)
        if known is not None and _bearer(known.token) == authorization:
            del self._tokens[account]
        return True

    def payer(self, account: str, /) -> str:
        """GitHub counts by installation, which is by owner."""
        return str(self._installations.get(account, account))

    async def login(self) -> str:
        if not self._login:
            answer = refusing(await self._http.get("app"), doing="the App cannot be asked for its name")
            self._login = f"{answer.read(_App).slug}[bot]"
        return self._login

    async def close(self) -> None:
        await self._http.close()

    async def _made(self, repo: str) -> _Token:
        # Asked for each time: whoever removes the App and installs it again gets another number.
        installation = self._access.installation_id or await self._installation(repo)
        self._installations[repo] = installation
        request = Request(
            "POST",
            f"app/installations/{installation}/access_tokens",
            body={"repositories": [repo.rpartition("/")[2]]},
        )
        try:
            answer = await self._http.attempt(request)
        except AnswerLostError as error:
            # Another token does no harm; what it was wanted for has not been sent.
            raise NotSentError(error.message, field=error.field, fix=error.fix, seconds=error.seconds) from error
        return refusing(answer, doing=f"the App gets no token for {repo}").read(_Token)

    async def _installation(self, repo: str) -> int:
        answer = await self._http.get(f"repos/{quote(repo)}/installation")
        if answer.status == 404:
            raise NotThereError(
                f"the App is not installed for {repo}", field=answer.place, fix="install it there, or correct the name"
            )
        return refusing(answer, doing=f"the App's installation for {repo} cannot be looked up").read(_Installation).id


class TokenCredential:
    """One token for everything."""

    def __init__(self, access: TokenAccess, *, connect: Callable[[Credential], ForgeHttp]) -> None:
        self._access = access
        self._http = connect(self)
        self._login = access.login

    async def authorization(self, _account: str, /) -> str:
        return _bearer(self._access.token.reveal())

    def refused(self, _account: str, _authorization: str, /) -> bool:
        return False

    def payer(self, _account: str, /) -> str:
        return ""

    async def login(self) -> str:
        if not self._login:
            answer = refusing(
                await self._http.get("user"),
                doing="GitHub does not say whose token it is (say it with the token where it is a workflow's own)",
            )
            self._login = answer.read(_User).login
        return self._login

    async def close(self) -> None:
        await self._http.close()


class _AppToken:
    """The App as itself, which may ask for its installations and for nothing in them."""

    def __init__(self, access: AppAccess, *, now: Callable[[], datetime]) -> None:
        self._app_id = access.app_id
        self._key = _rsa_key(access.private_key)
        self._now = now

    async def authorization(self, _account: str, /) -> str:
        issued = self._now() - _JWT_BACKDATED
        claims = {
            "iat": int(issued.timestamp()),
            "exp": int((issued + _JWT_BACKDATED + _JWT_LIFE).timestamp()),
            "iss": self._app_id,
        }
        signed = f"{_part({'alg': 'RS256', 'typ': 'JWT'})}.{_part(claims)}"
        signature = self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return _bearer(f"{signed}.{_base64(signature)}")

    def refused(self, _account: str, _authorization: str, /) -> bool:
        return False

    def payer(self, _account: str, /) -> str:
        return ""


def credential(access: Access, *, connect: Callable[[Credential], ForgeHttp]) -> AppCredential | TokenCredential:
    """The credentials of ``access``. Raises BadInput for a key that is none."""
    if isinstance(access, AppAccess):
        return AppCredential(access, connect=connect)
    return TokenCredential(access, connect=connect)


def _rsa_key(secret: Secret) -> rsa.RSAPrivateKey:
    fix = "give the file of the private key that GitHub made for the App, whole and without a password"
    try:
        key = load_pem_private_key(secret.reveal().encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # Not chained: what the parser says could quote the key.
        raise BadInput("the App's private key cannot be read", field="private_key", fix=fix) from None
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < _SHORTEST_KEY_BITS:
        raise BadInput("the App's private key is no RSA key that GitHub makes", field="private_key", fix=fix)
    return key


def _bearer(token: str) -> str:
    return f"{BEARER}{token}"


def _part(claims: dict[str, object]) -> str:
    return _base64(json.dumps(claims, separators=(",", ":")).encode())


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
