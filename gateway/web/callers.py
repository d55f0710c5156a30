"""Who calls, and whether they may. Nobody learns here whether something exists that they may not see."""

from typing import Annotated

import structlog
from fastapi import Depends, Request

from gateway.web.problems import Problem, unknown
from gateway.web.site import SiteDep
from maestro.access.principals import Permission, Principal

_log = structlog.get_logger("gateway.access")


async def caller(request: Request, site: SiteDep) -> Principal:
    """The principal of this request. Raises ``Problem`` 401 where nobody is known, 429 for one who asks too often."""
    principal = await site.doors.principal(request)
    site.limits.request(principal, request)
    return principal


CallerDep = Annotated[Principal, Depends(caller)]


def require(principal: Principal, permission: Permission, tenant: str) -> None:
    """Raises 404 where the principal may not even read what is the tenant's, 403 where only this is not theirs."""
    if principal.may(permission, tenant):
        return
    _log.warning("refused", subject=principal.subject, actor=principal.name, permission=permission.value, tenant=tenant)
    if not principal.may(Permission.READ, tenant):
        raise unknown()
    raise Problem(403, "", f"Your role does not allow this: it needs the permission {permission.value}.")
