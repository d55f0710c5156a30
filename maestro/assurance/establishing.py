"""Establishes the facts of a round from everything that was gathered, and stores what shows each of them.

What somebody claims (attestations, a forge's checks, advisories) is judged here, on the files as they were stored when
the pull request was started; what cannot be judged leaves its facts unknown.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from maestro.artifacts import ArtifactStore
from maestro.assurance.admission import admission
from maestro.assurance.checks import checks_facts
from maestro.assurance.facts import AttestFacts, ChecksFacts, Facts, GitFacts, QueryKind, SbomFacts
from maestro.assurance.gathering import facts_of
from maestro.assurance.gitfacts import git_facts
from maestro.assurance.reviewing import reviews_facts
from maestro.attestations.incoming import judge_attestations
from maestro.attestations.names import CYCLONEDX_MEDIA_TYPE
from maestro.errors import IntegrityError
from maestro.model.artifact import ArtifactRef
from maestro.model.evidence import Evidence
from maestro.model.pull_request import PullRequest
from maestro.model.region import Placement
from maestro.model.tests import TestPlan, TestReport
from maestro.policy.checks import required_checks
from maestro.policy.engine import PolicyEngine
from maestro.sbom import assess, bill_of_materials, open_snapshot
from maestro.signing.roots import TrustRoots

BILL_NAME = "sbom.cdx.json"


@dataclass(frozen=True)
class Round:
    """What was done for a pull request: where it ran, what was planned, and what came of it."""

    pull_request: PullRequest
    placement: Placement
    plan: TestPlan
    report: TestReport


@dataclass(frozen=True)
class Established:
    """The facts, and the stored artifacts that show those of each kind."""

    facts: Facts
    stored: Mapping[QueryKind, tuple[ArtifactRef, ...]]

    def evidence(self, at: datetime) -> Iterator[Evidence]:
        """The artifacts with what they are for; what they show was so ``at`` that moment."""
        for kind, refs in self.stored.items():
            for ref in refs:
                yield Evidence(ref=ref, kind=kind.value, summary=f"what was asked of {kind}", at=at)


@dataclass(frozen=True)
class Establisher:
    """The adapters that facts are established with. ``keys`` has the trust roots, ``advisories`` the snapshot."""

    store: ArtifactStore
    policy: PolicyEngine
    keys: Path
    advisories: Path

    def establish(self, done: Round, *, mirror: Path, at: datetime) -> Established:
        """Every fact that can be established of a round whose head is in the mirror.

        Raises BadInput for a forge's checks that are about another commit, PolicyDenied for a policy that does not say
        which are required, IntegrityError for stored files that were changed since.
        """
        pull_request, store = done.pull_request, self.store
        git = git_facts(mirror, pull_request)
        checks = self._checks(pull_request)
        attest = self._attested(pull_request, git, at=at)
        sbom, bill = self._materials(mirror, pull_request, at=at)
        reviews = reviews_facts((), pull_request)
        known = facts_of(
            plan=done.plan,
            report=done.report,
            placement=done.placement,
            git=git,
            checks=checks,
            attest=attest,
            sbom=sbom,
            reviews=reviews,
        )
        opa = admission(known, pull_request, policy=self.policy)
        report = store.put_model(done.report, name="report.json")
        came = (pull_request.checks,) if pull_request.checks else ()
        stored = {
            QueryKind.TESTS: (report, done.plan.body, *done.report.results),
            QueryKind.POLICY: (store.put_model(done.placement, name="placement.json"),),
            QueryKind.GIT: (store.put_model(git, name="git.json"),),
            QueryKind.GITHUB_CHECKS: (store.put_model(checks, name="checks.json"), *came),
            QueryKind.ATTEST: (store.put_model(attest, name="attestations.json"), *pull_request.attestations),
            QueryKind.SBOM: (bill,),
            QueryKind.RISK: (store.put_model(done.plan, name="plan-summary.json"), done.plan.body),
            QueryKind.OPA: (store.put_model(opa, name="admission.json"),),
            QueryKind.REVIEWS: (store.put_model(reviews, name="reviews.json"),),
        }
        return Established(known.model_copy(update={"opa": opa}), stored)

    def _checks(self, pull_request: PullRequest) -> ChecksFacts:
        if pull_request.checks is None:
            return ChecksFacts(reported=False)
        required = required_checks(pull_request, policy=self.policy)
        return checks_facts(self.store.get(pull_request.checks), required=required, head_sha=pull_request.head_sha)

    def _attested(self, pull_request: PullRequest, git: GitFacts, *, at: datetime) -> AttestFacts:
        provided = [(ref.name, self.store.get(ref)) for ref in pull_request.attestations]
        trust = TrustRoots.of_folder(self.keys)
        judged = judge_attestations(
            provided, pull_request=pull_request, tested_tree=git.tree or "", trust=trust, now=at
        )
        return judged.facts

    def _materials(self, mirror: Path, pull_request: PullRequest, *, at: datetime) -> tuple[SbomFacts, ArtifactRef]:
        bill = bill_of_materials(mirror, pull_request)
        try:
            snapshot, damaged = open_snapshot(self.advisories), False
        except IntegrityError:
            # The advisories of this installation are no fault of the pull request: their facts stay unknown.
            snapshot, damaged = None, True
        assessed = assess(bill, snapshot, now=at)
        facts = assessed.facts.model_copy(update={"snapshot_installed": damaged or snapshot is not None})
        return facts, self.store.put(assessed.document, media_type=CYCLONEDX_MEDIA_TYPE, name=BILL_NAME)
