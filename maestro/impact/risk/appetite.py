"""The risk that one pull request may take: what policy allows, what the base says of it, and τ from both."""

from collections.abc import Sequence
from pathlib import Path

from maestro.impact.changes import Change
from maestro.impact.names import shown
from maestro.impact.risk.facts import change_facts
from maestro.impact.risk.tau import ChangeFacts, TauLimits, adaptive_tau
from maestro.model.base import Model
from maestro.model.pull_request import PullRequest
from maestro.model.tests import SelectionRule, TauTerm
from maestro.policy.engine import PolicyEngine
from maestro.policy.selection import SelectionRuling, rule_on_selection


class RiskAppetite(Model):
    """What a selection has to keep. ``replay`` says why the tests that it leaves out run after the decision, empty
    where they wait for the night.
    """

    mode: SelectionRule
    tau: float
    terms: tuple[TauTerm, ...]
    replay: str = ""


def appetite_for(
    pull_request: PullRequest,
    changes: Sequence[Change],
    *,
    mirror: Path,
    policy: PolicyEngine,
    red_builds: int = 0,
) -> RiskAppetite:
    """The appetite for a pull request that makes ``changes``; ``red_builds`` are past ones that changed a file of it.

    A policy without a usable answer gives the strictest: nothing is left out. Raises ``PlatformUnavailable`` when the
    mirror cannot answer.
    """
    ruling = rule_on_selection(pull_request, _names(changes), policy=policy)
    facts = change_facts(
        mirror, pull_request, changes, agent=ruling.agent, critical=ruling.critical, red_builds=red_builds
    )
    return appetite_of(facts, ruling)


def appetite_of(facts: ChangeFacts, ruling: SelectionRuling) -> RiskAppetite:
    """τ of the facts within the ruling, and whether it is so low that the left-out tests run all the same."""
    limits = TauLimits(base=ruling.base_tau, floor=ruling.floor, ceiling=ruling.ceiling, reason=ruling.reason)
    tau, terms = adaptive_tau(facts, limits)
    reasons = list(ruling.replay)
    # One τ for all is everybody's floor, and says nothing about this pull request.
    if tau <= ruling.floor < ruling.ceiling:
        reasons.append(f"its τ is at the tenant's floor of {ruling.floor:g}")
    return RiskAppetite(mode=ruling.mode, tau=tau, terms=terms, replay=" and ".join(reasons))


def _names(changes: Sequence[Change]) -> tuple[str, ...]:
    """Both names of what was moved: out of a critical folder is as critical as into it."""
    names = {name for change in changes for name in (change.path, change.old_path) if name}
    return tuple(shown(name) for name in sorted(names))
