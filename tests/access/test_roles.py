"""From claims and logins to principals: roles as the rules give them, and names that nobody can borrow."""

from typing import Any

import pytest
from pydantic import ValidationError

from maestro.access.principals import EVERY_TENANT, Permission, PrincipalKind, Role
from maestro.access.roles import Identity, forge_principal, identity_of
from maestro.config.gateway import GatewayConfig, Login, RoleRule
from tests.access.issuer import claims

ADA = "ada@example.org"
VERIFIED = {"email": ADA, "email_verified": True}


def rule(role: Role = Role.REVIEWER, **how: Any) -> RoleRule:
    return RoleRule(role=role, **({"tenants": ("acme",)} | how))


def roles(said: dict[str, Any], *rules: RoleRule) -> dict[str, Role]:
    return dict(identity_of(said, rules).principal(rules).roles)


def test_a_verified_address_gives_the_role_whatever_its_case() -> None:
    assert roles(claims(**VERIFIED), rule(email="Ada@Example.org")) == {"acme": Role.REVIEWER}


@pytest.mark.parametrize(
    "verified",
    [
        pytest.param({}, id="nothing is said of it"),
        pytest.param({"email_verified": False}, id="it is not"),
        pytest.param({"email_verified": "true"}, id="a text says so"),
        pytest.param({"email_verified": 1}, id="a number says so"),
    ],
)
def test_an_address_that_was_not_verified_gives_no_role_and_no_name(verified: dict[str, object]) -> None:
    said = claims(email=ADA, preferred_username="ada", **verified)
    assert roles(said, rule(email=ADA)) == {}
    assert identity_of(said, ()).name == "ada"


@pytest.mark.parametrize(
    "email",
    [
        pytest.param("", id="empty"),
        pytest.param("ada", id="a word"),
        pytest.param("Ada <ada@example.org>", id="with a name before it"),
        pytest.param("ada@example.org,eve@example.org", id="two of them"),
        pytest.param("ada@example.org\n", id="with a line end"),
        pytest.param(["ada@example.org"], id="a list"),
        pytest.param("a" * 255 + "@example.org", id="a very long one"),
    ],
)
def test_what_is_no_address_is_none_even_if_the_provider_has_verified_it(email: object) -> None:
    said = claims(email=email, email_verified=True, preferred_username="ada")
    assert identity_of(said, ()).email == ""
    assert identity_of(said, ()).name == "ada"


@pytest.mark.parametrize(
    ("said", "name"),
    [
        pytest.param(VERIFIED | {"preferred_username": "ada"}, ADA, id="the address by which authors are known"),
        pytest.param({"preferred_username": "ada.l"}, "ada.l", id="else the user name"),
        pytest.param({"preferred_username": "Åsa"}, "Åsa", id="in any letters"),
        pytest.param({}, "oidc:248289761001", id="else the subject"),
        pytest.param({"preferred_username": "eve@example.org"}, "oidc:248289761001", id="no address by another way"),
        pytest.param({"preferred_username": "x <eve@example.org>"}, "oidc:248289761001", id="nor a hidden one"),
        pytest.param({"preferred_username": "service:ci"}, "oidc:248289761001", id="no name of a service"),
        pytest.param({"preferred_username": "ada\x1b[2J"}, "oidc:248289761001", id="no control characters"),
        pytest.param({"preferred_username": ["ada"]}, "oidc:248289761001", id="no list"),
        pytest.param({"sub": "eve@example.org"}, "oidc:eve@example.org", id="no address for a subject"),
    ],
)
def test_nobody_passes_for_another_by_choosing_a_name(said: dict[str, object], name: str) -> None:
    assert identity_of(claims(**said), ()).name == name


@pytest.mark.parametrize(
    ("said", "claim", "value", "fits"),
    [
        pytest.param({"groups": ["dev", "leads"]}, "groups", "leads", True, id="a list that has it"),
        pytest.param({"groups": ["dev"]}, "groups", "leads", False, id="a list that has it not"),
        pytest.param({"groups": "leads"}, "groups", "leads", True, id="a text that is it"),
        pytest.param({"groups": "team-leads"}, "groups", "leads", False, id="a text that contains it"),
        pytest.param({"groups": {"leads": True}}, "groups", "leads", False, id="an object with that name"),
        pytest.param({"groups": [["leads"]]}, "groups", "leads", False, id="a list in a list"),
        pytest.param({"realm": {"roles": ["leads"]}}, "realm.roles", "leads", True, id="a claim within a claim"),
        pytest.param({"https://a.example/r": ["leads"]}, "https://a.example/r", "leads", True, id="dots in its name"),
        pytest.param({"realm": "leads"}, "realm.roles", "leads", False, id="nothing within"),
        pytest.param({}, "groups", "leads", False, id="no such claim"),
        pytest.param({"admin": True}, "admin", "True", False, id="what is no text"),
    ],
)
def test_a_claim_gives_the_role_where_it_has_the_whole_value(
    said: dict[str, object], claim: str, value: str, fits: bool
) -> None:
    assert (roles(claims(**said), rule(claim=claim, value=value)) != {}) is fits


def test_of_several_rules_the_highest_role_holds_for_each_tenant() -> None:
    rules = (
        rule(Role.OPERATOR, email=ADA),
        rule(Role.VIEWER, email=ADA, tenants=("acme", "other")),
        rule(Role.VIEWER, claim="groups", value="all", tenants=(EVERY_TENANT,)),
        rule(Role.ADMIN, email="eve@example.org"),
    )
    found = roles(claims(**VERIFIED, groups=["all"]), *rules)
    assert found == {"acme": Role.OPERATOR, "other": Role.VIEWER, EVERY_TENANT: Role.VIEWER}


def test_somebody_whom_no_rule_names_may_nothing() -> None:
    principal = identity_of(claims(**VERIFIED), ()).principal(())
    assert not any(principal.may(permission, "acme") for permission in Permission)


def test_a_session_carries_only_what_rules_ask_for_and_follows_rules_that_change() -> None:
    asked = (rule(claim="groups", value="leads"), rule(claim="groups", value="nobody"))
    identity = identity_of(claims(**VERIFIED, groups=["leads", *(f"g{number}" for number in range(500))]), asked)
    assert identity.claims == {"groups": ("leads",)}
    again = Identity.model_validate_json(identity.model_dump_json())
    assert dict(again.principal(asked).roles) == {"acme": Role.REVIEWER}
    assert dict(again.principal(()).roles) == {}
    assert dict(again.principal((rule(Role.ADMIN, email=ADA),)).roles) == {"acme": Role.ADMIN}


@pytest.mark.parametrize(
    "said",
    [
        pytest.param({"client_id": "248289761001"}, id="RFC 9068: the subject is the client"),
        pytest.param({"azp": "248289761001"}, id="the subject is the authorised party"),
        pytest.param({"preferred_username": "service-account-ci"}, id="Keycloak"),
        pytest.param({"gty": "client-credentials"}, id="Auth0"),
        pytest.param({"idtyp": "app"}, id="Entra"),
    ],
)
def test_a_programs_own_token_never_approves(said: dict[str, object]) -> None:
    admin = (rule(Role.ADMIN, claim="sub", value="248289761001"),)
    principal = identity_of(claims(**said), admin).principal(admin)
    assert principal.kind is PrincipalKind.SERVICE
    assert principal.may(Permission.START, "acme")
    assert not principal.may(Permission.REVIEW, "acme")


def test_a_login_of_a_forge_gives_the_role_at_that_forge_alone() -> None:
    rules = (rule(forge="github", login="ada"), rule(Role.ADMIN, email=ADA), rule(Role.ADMIN, claim="a", value="b"))
    assert dict(forge_principal("github", "Ada", rules).roles) == {"acme": Role.REVIEWER}
    assert dict(forge_principal("gitea", "ada", rules).roles) == {}
    assert dict(forge_principal("github", "eve", rules).roles) == {}
    assert forge_principal("github", "ada", rules).issuer == "forge:github"


def test_no_rule_goes_round_the_word_that_an_address_was_verified() -> None:
    for claim, value in (("email", ADA), ("email_verified", "true")):
        with pytest.raises(ValidationError, match="verified"):
            rule(claim=claim, value=value)


@pytest.mark.parametrize(
    "issuer",
    [
        pytest.param("http://login.example.org", id="without TLS"),
        pytest.param("https://user@login.example.org", id="with a user"),
        pytest.param("https://login.example.org/?a=b", id="with a query"),
        pytest.param("ftp://login.example.org", id="another protocol"),
        pytest.param("http://127.0.0.1.example.org", id="a name that begins like this machine"),
        pytest.param("https://login.example.org:port", id="a port that is none"),
    ],
)
def test_an_issuer_that_others_could_answer_for_is_refused(issuer: str) -> None:
    with pytest.raises(ValidationError):
        Login(issuer=issuer, client_id="maestro")


@pytest.mark.parametrize(
    "issuer", ["https://a.example/", "https://a.example/realms/x", "http://127.0.0.1:9", "http://localhost:9"]
)
def test_an_issuer_is_taken_as_its_tokens_spell_it(issuer: str) -> None:
    assert Login(issuer=issuer, client_id="maestro").issuer == issuer


def test_with_a_login_browsers_have_to_come_by_tls() -> None:
    login = Login(issuer="https://a.example", client_id="maestro")
    assert GatewayConfig(login=login, host="0.0.0.0", public_url="https://maestro.example").login == login
    assert GatewayConfig(login=login).login == login
    for where in ({"host": "0.0.0.0"}, {"public_url": "http://maestro.example"}):
        with pytest.raises(ValidationError, match="take over the sessions"):
            GatewayConfig(login=login, **where)  # type: ignore[arg-type]
