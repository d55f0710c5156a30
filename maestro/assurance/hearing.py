"""Lets the controls hear what came after the evidence was gathered: what people said, and what was merged."""

from datetime import datetime

from maestro.artifacts import ArtifactStore
from maestro.assurance.catalogue import Catalogue
from maestro.assurance.facts import Facts, GitFacts, QueryKind
from maestro.assurance.reassess import reassess
from maestro.assurance.reviewing import reviews_facts
from maestro.model.artifact import ArtifactRef
from maestro.model.decision import Publication, Review
from maestro.model.evidence import Evidence, EvidenceSet
from maestro.model.pull_request import PullRequest

_HEARD = {QueryKind.REVIEWS: "what people said of the head", QueryKind.GIT: "what landed on the base"}


def hear(
    evidence: EvidenceSet,
    *,
    pull_request: PullRequest,
    reviews: tuple[Review, ...],
    merged: Publication | None,
    catalogue: Catalogue,
    store: ArtifactStore,
    at: datetime,
) -> EvidenceSet:
    """The evidence with what was heard ``at`` that moment, and every control answered again.

    Evidence that was gathered before facts were stored stays as it is. Raises IntegrityError where stored facts are
    gone or were changed.
    """
    if evidence.facts is None:
        return evidence
    facts = store.read_model(evidence.facts, Facts)
    said = reviews_facts(reviews, pull_request)
    git = _landed(facts.git, merged)
    heard: dict[QueryKind, tuple[ArtifactRef, ...]] = {QueryKind.REVIEWS: (store.put_model(said, name="reviews.json"),)}
    if git is not None and merged is not None:
        heard[QueryKind.GIT] = (store.put_model(git, name="git-landed.json"),)
    findings = reassess(catalogue, facts, evidence, now=at, reviews=said, git=git, stored=heard)
    update = {"reviews": said} if git is None else {"reviews": said, "git": git}
    added = (
        Evidence(ref=ref, kind=kind.value, summary=_HEARD[kind], at=at) for kind, refs in heard.items() for ref in refs
    )
    return evidence.model_copy(
        update={
            "findings": findings,
            "evidence": tuple(dict.fromkeys((*evidence.evidence, *added))),
            "facts": store.put_model(facts.model_copy(update=update), name="facts.json"),
            "catalogue_digest": catalogue.digest,
        }
    )


def _landed(git: GitFacts | None, merged: Publication | None) -> GitFacts | None:
    if git is None or merged is None or not merged.tree:
        return git
    return git.model_copy(
        update={
            "landed": True,
            "landed_commit": merged.commit,
            "landed_tree": merged.tree,
            "landed_as_tested": merged.tree == git.tree,
        }
    )
