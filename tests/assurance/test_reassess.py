"""The controls asked again, when people have spoken or something was merged."""

from datetime import UTC, datetime, timedelta

import pytest

from maestro.assurance import Facts, QueryKind, evaluate, load, reassess
from maestro.assurance.facts import ReviewsFacts
from maestro.model.evidence import ControlFinding, Evidence, EvidenceSet, FindingState
from maestro.resources import resource_dir
from tests.assurance.sound import EVIDENCE, PLAIN, SOUND, changed, stored

CATALOGUE = load(resource_dir("controls"))
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
GATHERED = EvidenceSet(
    evidence=tuple(Evidence(ref=refs[0], summary="", kind=kind.value) for kind, refs in EVIDENCE.items()),
    gathered_at=NOW,
)
APPROVED = ReviewsFacts(approvals=1, approvers=("bob",), rejections=0, void_approvals=0, author_kind="human")


def state(findings: tuple[ControlFinding, ...], control: str) -> FindingState:
    return next(finding.state for finding in findings if finding.control == control)


def again(facts: Facts = SOUND, evidence: EvidenceSet = GATHERED, *, later: float = 0.0) -> tuple[ControlFinding, ...]:
    return reassess(CATALOGUE, facts, evidence, now=NOW + timedelta(hours=later))


def test_when_nothing_was_added_every_answer_is_the_same() -> None:
    assert again() == evaluate(CATALOGUE, SOUND, EVIDENCE)
    assert again(PLAIN) == evaluate(CATALOGUE, PLAIN, EVIDENCE)


def test_an_approval_is_heard_with_its_artifact() -> None:
    before = again(PLAIN)
    said = stored("said")
    findings = reassess(CATALOGUE, PLAIN, GATHERED, now=NOW, reviews=APPROVED, stored={QueryKind.REVIEWS: said})
    assert (state(before, "MC-CM-05"), state(findings, "MC-CM-05")) == (FindingState.FAIL, FindingState.PASS)
    assert said[0] in next(finding.evidence for finding in findings if finding.control == "MC-CM-05")


@pytest.mark.parametrize(("as_tested", "wanted"), [(True, FindingState.PASS), (False, FindingState.FAIL)])
def test_a_merge_is_asked_about_when_there_is_one(as_tested: bool, wanted: FindingState) -> None:
    assert state(again(PLAIN), "MC-CM-02") is FindingState.NOT_APPLICABLE
    landed = changed(QueryKind.GIT, of=PLAIN, landed=True, landed_as_tested=as_tested).git
    findings = reassess(CATALOGUE, PLAIN, GATHERED, now=NOW, git=landed)
    assert state(findings, "MC-CM-02") is wanted


def test_what_was_gathered_grows_old_and_what_was_added_does_not() -> None:
    findings = again(later=25)
    assert state(findings, "MC-QA-01") is FindingState.NOT_EVALUATED
    assert state(findings, "MC-BR-02") is FindingState.PASS


def test_an_artifact_with_a_date_of_its_own_is_as_old_as_it_says() -> None:
    old = GATHERED.evidence[0].model_copy(update={"ref": stored("old")[0], "at": NOW - timedelta(hours=30)})
    findings = again(evidence=GATHERED.model_copy(update={"evidence": (*GATHERED.evidence, old)}))
    reason = next(finding.reason for finding in findings if finding.control == "MC-QA-01")
    assert reason == "The evidence of kind tests is 30 h old and counts for 24 h."


def test_evidence_from_the_future_counts_for_nothing_however_old_the_rest_is() -> None:
    future = GATHERED.evidence[0].model_copy(update={"at": NOW + timedelta(hours=1)})
    findings = again(evidence=GATHERED.model_copy(update={"evidence": (*GATHERED.evidence, future)}), later=0.0)
    reason = next(finding.reason for finding in findings if finding.control == "MC-QA-01")
    assert "dated 60 min in the future" in reason


def test_evidence_of_an_unknown_time_or_of_no_kind_counts_for_nothing() -> None:
    undated = again(evidence=GATHERED.model_copy(update={"gathered_at": None}))
    assert {finding.state for finding in undated} == {FindingState.NOT_EVALUATED}
    of_no_kind = tuple(item.model_copy(update={"kind": ""}) for item in GATHERED.evidence)
    nameless = again(evidence=GATHERED.model_copy(update={"evidence": of_no_kind}))
    assert {finding.state for finding in nameless} == {FindingState.NOT_EVALUATED}
