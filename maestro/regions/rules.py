"""Asks policy whether the namespace may move: residency of tenants, clusters and pairs that are ruled out, hours."""

from collections.abc import Iterable, Sequence

from pydantic import JsonValue

from maestro.errors import PolicyDenied
from maestro.model.base import Config, Model
from maestro.policy.engine import PolicyEngine
from maestro.regions.failover import FailoverKind, Ruling

ENTRYPOINT = "data.maestro.failover.answer"


class FailoverDenial(Config):
    """A rule that refuses, with the sentence for people."""

    rule: str
    message: str


class FailoverAnswer(Config):
    """What the policy answers: a clean yes is ``allowed`` without a denial."""

    allowed: bool
    denials: tuple[FailoverDenial, ...]


class FailoverQuestion(Model):
    """A move from one cluster to another. ``tenants`` are those with open work; ``hour`` is that of the day in UTC."""

    from_cluster: str
    to_cluster: str
    kind: FailoverKind
    tenants: tuple[str, ...] = ()
    hour: int


def rule_on_failover(question: FailoverQuestion, *, policy: PolicyEngine) -> Ruling:
    """The ruling on one move; a policy without a usable answer refuses it."""
    document: dict[str, JsonValue] = {
        "from": question.from_cluster,
        "to": question.to_cluster,
        "kind": question.kind.value,
        "tenants": [*sorted(set(question.tenants))],
        "hour": question.hour,
    }
    try:
        answer = policy.evaluate(ENTRYPOINT, document).read(FailoverAnswer)
    except PolicyDenied as error:
        answer = FailoverAnswer(allowed=False, denials=(FailoverDenial(rule="", message=error.message),))
    return Ruling(
        to_cluster=question.to_cluster,
        kind=question.kind,
        allowed=answer.allowed and not answer.denials,
        reasons=tuple(denial.message for denial in answer.denials),
    )


def rulings(
    active: str, targets: Iterable[str], *, tenants: Sequence[str], hour: int, policy: PolicyEngine
) -> tuple[Ruling, ...]:
    """The rulings on every move away from ``active``, by cluster and kind, for a ``Situation``."""
    return tuple(
        rule_on_failover(
            FailoverQuestion(from_cluster=active, to_cluster=to, kind=kind, tenants=tuple(tenants), hour=hour),
            policy=policy,
        )
        for to in sorted(set(targets) - {active})
        for kind in FailoverKind
    )
