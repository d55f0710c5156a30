"""What is known about a pull request when the controls are asked: typed facts, by query kind.

A fact that nobody could establish is None, never a guess: a query that needs it is not evaluated. Each description
reads as the label of its value on a card. What of this a condition may name says ``vocabulary``.
"""

import math
from enum import StrEnum
from typing import Final, get_args

from pydantic import Field

from maestro.model.base import Model

FactValue = bool | int | float | str | tuple[str, ...]
FactType = type[bool] | type[int] | type[float] | type[str] | type[tuple[str, ...]]

_TYPES: tuple[FactType, ...] = (bool, int, float, str, tuple)


class QueryKind(StrEnum):
    """Where a query's facts come from. Append only: catalogues name these."""

    TESTS = "tests"
    POLICY = "policy"
    GIT = "git"
    GITHUB_CHECKS = "github_checks"
    OPA = "opa"
    ATTEST = "attest"
    SBOM = "sbom"
    RISK = "risk"
    REVIEWS = "reviews"


class TestsFacts(Model):
    """What the plan and the report say. Without a report, everything that a run would tell is None."""

    __test__ = False

    applicable: bool | None = Field(default=None, description="tests are affected by the pull request")
    mode: str | None = Field(default=None, description="width of the selection")
    selected: int | None = Field(default=None, description="selected tests")
    left_out: int | None = Field(default=None, description="tests left to the night")
    shards: int | None = Field(default=None, description="shards")
    executed: int | None = Field(default=None, description="tests that ran to a verdict")
    passed: int | None = Field(default=None, description="tests that passed")
    skipped: int | None = Field(default=None, description="tests that skipped themselves")
    failed: int | None = Field(default=None, description="tests that failed")
    missing: int | None = Field(default=None, description="selected tests without a verdict")
    problems: int | None = Field(default=None, description="problems of the test runner")
    isolated: bool | None = Field(default=None, description="every shard ran in a sandbox")
    isolation: tuple[str, ...] | None = Field(default=None, description="sandboxes used")
    results_stored: int | None = Field(default=None, description="stored result files")


class PolicyFacts(Model):
    """What the placement policy said of the regions, and where the tests then ran."""

    placed: bool | None = Field(default=None, description="a region was chosen")
    region: str | None = Field(default=None, description="chosen region")
    region_allowed: bool | None = Field(default=None, description="policy allows the chosen region")
    region_healthy: bool | None = Field(default=None, description="the chosen region was healthy")
    placement_denied: tuple[str, ...] | None = Field(default=None, description="regions refused by policy")
    ran_in: tuple[str, ...] | None = Field(default=None, description="regions in which tests ran")
    ran_where_allowed: bool | None = Field(default=None, description="tests ran only where policy allows")
    digest_known: bool | None = Field(default=None, description="the version of the policy is recorded")


class GitFacts(Model):
    """What the mirror says of the commits between the merge base and the head.

    Signatures and sign-offs are counted where they are present. Whether a signature is good takes keys that a bare
    mirror does not have: ``commits_unverified`` is None unless a file of allowed signers is installed. Documents are
    those that are files with something in them. Lists hold the names of files, sorted.
    """

    tree: str | None = Field(default=None, description="tree that was tested")
    commits: int | None = Field(default=None, description="commits")
    merge_commits: int | None = Field(default=None, description="merge commits")
    linear: bool | None = Field(default=None, description="the commits form a line")
    head_contains_base: bool | None = Field(default=None, description="the head contains the whole base")
    commits_without_signature: int | None = Field(default=None, description="commits without a signature")
    commits_without_signoff: int | None = Field(default=None, description="commits without their author's sign-off")
    commits_by_another_committer: int | None = Field(
        default=None, description="commits whose author is not their committer"
    )
    changed_files: int | None = Field(default=None, description="changed files")
    executables_added: tuple[str, ...] | None = Field(default=None, description="generated executables added")
    private_keys_added: tuple[str, ...] | None = Field(default=None, description="files that gain a private key")
    rule_files_changed: tuple[str, ...] | None = Field(
        default=None, description="changed files that define the pipeline"
    )
    license_present: bool | None = Field(default=None, description="a licence file stands at the top")
    signers_known: bool | None = Field(default=None, description="a file of allowed signers is installed")
    commits_unverified: int | None = Field(
        default=None, description="commits without a good signature of an allowed signer"
    )
    readme_present: bool | None = Field(default=None, description="a README stands at the top")
    security_policy_present: bool | None = Field(default=None, description="there is a security policy")
    contributing_present: bool | None = Field(default=None, description="there is a contribution guide")
    code_owners_present: bool | None = Field(default=None, description="there is a file of code owners")
    governance_present: bool | None = Field(default=None, description="there is a list of maintainers or roles")
    changelog_present: bool | None = Field(default=None, description="there is a change log")
    manifests: tuple[str, ...] | None = Field(default=None, description="files that declare dependencies")
    lock_files: tuple[str, ...] | None = Field(default=None, description="lock files")
    source_files_changed: tuple[str, ...] | None = Field(default=None, description="changed source files")
    test_files_changed: tuple[str, ...] | None = Field(default=None, description="changed test files")
    binaries_added: tuple[str, ...] | None = Field(
        default=None, description="binary files added that are no picture, sound, film or font"
    )
    workflows: tuple[str, ...] | None = Field(default=None, description="forge workflows")
    workflows_without_permissions: tuple[str, ...] | None = Field(
        default=None, description="workflows with a job that takes the default permissions"
    )
    workflows_with_wide_permissions: tuple[str, ...] | None = Field(
        default=None, description="workflows that may write everything"
    )
    workflows_with_outside_text: tuple[str, ...] | None = Field(
        default=None, description="workflows that paste text from outside into a script"
    )
    landed: bool | None = Field(default=None, description="the pull request has landed on its base")
    landed_commit: str | None = Field(default=None, description="commit that landed")
    landed_tree: str | None = Field(default=None, description="tree that landed")
    landed_as_tested: bool | None = Field(default=None, description="the tree that landed is the tree that was tested")


class ChecksFacts(Model):
    """What a forge's checks of the head say, whichever forge reports them. ``required`` is ``pass`` when every required
    check passed, ``fail`` when one failed, ``pending`` while one runs, ``missing`` where one was never reported.
    """

    reported: bool | None = Field(default=None, description="a forge reports checks for the head")
    required: str | None = Field(default=None, description="state of the required checks")
    total: int | None = Field(default=None, description="checks reported")
    passed: int | None = Field(default=None, description="checks that passed")
    failed: tuple[str, ...] | None = Field(default=None, description="checks that failed")
    pending: tuple[str, ...] | None = Field(default=None, description="checks that have not ended")
    missing: tuple[str, ...] | None = Field(default=None, description="required checks that nobody reported")


class OpaFacts(Model):
    """What the admission policy (``policies/admission.rego``) says of the pull request."""

    denies: int | None = Field(default=None, description="denials by the admission policy")
    messages: tuple[str, ...] | None = Field(default=None, description="what the admission policy denies")
    digest: str | None = Field(default=None, description="version of the policies")


class AttestFacts(Model):
    """What came with the pull request as attestations, each verified against the trust roots. ``provenance`` and
    ``sbom_statement`` are ``verified``, ``refused`` or ``missing``; a refused one is never also verified.
    """

    provided: int | None = Field(default=None, description="attestations that came with the pull request")
    verified: int | None = Field(default=None, description="attestations whose signature and subject were verified")
    refused: tuple[str, ...] | None = Field(default=None, description="attestations that were refused, and why")
    provenance: str | None = Field(default=None, description="state of the provenance")
    builder: str | None = Field(default=None, description="builder that the verified provenance names")
    sbom_statement: str | None = Field(default=None, description="state of the attested bill of materials")
    predicate_types: tuple[str, ...] | None = Field(default=None, description="types of the verified statements")


class SbomFacts(Model):
    """What the head depends on, and what the advisories of an offline snapshot say of it. Counts of advisories are None
    where there is no snapshot, or where what was found cannot be matched against it. Whoever fills this sets
    ``snapshot_installed`` in either case: True where a snapshot lies there, readable or too old, False where none does.
    """

    lock_files: tuple[str, ...] | None = Field(default=None, description="lock files that were read")
    unread_lock_files: tuple[str, ...] | None = Field(default=None, description="lock files that could not be read")
    components: int | None = Field(default=None, description="dependencies of the head")
    ecosystems: tuple[str, ...] | None = Field(default=None, description="ecosystems of the dependencies")
    unpinned: tuple[str, ...] | None = Field(default=None, description="dependencies without an exact version")
    criticals: int | None = Field(default=None, description="critical advisories that affect a dependency")
    highs: int | None = Field(default=None, description="advisories of high severity that affect a dependency")
    unrated: int | None = Field(default=None, description="advisories without a severity that affect a dependency")
    affected: tuple[str, ...] | None = Field(default=None, description="dependencies with advisories")
    snapshot: str | None = Field(default=None, description="date of the advisories")
    snapshot_installed: bool | None = Field(default=None, description="a snapshot of advisories is installed")


class RiskFacts(Model):
    """What the selection promises of the tests that were left out."""

    tau: float | None = Field(default=None, description="bound on the risk of an escape (τ)")
    residual: float | None = Field(default=None, description="residual risk of an escape")
    within_tau: bool | None = Field(default=None, description="the residual risk is within its bound")
    certified: bool | None = Field(default=None, description="enough red builds certify the bound")
    method: str | None = Field(default=None, description="method of the selection")
    left_out: int | None = Field(default=None, description="tests left to the night")


class ReviewsFacts(Model):
    """What people said of this head. An approval by the author or by an agent is no approval."""

    approvals: int | None = Field(default=None, description="approvals by a person other than the author")
    approvers: tuple[str, ...] | None = Field(default=None, description="who approved")
    rejections: int | None = Field(default=None, description="rejections")
    void_approvals: int | None = Field(default=None, description="approvals by the author or an agent")
    author_kind: str | None = Field(default=None, description="kind of author")


class Facts(Model):
    """Everything that is known, by kind; None where a whole source is missing."""

    tests: TestsFacts | None = None
    policy: PolicyFacts | None = None
    git: GitFacts | None = None
    github_checks: ChecksFacts | None = None
    opa: OpaFacts | None = None
    attest: AttestFacts | None = None
    sbom: SbomFacts | None = None
    risk: RiskFacts | None = None
    reviews: ReviewsFacts | None = None

    def known(self, kind: QueryKind) -> dict[str, FactValue]:
        """The facts of ``kind`` that are established, by dotted name.

        A number that is none, and a text that its fact can never have, establish nothing.
        """
        source: Model | None = getattr(self, kind.value)
        if source is None:
            return {}
        named = ((f"{kind.value}.{field}", getattr(source, field)) for field in type(source).model_fields)
        return {name: value for name, value in named if value is not None and _is_sound(name, value)}


_SOURCES: Final[dict[QueryKind, type[Model]]] = {
    QueryKind.TESTS: TestsFacts,
    QueryKind.POLICY: PolicyFacts,
    QueryKind.GIT: GitFacts,
    QueryKind.GITHUB_CHECKS: ChecksFacts,
    QueryKind.OPA: OpaFacts,
    QueryKind.ATTEST: AttestFacts,
    QueryKind.SBOM: SbomFacts,
    QueryKind.RISK: RiskFacts,
    QueryKind.REVIEWS: ReviewsFacts,
}

_VALUES: Final[dict[str, tuple[str, ...]]] = {
    "tests.mode": ("direct", "standard", "all"),
    "github_checks.required": ("pass", "fail", "pending", "missing"),
    "attest.provenance": ("verified", "refused", "missing"),
    "attest.sbom_statement": ("verified", "refused", "missing"),
    "reviews.author_kind": ("human", "agent"),
}
"""What an enumerated fact can be; every other text is free."""


def declared(kind: QueryKind) -> dict[str, FactType]:
    """The type of every fact of ``kind``, by dotted name."""
    fields = _SOURCES[kind].model_fields
    return {f"{kind.value}.{name}": _type(get_args(field.annotation)) for name, field in fields.items()}


def values(fact: str) -> tuple[str, ...]:
    """What the fact can be; empty where it is not enumerated."""
    return _VALUES.get(fact, ())


def kind_of(fact: str) -> QueryKind:
    """The kind that a fact belongs to, by its dotted name."""
    return QueryKind(fact.partition(".")[0])


def label(fact: str) -> str:
    """What a declared fact is, in words."""
    _, _, name = fact.partition(".")
    return _SOURCES[kind_of(fact)].model_fields[name].description or fact


def _is_sound(fact: str, value: FactValue) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return not isinstance(value, str) or value in (_VALUES.get(fact) or (value,))


def _type(alternatives: tuple[object, ...]) -> FactType:
    return next(known for known in _TYPES if known in alternatives or any(_is_list(a, known) for a in alternatives))


def _is_list(alternative: object, known: FactType) -> bool:
    return known is tuple and getattr(alternative, "__origin__", None) is tuple
