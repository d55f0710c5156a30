"""An OpenID provider within the test: its keys can be changed, its answers spoiled, and looks at it are counted."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from maestro.access.provider import WELL_KNOWN, Provider
from maestro.access.signed import SignedTokens
from maestro.config.gateway import Login

ISSUER = "https://login.example.org/realms/acme"
CLIENT = "maestro"
AUDIENCE = "maestro-api"
NOW = 1_800_000_000.0

Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

RSA_KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
OTHER_RSA_KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
ED_KEY = ed25519.Ed25519PrivateKey.generate()


def jwk_of(key: Private, key_id: str | None, **more: object) -> dict[str, Any]:
    """The public half as a provider publishes it."""
    match key:
        case rsa.RSAPrivateKey():
            entry = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
        case ec.EllipticCurvePrivateKey():
            entry = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
        case ed25519.Ed25519PrivateKey():
            entry = OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
    entry.pop("key_ops", None)
    return dict(entry) | ({} if key_id is None else {"kid": key_id}) | more


def claims(**more: object) -> dict[str, Any]:
    """Those of a bearer token that is believed at ``NOW``; None takes one out."""
    usual: dict[str, object] = {
        "iss": ISSUER,
        "sub": "248289761001",
        "aud": AUDIENCE,
        "iat": int(NOW) - 10,
        "exp": int(NOW) + 300,
    }
    return {name: value for name, value in (usual | more).items() if value is not None}


def sign(
    said: Mapping[str, object],
    *,
    key: Private = RSA_KEY,
    algorithm: str = "RS256",
    key_id: str | None = "one",
    header: Mapping[str, object] | None = None,
) -> str:
    """A token of these claims."""
    names = {} if key_id is None else {"kid": key_id}
    return jwt.encode(dict(said), key, algorithm, headers=names | dict(header or {}))


def encoded(part: object) -> str:
    """A part of a token, of JSON or of text as it is."""
    text = part if isinstance(part, str) else json.dumps(part)
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def sign_raw(header: object, payload: object, *, key: rsa.RSAPrivateKey = RSA_KEY) -> str:
    """A token of these parts, even where no library would write them; soundly signed by RS256."""
    signed = f"{encoded(header)}.{encoded(payload)}"
    signature = RSAAlgorithm(RSAAlgorithm.SHA256).sign(signed.encode(), key)
    return f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


@dataclass
class Issuer:
    """The provider. ``answer`` is asked first, and may answer in its place."""

    keys: list[dict[str, Any]] = field(default_factory=lambda: [jwk_of(RSA_KEY, "one", use="sig", alg="RS256")])
    description: dict[str, Any] = field(default_factory=dict)
    is_down: bool = False
    answer: Callable[[httpx.Request], httpx.Response | None] = lambda _: None
    looks: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.looks.append(request.url.path)
        if self.is_down:
            raise httpx.ConnectError("refused", request=request)
        given = self.answer(request)
        if given is not None:
            return given
        if request.url.path.endswith(WELL_KNOWN):
            usual = {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys"}
            ends = {f"{name}_endpoint": f"{ISSUER}/{name}" for name in ("authorization", "token", "userinfo")}
            return httpx.Response(200, json=usual | ends | self.description)
        if request.url.path.endswith("/keys"):
            return httpx.Response(200, json={"keys": self.keys})
        return httpx.Response(404)

    def provider(self, issuer: str = ISSUER) -> Provider:
        """This provider as we see it; ``seconds`` is its clock."""
        return Provider(issuer, transport=httpx.MockTransport(self.handle), clock=lambda: self.seconds)

    def tokens(self, *, audience: str = AUDIENCE, now: float = NOW) -> SignedTokens:
        login = Login(issuer=ISSUER, client_id=CLIENT, audience=audience)
        return SignedTokens(login, self.provider(), now=lambda: now)

    @property
    def key_looks(self) -> int:
        return sum(path.endswith("/keys") for path in self.looks)
