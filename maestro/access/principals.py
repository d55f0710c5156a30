"""Principals, their roles, and which role may do what."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from maestro.model.base import Model
from maestro.model.decision import ActionKind

EVERY_TENANT = "*"
"""A role under this name holds for all tenants."""


class Role(StrEnum):
    """Each role may do what the one before it may."""

    VIEWER = "viewer"
    REVIEWER = "reviewer"
    OPERATOR = "operator"
    ADMIN = "admin"


class Permission(StrEnum):
    """What can be asked of the gateway."""

    READ = "read"
    REVIEW = "review"
    CHANGE_TESTS = "change_tests"
    CANCEL = "cancel"
    START = "start"
    OPERATE = "operate"
    ADMINISTER = "administer"


class PrincipalKind(StrEnum):
    PERSON = "person"
    SERVICE = "service"


_ORDER = tuple(Role)

LOWEST_ROLE: Mapping[Permission, Role] = MappingProxyType(
    {
        Permission.READ: Role.VIEWER,
        Permission.REVIEW: Role.REVIEWER,
        Permission.CHANGE_TESTS: Role.REVIEWER,
        Permission.CANCEL: Role.REVIEWER,
        Permission.START: Role.OPERATOR,
        Permission.OPERATE: Role.OPERATOR,
        Permission.ADMINISTER: Role.ADMIN,
    }
)
"""The least role that has a permission."""

NEEDED: Mapping[ActionKind, Permission] = MappingProxyType(
    {
        ActionKind.APPROVE: Permission.REVIEW,
        ActionKind.REJECT: Permission.REVIEW,
        ActionKind.INCIDENT: Permission.REVIEW,
        ActionKind.ESCALATE_TESTS: Permission.CHANGE_TESTS,
        ActionKind.DOWNSHIFT: Permission.CHANGE_TESTS,
        ActionKind.RETRY: Permission.CHANGE_TESTS,
        ActionKind.CANCEL: Permission.CANCEL,
    }
)
"""What an action on a pull request asks of whoever takes it, by whichever way it comes."""

FOR_PEOPLE = frozenset({Permission.REVIEW})
"""What no service may do, whatever its role: an approval is a person's word."""


class Principal(Model):
    """Somebody who was authenticated. ``subject`` is unique at its ``issuer``; ``name`` is how they are shown, and the
    actor in records, so it has to be the address by which authors are known where there is one. ``scopes`` narrow a
    service to some permissions; None leaves it all that its roles allow.
    """

    subject: str
    issuer: str
    name: str
    kind: PrincipalKind = PrincipalKind.PERSON
    roles: Mapping[str, Role] = {}
    scopes: frozenset[Permission] | None = None

    def may(self, permission: Permission, tenant: str) -> bool:
        """Whether this principal may do that for the tenant.

        >>> ada = Principal(subject="1", issuer="local", name="ada", roles={"acme": Role.REVIEWER})
        >>> ada.may(Permission.REVIEW, "acme"), ada.may(Permission.REVIEW, "other")
        (True, False)
        """
        if self.scopes is not None and permission not in self.scopes:
            return False
        if self.kind is PrincipalKind.SERVICE and permission in FOR_PEOPLE:
            return False
        role = self.role_for(tenant)
        return role is not None and _ORDER.index(role) >= _ORDER.index(LOWEST_ROLE[permission])

    def role_for(self, tenant: str) -> Role | None:
        """The highest role that it has for the tenant, or None."""
        held = [role for name in (tenant, EVERY_TENANT) if (role := self.roles.get(name)) is not None]
        return max(held, key=_ORDER.index, default=None)

    def tenants(self, permission: Permission) -> frozenset[str] | None:
        """The tenants for which it has the permission; None stands for every one."""
        named = frozenset(tenant for tenant in self.roles if self.may(permission, tenant))
        return None if EVERY_TENANT in named else named
