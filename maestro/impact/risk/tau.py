"""τ of one pull request: the tenant's base times a factor for each thing that makes an escape likelier or dearer.

Pure. Riskier facts never raise τ, it never leaves the tenant's bounds, and base times the factors of all terms is τ.
The directions are those of studies of just-in-time defect prediction (Kamei et al. 2013); the sizes are judgement.
"""

import math

from pydantic import Field

from maestro.impact.names import listed
from maestro.model.base import Model
from maestro.model.tests import TauTerm
from maestro.words import count


class TauLimits(Model):
    """A tenant's ``base`` with the bounds that no pull request leaves: ``floor <= base <= ceiling``.

    ``reason`` says who decided so.
    """

    base: float = Field(gt=0, lt=1)
    floor: float = Field(gt=0, lt=1)
    ceiling: float = Field(gt=0, lt=1)
    reason: str


class ChangeFacts(Model):
    """What is known of a pull request that bears on its risk, all of it read from the base or said by policy.

    ``lines`` are added and deleted ones. ``earlier_commits`` (all that touched one of the changed files) and
    ``reverts`` among them are of the last ``HISTORY_DAYS``; ``red_builds`` are past red builds that changed one of the
    files. ``owners`` is the number of distinct groups of owners, None in a repository without a file of owners;
    ``unowned`` are changed files that it gives to nobody. ``critical`` and ``agent`` (empty: a human) are sentences.
    ``familiar_share`` is the author's, in [0, 1]: the mean over the changed files of 1 where the author changed the
    file before, and half where only something else in its folder.
    """

    lines: int = Field(ge=0)
    files: int = Field(ge=0)
    earlier_commits: int = Field(default=0, ge=0)
    reverts: int = Field(default=0, ge=0)
    red_builds: int = Field(default=0, ge=0)
    owners: int | None = Field(default=None, ge=0)
    unowned: tuple[str, ...] = ()
    critical: tuple[str, ...] = ()
    familiar_share: float = Field(default=0.0, ge=0, le=1)
    agent: str = ""


HISTORY_DAYS = 180
"""How far back churn, reverts and familiarity look: a file is judged by what it is now."""

TYPICAL_LINES = 100
TYPICAL_FILES = 5
TYPICAL_COMMITS = 10
"""Where size and churn neither raise nor lower τ. With a base of 0.05, the median τ of the last 150 pull requests lies
between 0.037 and 0.059 in each of five projects (``benchmarks/tau.py``: click, httpx, isort, loguru, rich)."""

NO_LIMIT_SLACK = 1e-12
"""Rounding of a product of eight factors; less is no bound at work."""


def adaptive_tau(facts: ChangeFacts, limits: TauLimits) -> tuple[float, tuple[TauTerm, ...]]:
    """τ and its terms, always the same ones in the same order; the last says what a bound cut off."""
    terms = (
        TauTerm(name="tenant", factor=1.0, reason=f"τ starts at {limits.base:g}: {limits.reason}"),
        _size(facts),
        _churn(facts),
        _failures(facts),
        _ownership(facts),
        _criticality(facts),
        _familiarity(facts),
        _author(facts),
    )
    wanted = limits.base * math.prod(term.factor for term in terms)
    tau = min(max(wanted, limits.floor), limits.ceiling)
    return tau, (*terms, _bound(wanted, tau, limits))


def _size(facts: ChangeFacts) -> TauTerm:
    # The worse of the two and not both: a change of many lines usually has many files, and counts once.
    factor = min(
        _falling(facts.lines, TYPICAL_LINES, low=0.5, high=1.25),
        _falling(facts.files, TYPICAL_FILES, low=0.5, high=1.25),
    )
    return _term("size", factor, f"{count(facts.lines, 'changed line')} in {count(facts.files, 'file')}")


def _churn(facts: ChangeFacts) -> TauTerm:
    # A quiet file is no safer for it (it may be new): churn lowers τ and never raises it.
    factor = _falling(facts.earlier_commits, TYPICAL_COMMITS, low=0.6, high=1.0)
    how = count(facts.earlier_commits, "commit")
    return _term("churn", factor, f"{how} changed these files in the {HISTORY_DAYS} days before")


def _failures(facts: ChangeFacts) -> TauTerm:
    factor = max(0.85 ** (facts.red_builds + facts.reverts), 0.4)
    if not facts.red_builds + facts.reverts:
        return _term("failures", factor, "no red build and no revert of these files is known")
    known = f"{count(facts.red_builds, 'red build')} and {count(facts.reverts, 'revert')}"
    return _term("failures", factor, f"{known} of these files are known")


def _ownership(facts: ChangeFacts) -> TauTerm:
    if facts.owners is None:
        return _term("ownership", 1.0, "the base has no file of owners, so ownership says nothing")
    factor = max(0.9 ** max(facts.owners - 1, 0), 0.7) * (0.85 if facts.unowned else 1.0)
    reason = f"the files have {count(facts.owners, 'group')} of owners"
    if facts.unowned:
        reason += f"; nobody owns {listed(facts.unowned)}"
    return _term("ownership", factor, reason)


def _criticality(facts: ChangeFacts) -> TauTerm:
    if not facts.critical:
        return _term("criticality", 1.0, "nothing that policy calls critical")
    return _term("criticality", 0.5, " and ".join(facts.critical[:3]))


def _familiarity(facts: ChangeFacts) -> TauTerm:
    share = f"{facts.familiar_share:.0%}".replace("%", " %")
    reason = f"the author knows {share} of the changed files from the {HISTORY_DAYS} days before"
    return _term("familiarity", 0.75 + 0.4 * facts.familiar_share, reason)


def _author(facts: ChangeFacts) -> TauTerm:
    if facts.agent:
        return _term("author", 0.6, f"an agent's: {facts.agent}")
    return _term("author", 1.0, "a human's, as far as is known")


def _bound(wanted: float, tau: float, limits: TauLimits) -> TauTerm:
    factor = tau / wanted
    if abs(factor - 1) < NO_LIMIT_SLACK:
        return _term("bounds", factor, f"within the tenant's bounds of {limits.floor:g} and {limits.ceiling:g}")
    which = f"never below {limits.floor:g}" if factor > 1 else f"never above {limits.ceiling:g}"
    return _term("bounds", factor, f"the terms alone would give {wanted:.2g}, and the tenant's τ is {which}")


def _term(name: str, factor: float, reason: str) -> TauTerm:
    return TauTerm(name=name, factor=factor, reason=reason)


def _falling(amount: int, typical: int, *, low: float, high: float) -> float:
    """1 at the typical amount, falling by a sixth with each doubling, within ``low`` and ``high``."""
    return min(max(math.pow(typical / max(amount, 1), 0.25), low), high)
