"""Where the gateway listens, who may log in and what they may do, and which forges it serves."""

import ipaddress
import os
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from maestro.access.principals import EVERY_TENANT, Role
from maestro.config.explain import Refusal
from maestro.model.base import Config
from maestro.model.pull_request import Publishing, PullRequest

PORT_VARIABLE = "MAESTRO_GATEWAY_PORT"

Seconds = Annotated[float, Field(gt=0)]
Origin = Annotated[str, Field(pattern=r"^https?://[^\s/?#@;,']+$", max_length=300)]
"""Scheme, host and port, as a Content-Security-Policy names it."""

WebAddress = Annotated[str, Field(pattern=r"^https?://[^\s?#@]+[^\s?#@/]$", max_length=1_000)]
"""Without a query, a user or a slash at its end."""


def _private(address: str) -> str:
    if not is_private(address):
        raise Refusal(f"whoever sits on the way could answer for {address}", fix="give an address that begins https://")
    return address


Issuer = Annotated[str, Field(pattern=r"^https?://[^\s?#@]+$", max_length=1_000), AfterValidator(_private)]
"""Exactly as the provider's own tokens spell it, some with a slash at the end: https, or http on this machine."""

KNOWN_BY_EMAIL = frozenset({"email", "email_verified"})
"""Claims that prove nothing alone: an address counts only together with the provider's word that it was verified."""


def _absolute(path: Path) -> Path:
    if not path.is_absolute():
        raise Refusal(f"{path} depends on the current folder", fix="give an absolute path")
    return path


AbsolutePath = Annotated[Path, AfterValidator(_absolute)]


class Login(Config):
    """An OpenID provider. ``audience`` is what bearer tokens have to be meant for (the client id where it is empty);
    without ``client_secret_file`` the gateway is a public client, which PKCE protects.
    """

    issuer: Issuer
    client_id: str = Field(min_length=1, max_length=300)
    client_secret_file: AbsolutePath | None = None
    audience: str = ""
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    session_seconds: Seconds = 28_800.0


class RoleRule(Config):
    """Gives a role for tenants to whoever fits: a verified ``email``, a ``claim`` with a ``value``, or a forge's
    ``login``. Exactly one of the three is named; ``forge`` goes with ``login`` and is the name of a forge.
    """

    role: Role
    tenants: tuple[str, ...] = (EVERY_TENANT,)
    email: str = ""
    claim: str = ""
    value: str = ""
    forge: str = ""
    login: str = ""

    @model_validator(mode="after")
    def _one_way_to_be_known(self) -> Self:
        ways = [bool(self.email), bool(self.claim), bool(self.login)]
        if sum(ways) != 1:
            raise Refusal("a role is given to nobody, or in two ways", fix="name one of email, claim and login")
        if bool(self.claim) != bool(self.value) or bool(self.login) != bool(self.forge):
            raise Refusal("half of a pair is missing", fix="name claim with value, and login with forge")
        if self.claim in KNOWN_BY_EMAIL:
            raise Refusal(
                f"the claim {self.claim} says nothing of whether the address was verified",
                fix="name email: ADDRESS in its place",
            )
        return self


class GatewayConfig(Config):
    """The gateway. ``public_url`` is how browsers and forges reach it, empty for its own address. Without ``login``
    whoever reaches it is its administrator, so it listens on loopback only. ``usage`` off counts nobody's opening of
    cards. ``frame_ancestors`` are the sites that may show cards within their pages.
    """

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65_535)] = 8420
    public_url: Literal[""] | WebAddress = ""
    login: Login | None = None
    roles: tuple[RoleRule, ...] = ()
    frame_ancestors: tuple[Origin, ...] = ()
    usage: bool = True
    requests_per_minute: int = Field(default=600, ge=1)
    actions_per_minute: int = Field(default=60, ge=1)

    @model_validator(mode="after")
    def _nobody_else_comes_in_without_login(self) -> Self:
        if self.login is None and not is_loopback(self.host):
            raise Refusal(
                f"without login the gateway would let everybody who reaches {self.host} act",
                fix="set login to an OpenID provider, or host to 127.0.0.1",
            )
        return self

    @model_validator(mode="after")
    def _no_session_is_read_on_the_way(self) -> Self:
        if self.login is not None and not is_private(self.address):
            raise Refusal(
                f"whoever sits on the way to {self.address} could take over the sessions of those who log in",
                fix="set public_url to the address that browsers use, which begins https://",
            )
        return self

    @property
    def listening_port(self) -> int:
        """The port, or the one that the environment gives instead, as a stack on free ports does."""
        said = os.environ.get(PORT_VARIABLE, "")
        return int(said) if said.isascii() and said.isdigit() and 0 < int(said) <= 65_535 else self.port

    @property
    def address(self) -> str:
        """Where browsers find it."""
        return self.address_at(self.listening_port)

    def card_page(self, pull_request: PullRequest) -> str:
        """Where the card of a pull request is shown. No part of a pull request's name has to be escaped in it."""
        return f"{self.address}/pull-requests/{pull_request.workflow_id.removeprefix('pr/')}"

    def address_at(self, port: int) -> str:
        """Where browsers find a gateway that listens on ``port``."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url or f"http://{host}:{port}"


class ForgeConfig(Config):
    """A forge that Maestro works with.

    ``name`` stands in the webhook's address (``/webhooks/NAME``); ``url`` is the API's for GitHub
    (``https://api.github.com``) and the server's for Gitea, ``clone_url`` where git fetches below (for GitHub
    ``https://github.com``). ``token_file``, or ``app_id`` with ``private_key_file``, says who Maestro is there,
    to its API and to git.
    ``tenants`` maps repositories (``owner/name``, with ``*``) to tenants, the first that fits; ``agents`` are logins of
    authors that are no people. ``publish`` is what is told of each pull request.
    """

    kind: Literal["github", "gitea"]
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
    url: WebAddress
    clone_url: WebAddress
    token_file: AbsolutePath | None = None
    app_id: str = ""
    private_key_file: AbsolutePath | None = None
    webhook_secret_file: AbsolutePath
    tenants: dict[str, str] = Field(default_factory=dict)
    agents: tuple[str, ...] = ()
    publish: tuple[Publishing, ...] = ("status", "comment")

    @model_validator(mode="after")
    def _it_is_known_who_maestro_is(self) -> Self:
        by_app = bool(self.app_id) and self.private_key_file is not None
        if by_app == (self.token_file is not None) or bool(self.app_id) != (self.private_key_file is not None):
            raise Refusal(
                "it is not said, or said twice, who Maestro is at the forge",
                fix="name token_file, or app_id with private_key_file",
            )
        if self.kind == "gitea" and by_app:
            raise Refusal("Gitea knows no Apps", fix="name token_file")
        return self

    def tenant(self, repo: str) -> str:
        """Whose policy holds for the repository."""
        return next((tenant for pattern, tenant in self.tenants.items() if fnmatchcase(repo, pattern)), "default")

    def repo_of(self, repository: str) -> str | None:
        """The ``owner/name`` that git fetches from ``repository``, or None where that is not at this forge."""
        prefix = f"{self.clone_url}/"
        return repository.removeprefix(prefix).removesuffix(".git") if repository.startswith(prefix) else None


def is_private(address: str) -> bool:
    """Whether nobody on the way can read or answer what goes to the address: https, or http on this machine."""
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return False
    if not parts.hostname or parts.username is not None:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))


def is_loopback(host: str) -> bool:
    """Whether the name or address can only be this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
