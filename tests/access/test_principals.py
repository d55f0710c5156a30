"""Who may do what, for which tenant."""

import pytest

from maestro.access import Permission, Principal, PrincipalKind, Role
from maestro.access.principals import EVERY_TENANT


def principal(role: Role, *, tenant: str = "acme", **more: object) -> Principal:
    return Principal(subject="1", issuer="local", name="ada", roles={tenant: role}).model_copy(update=more)


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        pytest.param(Role.VIEWER, {Permission.READ}, id="a viewer reads"),
        pytest.param(
            Role.REVIEWER,
            {Permission.READ, Permission.REVIEW, Permission.CHANGE_TESTS, Permission.CANCEL},
            id="a reviewer acts on pull requests",
        ),
        pytest.param(Role.OPERATOR, set(Permission) - {Permission.ADMINISTER}, id="an operator runs the platform"),
        pytest.param(Role.ADMIN, set(Permission), id="an administrator may do everything"),
    ],
)
def test_each_role_may_do_what_is_written_down(role: Role, allowed: set[Permission]) -> None:
    assert {permission for permission in Permission if principal(role).may(permission, "acme")} == allowed


def test_a_role_holds_for_its_tenant_alone_unless_it_is_for_every_one() -> None:
    assert not any(principal(Role.ADMIN).may(permission, "other") for permission in Permission)
    assert principal(Role.VIEWER, tenant=EVERY_TENANT).may(Permission.READ, "other")
    assert principal(Role.VIEWER).tenants(Permission.READ) == frozenset({"acme"})
    assert principal(Role.VIEWER, tenant=EVERY_TENANT).tenants(Permission.READ) is None
    assert principal(Role.VIEWER).tenants(Permission.START) == frozenset()


def test_no_service_approves_whatever_its_role() -> None:
    assert not principal(Role.ADMIN, kind=PrincipalKind.SERVICE).may(Permission.REVIEW, "acme")
    assert principal(Role.ADMIN, kind=PrincipalKind.SERVICE).may(Permission.START, "acme")


def test_scopes_narrow_and_never_widen() -> None:
    narrowed = principal(Role.OPERATOR, scopes=frozenset({Permission.START, Permission.ADMINISTER}))
    assert {permission for permission in Permission if narrowed.may(permission, "acme")} == {Permission.START}


def test_the_highest_role_for_a_tenant_counts() -> None:
    both = Principal(subject="1", issuer="local", name="ada", roles={"acme": Role.VIEWER, EVERY_TENANT: Role.OPERATOR})
    assert both.role_for("acme") is Role.OPERATOR
    assert both.may(Permission.START, "acme")
    assert Principal(subject="2", issuer="local", name="bob").role_for("acme") is None
