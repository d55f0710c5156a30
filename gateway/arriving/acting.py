"""A reviewer's word at a forge as their action, where Maestro's own roles let them."""

import structlog

from gateway.acting import take
from gateway.arriving import conducts
from gateway.arriving.people import kind_of, principal_of, via
from gateway.arriving.services import ArrivalServices, ReviewedForge
from maestro.access.principals import NEEDED
from maestro.errors import BadInput, PolicyDenied
from maestro.forges.events import Verdict
from maestro.model.arrival import Arrived
from maestro.model.decision import ActionKind, ReviewerAction

_log = structlog.get_logger("gateway.arriving")


async def act(services: ArrivalServices, arrived: Arrived) -> str:
    """Take the action on what is conducted of exactly that head, and say what it came to. Refusals are logged."""
    workflow_ids = await _meant(services, arrived)
    return "; ".join([await _act(services, arrived, one) for one in workflow_ids]) or "refused: no such head is known"


async def _meant(services: ArrivalServices, arrived: Arrived) -> list[str]:
    if arrived.pr:
        head_sha = arrived.head_sha or await _reviewed(services, arrived)
        return [f"pr/{arrived.repo}/{arrived.pr}/{head_sha}"] if head_sha else []
    found = await conducts.of_head(services.connection, arrived.repo, arrived.head_sha)
    return [each.workflow_id for each in found]


async def _reviewed(services: ArrivalServices, arrived: Arrived) -> str:
    """The commit that was reviewed, where only the forge can say it."""
    forge = services.forge(arrived.forge)
    if not isinstance(forge, ReviewedForge):
        return ""
    verdict = Verdict.APPROVED if arrived.action is ActionKind.APPROVE else Verdict.CHANGES_REQUESTED
    return await forge.reviews.sha_of(arrived.repo, arrived.pr, reviewer=arrived.login, verdict=verdict)


async def _act(services: ArrivalServices, arrived: Arrived, workflow_id: str) -> str:
    kind = arrived.action
    if kind is None:
        raise BadInput("an action of no kind arrived", field="action", fix="let the forge deliver it again")
    known = await conducts.asked(services.connection, workflow_id)
    if known is None:
        return _refused(arrived, workflow_id, "this head is not conducted")
    config = services.config(arrived.forge)
    author_kind = kind_of(config, arrived.login, arrived.login_kind)
    who = principal_of(config, arrived.login, author_kind, rules=services.topology.gateway.roles)
    permission, tenant = NEEDED[kind], known.pull_request.tenant
    if not who.may(permission, tenant):
        return _refused(arrived, workflow_id, f"{who.name!r} has no role with the permission {permission.value}")
    action = ReviewerAction(
        action_id=arrived.digest,
        actor=who.name,
        actor_kind=author_kind,
        reason=arrived.reason,
        via=via(arrived),
        role=str(who.role_for(tenant) or ""),
    )
    try:
        result = await take(services.connection, workflow_id, kind, action)
    except PolicyDenied as refused:
        return _refused(arrived, workflow_id, refused.message)
    return f"{kind.value.replace('_', ' ')}: {result.changed}"


def _refused(arrived: Arrived, workflow_id: str, why: str) -> str:
    _log.warning(
        "refused",
        forge=arrived.forge,
        login=arrived.login,
        action=arrived.action and arrived.action.value,
        workflow_id=workflow_id,
        delivery=arrived.delivery,
        reason=why,
    )
    return f"refused: {why}"
