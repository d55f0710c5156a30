"""A pull request about which everything is known and good, and what a test changes of it."""

from maestro.assurance.facts import (
    AttestFacts,
    ChecksFacts,
    Facts,
    GitFacts,
    OpaFacts,
    PolicyFacts,
    QueryKind,
    ReviewsFacts,
    RiskFacts,
    SbomFacts,
    TestsFacts,
)
from maestro.model.artifact import ArtifactRef

SOUND = Facts(
    tests=TestsFacts(applicable=True, executed=5, failed=0, missing=0, problems=0, isolated=True),
    policy=PolicyFacts(placed=True, region_allowed=True, ran_where_allowed=True, digest_known=True),
    git=GitFacts(
        linear=True,
        head_contains_base=True,
        commits_without_signoff=0,
        executables_added=(),
        private_keys_added=(),
        rule_files_changed=(),
        license_present=True,
        signers_known=True,
        commits_unverified=0,
        security_policy_present=True,
        contributing_present=True,
        code_owners_present=True,
        governance_present=False,
        manifests=("pyproject.toml",),
        lock_files=("uv.lock",),
        source_files_changed=("a.py",),
        test_files_changed=("test_a.py",),
        binaries_added=(),
        workflows=(".github/workflows/ci.yml",),
        workflows_without_permissions=(),
        workflows_with_wide_permissions=(),
        workflows_with_outside_text=(),
        landed=True,
        landed_as_tested=True,
    ),
    github_checks=ChecksFacts(reported=True, required="pass", total=2, passed=2),
    opa=OpaFacts(denies=0, messages=()),
    attest=AttestFacts(provided=1, verified=1, refused=(), provenance="verified"),
    sbom=SbomFacts(lock_files=("uv.lock",), unread_lock_files=(), criticals=0, highs=0, snapshot_installed=True),
    risk=RiskFacts(tau=0.05, residual=0.01, within_tau=True, certified=True),
    reviews=ReviewsFacts(approvals=1, approvers=("bob",), rejections=0, void_approvals=0, author_kind="human"),
)

PLAIN = SOUND.model_copy(
    update={
        "git": SOUND.git.model_copy(
            update={"signers_known": False, "commits_unverified": None, "landed": False, "landed_as_tested": None}
        )
        if SOUND.git
        else None,
        "github_checks": ChecksFacts(reported=False),
        "attest": AttestFacts(provided=0, verified=0, refused=(), provenance="missing", sbom_statement="missing"),
        "sbom": SbomFacts(lock_files=(), unread_lock_files=(), components=0, snapshot_installed=False),
        "reviews": ReviewsFacts(approvals=0, approvers=(), rejections=0, void_approvals=0, author_kind="human"),
    }
)
"""The same on plain git: no forge, no attestation, no advisories, no signers, nobody asked, and not yet merged."""


def changed(kind: QueryKind, *, of: Facts = SOUND, **values: object) -> Facts:
    """The facts with some of one kind changed."""
    return of.model_copy(update={kind.value: getattr(of, kind.value).model_copy(update=values)})


def stored(name: str) -> tuple[ArtifactRef, ...]:
    digits = name.encode().hex().ljust(64, "0")[:64]
    return (ArtifactRef(digest=f"sha256:{digits}", media_type="application/json", bytes=2, name=name),)


EVIDENCE = {kind: stored(kind.value) for kind in QueryKind}
