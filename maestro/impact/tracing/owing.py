"""Turns the findings of a trace into escapes: which pull request owes each, and whether it was decided green."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from maestro.impact.changes import changed_files
from maestro.impact.tracing.lineage import owner_of, parent_of
from maestro.model.pull_request import PullRequest
from maestro.model.tracing import Escape, Finding


@dataclass(frozen=True)
class Debt:
    """What the ledger knows of a pull request that may owe an escape."""

    left_out: Collection[str]
    decided_green: bool


def bearer_of(
    mirror: Path, first_bad: str, *, settles: PullRequest | None, heads: Sequence[PullRequest]
) -> PullRequest | None:
    """The pull request that broke a test: the one whose head was tested, else the one that brought the revision."""
    return settles if settles is not None else owner_of(mirror, first_bad, heads)


def escape_of(finding: Finding, tested: PullRequest, *, bearer: PullRequest | None, debt: Debt, mirror: Path) -> Escape:
    """The escape that a finding of that kind tells of. ``tested`` is the run in which the test failed."""
    if finding.base is None:
        raise AssertionError("only a finding with a base is an escape")
    return Escape(
        test=finding.test,
        repo=tested.repo,
        tenant=tested.tenant,
        pr=bearer.pr if bearer else "",
        head_sha=bearer.head_sha if bearer else finding.first_bad,
        first_bad_head=finding.first_bad,
        base_verdict=finding.base,
        evidence=(*finding.evidence, *_said(finding.test, bearer, debt)),
        changed_files=_files(mirror, finding.first_bad, bearer),
        left_out=finding.test in debt.left_out,
        false_green=debt.decided_green,
    )


def _said(test: str, bearer: PullRequest | None, debt: Debt) -> tuple[str, ...]:
    if bearer is None:
        return ("no pull request that was conducted here brought that commit",)
    name = f"pull request {bearer.pr}"
    left_out = (
        "left it out" if test in debt.left_out else "did not leave it out, so it broke with what it was merged into"
    )
    return (f"{name} {left_out}", f"{name} was {'' if debt.decided_green else 'not '}decided green")


def _files(mirror: Path, first_bad: str, bearer: PullRequest | None) -> tuple[str, ...]:
    """Every path that was changed, and every one that was taken away."""
    if bearer is not None:
        changes = changed_files(mirror, bearer.merge_base_sha, bearer.head_sha)
    else:
        parent = parent_of(mirror, first_bad)
        changes = changed_files(mirror, parent, first_bad) if parent else ()
    return tuple(sorted({path for change in changes for path in (change.path, change.gone) if path}))
