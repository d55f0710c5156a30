"""What is decided, whose word counts, and what the next step costs."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.decision import DecisionFacts, decide, document
from maestro.model.artifact import ArtifactRef
from maestro.model.decision import Decision, DecisionState, Incident, IncidentAnswer, Review
from maestro.model.evidence import ControlFinding, FindingState
from maestro.model.pull_request import AuthorKind
from maestro.model.region import Placement
from maestro.model.tests import Problem, SelectionMode, TestOutcome, TestPlan, TestReport, Verdict
from maestro.policy.engine import RegorusEngine
from maestro.resources import resource_dir
from tests.placement.situations import NOW, pull_request, region
from tests.policy.inputs import decision_inputs

POLICY = RegorusEngine(resource_dir("policies"))
GREEN, NEEDS_PERSON, BLOCKED = DecisionState.GREEN, DecisionState.NEEDS_PERSON, DecisionState.BLOCKED

PLAN = TestPlan(
    applicable=True,
    reason="3 of 30 tests are affected",
    mode=SelectionMode.STANDARD,
    selected_count=3,
    left_out_count=27,
    selected_seconds=360.0,
    left_out_seconds=3_240.0,
    body=ArtifactRef(digest="sha256:" + "0" * 64, media_type="application/json", bytes=1),
)
REPORT = TestReport(counts={Verdict.PASS: 3}, test_seconds=360.0)
RED = TestReport(
    counts={Verdict.PASS: 2, Verdict.FAIL: 1},
    failed=(
        TestOutcome(test="t::a", verdict=Verdict.FAIL, duration_seconds=36.0, message="assert 1 == 2.\nat line 3"),
    ),
    failed_count=1,
)
FACTS = DecisionFacts(
    pull_request=pull_request(),
    plan=PLAN,
    report=REPORT,
    findings=(ControlFinding(control="MC-1", title="Tests pass", tier=1, state=FindingState.PASS, reason="they do"),),
    placement=Placement(region="eu-north", reason="cheapest", residency="by the rule anywhere", decided_at=NOW),
    region=region("eu-north", price="0.10"),
    changed_files=2,
)
NARROWED = PLAN.model_copy(update={"mode": SelectionMode.DIRECT})


def decided(**changes: Any) -> Decision:
    return decide(FACTS.model_copy(update=changes), policy=POLICY)


def test_a_pull_request_with_nothing_against_it_is_green_with_its_reasons_and_no_next_step() -> None:
    decision = decided()
    assert decision.state is GREEN
    assert decision.reasons == ("3 tests passed, all that were selected", "controls that hold: 1")
    assert decision.next_step is None
    assert decision.actor == "policy"
    assert decision.policy_digest == POLICY.digest


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"report": RED}, "1 test failed: t::a", id="a failing test"),
        pytest.param({"report": None}, "the selected tests were not run", id="tests that were not run"),
        pytest.param({"plan": None}, "the tests were not selected", id="no selection"),
        pytest.param(
            {"report": TestReport(counts={Verdict.PASS: 2})}, "1 test gave no verdict", id="a report of a smaller plan"
        ),
        pytest.param(
            {"report": REPORT.model_copy(update={"problems": (Problem(kind="missing", message="no pytest"),)})},
            "the tests could not all run: no pytest",
            id="a runner problem",
        ),
        pytest.param({"expired": True}, "before a person decided", id="a deadline that passed"),
        pytest.param(
            {"reviews": (Review(kind="reject", actor="bob", reason="no"),)}, "bob rejected it: no", id="a rejection"
        ),
    ],
)
def test_what_is_wrong_or_missing_blocks(changes: dict[str, Any], reason: str) -> None:
    decision = decided(**changes)
    assert decision.state is BLOCKED
    assert any(reason in sentence for sentence in decision.reasons)
    assert decision.next_step is not None


def test_an_agents_pull_request_waits_for_a_person_and_another_persons_approval_is_enough() -> None:
    by_agent = {"pull_request": pull_request().model_copy(update={"author_kind": AuthorKind.AGENT})}
    assert decided(**by_agent).state is NEEDS_PERSON
    approved = decided(**by_agent, reviews=(Review(kind="approve", actor="bob"),))
    assert approved.state is GREEN
    assert approved.actor == "bob"


def test_a_test_that_passed_only_when_run_again_is_noted() -> None:
    flaky = decided(report=REPORT.model_copy(update={"flaky": ("t::a",)}))
    assert flaky.state is GREEN
    assert "noted: failed first and passed when run again: t::a" in flaky.reasons


def test_the_person_who_rejected_is_the_one_who_decided() -> None:
    assert decided(reviews=(Review(kind="reject", actor="bob"),)).actor == "bob"


def test_running_a_failing_test_again_costs_its_measured_time_and_says_what_it_saves() -> None:
    step = decided(report=RED).next_step
    assert step is not None
    # 36 s at $0.10/h, and the pull request waits for 36 s at $30/h.
    assert (step.action, step.cost_seconds) == ("retry", 36.0)
    assert step.cost_usd == Decimal("0.001") + Decimal("0.3")
    assert "less than the next safe step (fix test)" in step.value
    assert step.residency == "Its tests run in eu-north, by the rule anywhere."


def test_a_test_that_failed_again_is_named_with_its_message() -> None:
    step = decided(report=RED, retries=1).next_step
    assert step is not None
    assert (step.action, step.description) == ("fix_test", "Make t::a pass: assert 1 == 2")


def test_widening_a_narrowed_selection_is_priced_against_a_persons_look() -> None:
    dear = decided(plan=NARROWED).next_step
    assert dear is not None
    assert dear.action == "ask_person"
    cheap = decided(plan=NARROWED.model_copy(update={"left_out_seconds": 60.0})).next_step
    assert cheap is not None
    assert (cheap.action, cheap.cost_seconds) == ("escalate_tests", 420.0)


def test_asking_a_person_runs_no_code() -> None:
    step = decided(findings=()).next_step
    assert step is not None
    assert (step.action, step.residency) == ("ask_person", "No code runs for this step.")


def test_a_policy_without_a_usable_answer_blocks_and_says_what_to_mend(tmp_path: Path) -> None:
    (tmp_path / "decision.rego").write_text("package maestro.decision\n\nanswer := true\n")
    decision = decide(FACTS, policy=RegorusEngine(tmp_path))
    assert decision.state is BLOCKED
    assert "counts as a refusal" in decision.reasons[0]
    assert decision.next_step is not None
    assert decision.next_step.action == "fix_policy"


_VALUES: dict[str, list[Any]] = {
    "plan": [PLAN, NARROWED, PLAN.model_copy(update={"applicable": False}), None],
    "report": [REPORT, RED, TestReport(counts={Verdict.SKIP: 3}), TestReport(), None],
    "reviews": [
        (),
        (Review(kind="approve", actor="bob"),),
        (Review(kind="approve", actor="Ada "),),
        (Review(kind="approve", actor="bot", actor_kind=AuthorKind.AGENT),),
        (Review(kind="reject", actor="bob"), Review(kind="approve", actor="eve")),
    ],
    "expired": [False, True],
    "placement": [FACTS.placement, None],
    "region": [FACTS.region, None],
    "retries": [0, 1],
}


@given(st.fixed_dictionaries({name: st.sampled_from(values) for name, values in _VALUES.items()}))
def test_every_combination_has_reasons_and_only_a_green_one_has_no_next_step(changes: dict[str, Any]) -> None:
    decision = decided(**changes)
    assert decision.reasons
    assert (decision.next_step is None) == (decision.state is GREEN)
    if decision.state is GREEN:
        assert changes["plan"] is not None
        assert not changes["expired"]
        assert not changes["plan"].applicable or changes["report"] in (REPORT, _VALUES["report"][2])
    assert decision == decided(**changes)


@given(decision_inputs())
def test_an_approval_never_turns_a_block_into_anything_else(facts: dict[str, Any]) -> None:
    approval = {"kind": "approve", "actor": "zoe", "actor_kind": "human", "reason": ""}
    before = POLICY.evaluate("data.maestro.decision.answer", facts).value
    after = POLICY.evaluate("data.maestro.decision.answer", facts | {"reviews": [*facts["reviews"], approval]}).value
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    if before["state"] == "blocked":
        assert after["state"] == "blocked"
    elif facts["author"] and not facts.get("incidents"):
        assert after["state"] == "green"


INCIDENT = Incident(ordinal=0, actor="eve", reason="it deleted a table", at=NOW)
ANSWER = IncidentAnswer(actor="bob", reason="the table was a copy", at=NOW)


def test_an_open_incident_holds_a_green_one_back_whoever_approved_before() -> None:
    approved = (Review(kind="approve", actor="bob", reason="fine"),)
    for reviews in ((), approved):
        decision = decided(incidents=(INCIDENT,), reviews=reviews)
        assert decision.state is NEEDS_PERSON
        assert decision.reasons[0] == "an incident is open: it deleted a table, reported by eve"
        assert decision.next_step is not None
        assert decision.next_step.description.startswith("Ask somebody other than ada to look into the incident")


def test_the_answer_to_an_incident_is_named_as_what_made_it_green() -> None:
    decision = decided(incidents=(INCIDENT.model_copy(update={"answer": ANSWER}),))
    assert (decision.state, decision.actor) == (GREEN, "bob")
    assert "bob approved it all the same: the table was a copy" in decision.reasons[-1]


@given(decision_inputs())
def test_nothing_is_green_while_an_incident_is_open(facts: dict[str, Any]) -> None:
    opened = {"ordinal": 7, "actor": "zoe", "actor_kind": "human", "reason": "wrong", "answer": None}
    held = facts | {"incidents": [*facts.get("incidents", []), opened]}
    before = POLICY.evaluate("data.maestro.decision.answer", facts).value
    after = POLICY.evaluate("data.maestro.decision.answer", held).value
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    assert after["state"] == ("blocked" if before["state"] == "blocked" else "needs_person")
    assert "an incident is open: wrong, reported by zoe" in str(after["reasons"])


def test_what_is_not_known_is_absent_from_the_policys_input() -> None:
    sparse = document(DecisionFacts(pull_request=pull_request()))
    assert not {"plan", "report", "region", "changed_files"} & set(sparse)
