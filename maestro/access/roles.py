"""From what a provider or a forge says of somebody to a principal: their name, and their roles by tenant.

An address counts only where the provider says that it was verified; any other name cannot look like an address, so
that nobody passes for another by choosing a name.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from maestro.access.principals import Principal, PrincipalKind, Role
from maestro.access.strictjson import is_text
from maestro.config.gateway import RoleRule
from maestro.model.base import Model

EMAIL_LIMIT = 254
VALUE_LIMIT = 1_000
VALUES_LIMIT = 1_000
"""Groups of one person that are looked at."""

ANOTHER_NAME = "oidc:"
"""Before the subject where nothing better is known; no address and no login begins so."""

_ORDER = tuple(Role)
_LOGIN = re.compile(r"\w[\w.+-]{0,98}")
_EMAIL = re.compile(r"[^\s@<>,;\"]+@[^\s@<>,;\"]+")


class Identity(Model):
    """What of somebody's claims is used here. ``email`` is empty where it was not verified; ``claims`` are the values
    that some rule asks for. It is small enough to be carried in a session, where rules are looked at each time.
    """

    subject: str
    issuer: str
    name: str
    kind: PrincipalKind = PrincipalKind.PERSON
    email: str = ""
    claims: Mapping[str, tuple[str, ...]] = {}

    def principal(self, rules: Iterable[RoleRule]) -> Principal:
        """The principal, with the roles that the rules give now."""
        roles = _granted(rule for rule in rules if self._fits(rule))
        return Principal(subject=self.subject, issuer=self.issuer, name=self.name, kind=self.kind, roles=roles)

    def _fits(self, rule: RoleRule) -> bool:
        if rule.email:
            return bool(self.email) and rule.email.casefold() == self.email.casefold()
        return bool(rule.claim) and rule.value in self.claims.get(rule.claim, ())


def identity_of(claims: Mapping[str, Any], rules: Sequence[RoleRule]) -> Identity:
    """Who the verified claims of a token are about."""
    email = _verified_email(claims)
    asked = {rule.claim for rule in rules if rule.claim}
    held = {claim: _held(claims, claim, rules) for claim in sorted(asked)}
    return Identity(
        subject=claims["sub"],
        issuer=claims["iss"],
        name=_name(claims, email),
        kind=PrincipalKind.SERVICE if is_machine(claims) else PrincipalKind.PERSON,
        email=email,
        claims={claim: values for claim, values in held.items() if values},
    )


def forge_principal(forge_name: str, login: str, rules: Iterable[RoleRule]) -> Principal:
    """Who pressed a button at a forge, which has said so under its signature. Without a rule, somebody without roles.

    A forge's logins know no case.
    """
    mine = (
        rule for rule in rules if rule.login and rule.forge == forge_name and rule.login.casefold() == login.casefold()
    )
    return Principal(subject=login, issuer=f"forge:{forge_name}", name=login, roles=_granted(mine))


def is_machine(claims: Mapping[str, Any]) -> bool:
    """Whether the token is a program's own and no person's: one that is in doubt is a program's.

    Providers differ in how they say it; these are the ways of RFC 9068, Keycloak, Auth0 and Entra.
    """
    username = claims.get("preferred_username")
    return (
        claims.get("sub") in [claims[name] for name in ("client_id", "azp", "cid", "appid") if name in claims]
        or (isinstance(username, str) and username.startswith("service-account-"))
        or claims.get("gty") == "client-credentials"
        or claims.get("idtyp") == "app"
    )


def _granted(rules: Iterable[RoleRule]) -> dict[str, Role]:
    """The highest role for each tenant."""
    roles: dict[str, Role] = {}
    for rule in rules:
        for tenant in rule.tenants:
            roles[tenant] = max(rule.role, roles.get(tenant, rule.role), key=_ORDER.index)
    return roles


def _name(claims: Mapping[str, Any], email: str) -> str:
    username = claims.get("preferred_username")
    if email:
        return email
    if is_text(username, limit=99) and _LOGIN.fullmatch(username):
        return username
    return ANOTHER_NAME + str(claims["sub"])


def _verified_email(claims: Mapping[str, Any]) -> str:
    email = claims.get("email")
    # True itself: some providers send the text "false".
    verified = claims.get("email_verified") is True
    return email if verified and is_text(email, limit=EMAIL_LIMIT) and _EMAIL.fullmatch(email) else ""


def _held(claims: Mapping[str, Any], claim: str, rules: Iterable[RoleRule]) -> tuple[str, ...]:
    """The values of the claim that some rule asks for."""
    asked = {rule.value for rule in rules if rule.claim == claim}
    return tuple(sorted(asked & _values(claims, claim)))


def _values(claims: Mapping[str, Any], claim: str) -> frozenset[str]:
    """All values of a claim as texts. ``a.b`` is a claim of that name, else ``b`` within ``a``."""
    found: Any = claims
    for part in (claim,) if claim in claims else claim.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    listed = found[:VALUES_LIMIT] if isinstance(found, list) else [found]
    return frozenset(one for one in listed if is_text(one, limit=VALUE_LIMIT))
