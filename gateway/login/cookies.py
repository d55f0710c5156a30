"""The two cookies: a session, and a login that is on its way. Both sealed, HttpOnly and SameSite=Lax.

Lax, not Strict: a link on a forge's page has to find its reader logged in, and the provider's answer its login. What
changes something needs a CSRF token besides.
"""

import secrets
from typing import Self, TypeVar

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from gateway.login.keys import SEALED_LIMIT, GatewayKeys
from maestro.access.roles import Identity
from maestro.clock import utc_now
from maestro.errors import BadInput
from maestro.model.base import Model

LOGIN_SECONDS = 600.0
"""From leaving for the provider to coming back: a password, a second factor, and a look for the telephone."""

SESSION = "session"
LOGIN = "login"
_CSRF = "csrf"

_ATTRIBUTES_LENGTH = 200
"""Characters that name and attributes take of what a browser keeps."""


class Session(Model):
    """Somebody who has logged in. ``expires_at`` is in seconds since the epoch."""

    id: str
    identity: Identity
    expires_at: float

    @classmethod
    def begin(cls, identity: Identity, *, lasts_seconds: float) -> Self:
        """A new session, with an id that nobody has seen."""
        return cls(id=secrets.token_urlsafe(16), identity=identity, expires_at=now() + lasts_seconds)


class Pending(Model):
    """A login that is on its way: what the provider's answer is held to, and where its owner wanted to go."""

    state: str
    nonce: str
    verifier: str
    next: str
    expires_at: float

    @classmethod
    def begin(cls, next_path: str) -> Self:
        """A new login, with secrets of its own."""
        return cls(
            state=secrets.token_urlsafe(32),
            nonce=secrets.token_urlsafe(32),
            verifier=secrets.token_urlsafe(48),
            next=next_path,
            expires_at=now() + LOGIN_SECONDS,
        )


SealedT = TypeVar("SealedT", Session, Pending)


class Cookies:
    """Reads and writes the cookies of a gateway that browsers reach by TLS alone (``is_https``), or on loopback.

    With TLS their names begin with ``__Host-``, so that no neighbouring host can set them.
    """

    def __init__(self, keys: GatewayKeys, *, is_https: bool) -> None:
        self._keys = keys
        self._is_https = is_https

    def name(self, purpose: str) -> str:
        """The cookie's name."""
        name = "maestro" if purpose == SESSION else f"maestro-{purpose}"
        return f"__Host-{name}" if self._is_https else name

    def session(self, request: Request) -> Session | None:
        """The session of a request, where it has one that has not expired."""
        return self._read(request, SESSION, Session)

    def pending(self, request: Request) -> Pending | None:
        """The login of a request, where it has one that has not expired."""
        return self._read(request, LOGIN, Pending)

    def set(self, response: Response, value: Session | Pending) -> None:
        """Let the browser keep it. Raises BadInput where it is too large for a cookie."""
        purpose = SESSION if isinstance(value, Session) else LOGIN
        sealed = self._keys.seal(purpose, value.model_dump_json().encode())
        if len(sealed) > SEALED_LIMIT - _ATTRIBUTES_LENGTH:
            raise BadInput(
                "so many claims of one person are asked for by rules that they do not fit into a session",
                field="gateway.roles",
                fix="let the provider put those who share roles into one group, and name that",
            )
        self._write(response, purpose, sealed, int(value.expires_at - now()))

    def clear(self, response: Response, purpose: str) -> None:
        """Let the browser forget it."""
        self._write(response, purpose, "", 0)

    def csrf(self, session: Session) -> str:
        """What unsafe requests of this session have to show."""
        return self._keys.sign(_CSRF, session.id)

    def is_csrf(self, session: Session, token: str) -> bool:
        """Whether the token is this session's."""
        return self._keys.is_signed(_CSRF, session.id, token)

    def _read(self, request: Request, purpose: str, model: type[SealedT]) -> SealedT | None:
        content = self._keys.unseal(purpose, request.cookies.get(self.name(purpose), ""))
        if content is None:
            return None
        try:
            value = model.model_validate_json(content)
        except ValidationError:
            return None  # sealed by a release that knew other fields: its owner logs in again
        return value if value.expires_at > now() else None

    def _write(self, response: Response, purpose: str, sealed: str, seconds: int) -> None:
        response.set_cookie(
            self.name(purpose), sealed, max_age=seconds, path="/", secure=self._is_https, httponly=True, samesite="lax"
        )


def now() -> float:
    """Seconds since the epoch."""
    return utc_now().timestamp()
