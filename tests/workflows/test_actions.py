"""Every action in every state: what the card offers is what is taken, and whatever else is asked gets a sentence."""

from datetime import UTC, datetime

import pytest

from maestro.model.conduct import ConductState, Gathered
from maestro.model.decision import ActionKind, Decision, DecisionState, Incident, Phase, Review, ReviewerAction
from maestro.model.evidence import EvidenceSet
from maestro.model.pull_request import AuthorKind
from maestro.model.tests import Problem, SelectionMode, TestReport
from tests.workflows.conftest import action
from tests.workflows.fakes import pull_request
from workflows.actions import OFFERS, Refusal, apply, change_of_incidents, offered, refusal, result_of
from workflows.incidents import OPEN_LIMIT, open_incidents

AT = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
RED = Gathered(report=TestReport(failed_count=1), evidence=EvidenceSet())
INCIDENT = Incident(ordinal=0, actor="eve", reason="it deleted a table", at=AT)

APPROVE, REJECT, CANCEL = ActionKind.APPROVE, ActionKind.REJECT, ActionKind.CANCEL
ALL, DIRECT, RETRY = ActionKind.ESCALATE_TESTS, ActionKind.DOWNSHIFT, ActionKind.RETRY
REPORT = ActionKind.INCIDENT


def state(phase: Phase, decision: DecisionState | None = None, **changes: object) -> ConductState:
    decided = Decision(state=decision, reasons=("a reason",)) if decision else None
    return ConductState(mode=SelectionMode.STANDARD, phase=phase, decision=decided).model_copy(update=changes)


REJECTED = (Review(kind="reject", actor="bob", reason="no"),)
TESTING = {REJECT, ALL, DIRECT, CANCEL, REPORT}

MATRIX = [
    pytest.param(state(Phase.PLACE), TESTING, id="placing"),
    pytest.param(state(Phase.WAITING_FOR_REGION), TESTING, id="waiting for a region"),
    pytest.param(state(Phase.SELECT), TESTING, id="selecting"),
    pytest.param(state(Phase.RUN), TESTING, id="running"),
    pytest.param(state(Phase.RUN, incidents=(INCIDENT,)), TESTING, id="running with an open incident"),
    pytest.param(state(Phase.RUN, mode=SelectionMode.ALL), TESTING - {ALL}, id="running all tests"),
    pytest.param(state(Phase.RUN, mode=SelectionMode.DIRECT), TESTING - {DIRECT}, id="running few tests"),
    pytest.param(state(Phase.GATHER), TESTING, id="gathering"),
    pytest.param(state(Phase.DECIDE), {REJECT, ALL, CANCEL, REPORT}, id="policy is asked"),
    pytest.param(
        state(Phase.WAITING_FOR_PERSON, DecisionState.NEEDS_PERSON),
        {APPROVE, REJECT, ALL, CANCEL, REPORT},
        id="waiting for a person",
    ),
    pytest.param(
        state(Phase.WAITING_FOR_PERSON, DecisionState.NEEDS_PERSON, incidents=(INCIDENT,)),
        {APPROVE, REJECT, ALL, CANCEL, REPORT},
        id="waiting for an answer to an incident",
    ),
    pytest.param(
        state(Phase.WAITING_FOR_PERSON, DecisionState.NEEDS_PERSON, incidents=(INCIDENT,), judge_wanted=True),
        {REJECT, ALL, CANCEL, REPORT},
        id="an incident came a moment ago",
    ),
    pytest.param(
        state(Phase.WAITING_FOR_PERSON, DecisionState.BLOCKED, gathered=RED),
        {REJECT, ALL, RETRY, CANCEL, REPORT},
        id="blocked by a failing test",
    ),
    pytest.param(
        state(Phase.WAITING_FOR_PERSON, DecisionState.BLOCKED, problem=Problem(kind="k", message="no pytest")),
        {REJECT, ALL, RETRY, CANCEL, REPORT},
        id="blocked by a problem",
    ),
    pytest.param(state(Phase.DECIDE, DecisionState.BLOCKED, reviews=REJECTED), {CANCEL}, id="rejected"),
    pytest.param(state(Phase.RUN, reviews=REJECTED), {CANCEL}, id="rejected while tests stop"),
    pytest.param(state(Phase.DECIDE, DecisionState.CANCELLED, cancelled_by="bob"), set(), id="cancelled"),
    pytest.param(state(Phase.RUN, cancelled_by="bob"), set(), id="cancelled while tests stop"),
    pytest.param(state(Phase.PUBLISH, DecisionState.GREEN, closing=True), set(), id="closing"),
    pytest.param(state(Phase.RENDER, DecisionState.GREEN, closing=True), set(), id="sealing"),
    pytest.param(state(Phase.DONE, DecisionState.GREEN), set(), id="done and green"),
    pytest.param(state(Phase.DONE, DecisionState.BLOCKED), set(), id="done and blocked"),
]


def asked(kind: ActionKind, now: ConductState, **changes: object) -> Refusal | None:
    return refusal(kind, action(**changes), now, pull_request())


@pytest.mark.parametrize(("now", "possible"), MATRIX)
def test_what_is_offered_is_what_is_taken_and_all_else_is_refused_with_a_sentence(
    now: ConductState, possible: set[ActionKind]
) -> None:
    assert {offer.kind for offer in offered(now, pull_request())} == possible
    for kind in ActionKind:
        refused = asked(kind, now)
        assert (refused is None) == (kind in possible), kind
        assert refused is None or len(refused.sentence) > 20


@pytest.mark.parametrize(("now", "possible"), MATRIX)
def test_an_action_on_another_card_is_never_taken(now: ConductState, possible: set[ActionKind]) -> None:
    moved = now.model_copy(update={"card_version": 5})
    for kind in ActionKind:
        for seen in (0, 4, 6):
            refused = asked(kind, moved, card_version=seen)
            assert refused is not None
            assert refused.stale == ((seen, 5) if kind in possible or _is_open(now) else None)
        assert (asked(kind, moved, card_version=5) is None) == (kind in possible)


def _is_open(now: ConductState) -> bool:
    """Whether something could still change: else there is no newer card to act on."""
    return not (now.closing or now.cancelled_by or now.rejected or now.phase is Phase.DONE)


def test_every_action_can_be_offered() -> None:
    assert set(OFFERS) == set(ActionKind)


def test_a_stale_card_is_refused_with_what_is_new() -> None:
    now = state(Phase.RUN, card_version=5)
    now.timeline = ()
    refused = asked(ALL, now, card_version=3)
    assert refused == Refusal(
        "you saw version 3 of the card, it is now at version 5: look again, then act", stale=(3, 5)
    )


def test_a_former_release_held_only_judgements_to_the_card() -> None:
    now = state(Phase.WAITING_FOR_PERSON, DecisionState.NEEDS_PERSON, card_version=5)
    stale = {
        kind
        for kind in ActionKind
        if (refused := refusal(kind, action(card_version=4), now, pull_request(), every_card=False)) and refused.stale
    }
    assert stale == {APPROVE, REJECT}


def test_an_incident_says_what_is_wrong() -> None:
    refused = asked(REPORT, state(Phase.RUN), reason=" ")
    assert refused == Refusal("an incident needs a reason that says what is wrong")


def test_so_many_incidents_tell_nothing_new() -> None:
    many = tuple(INCIDENT.model_copy(update={"ordinal": number}) for number in range(OPEN_LIMIT))
    refused = asked(REPORT, state(Phase.RUN, incidents=many))
    assert refused == Refusal(f"{OPEN_LIMIT} incidents are open already: answer them first")


def test_an_approval_over_an_incident_answers_it() -> None:
    now = state(Phase.WAITING_FOR_PERSON, DecisionState.NEEDS_PERSON, incidents=(INCIDENT,))
    refused = asked(APPROVE, now, reason="")
    assert refused == Refusal("an incident is open (it deleted a table): the approval needs a reason that answers it")
    assert asked(APPROVE, state(Phase.WAITING_FOR_PERSON, DecisionState.NEEDS_PERSON), reason="") is None


def taken(kind: ActionKind, now: ConductState, asked: ReviewerAction, *, author: str = "ada") -> ConductState:
    changed = change_of_incidents(kind, asked, now, pull_request(author=author), at=AT)
    apply(kind, asked, now, changed=changed)
    return now


@pytest.mark.parametrize(
    ("changes", "author"),
    [
        pytest.param({"actor": "ADA@x.org"}, "Ada <ada@x.org>", id="the author"),
        pytest.param({"actor_kind": AuthorKind.AGENT}, "ada", id="an agent"),
        pytest.param({"reason": " "}, "ada", id="no reason"),
        pytest.param({}, "", id="an unknown author"),
    ],
)
def test_an_approval_that_does_not_count_answers_no_incident(changes: dict[str, object], author: str) -> None:
    now = state(Phase.WAITING_FOR_PERSON, DecisionState.NEEDS_PERSON, incidents=(INCIDENT,))
    assert open_incidents(taken(APPROVE, now, action(**changes), author=author)) == (INCIDENT,)


def test_an_incident_is_answered_once_and_a_new_one_is_open_again() -> None:
    now = taken(REPORT, state(Phase.RUN), action(actor="eve", reason="it deleted a table"))
    assert (now.judge_wanted, now.round_wanted) == (True, True)
    assert open_incidents(now) == (INCIDENT,)
    taken(APPROVE, now, action(reason="a copy"))
    assert open_incidents(now) == ()
    first = now.incidents
    taken(REPORT, now, action(actor="eve", reason="and it is slow"))
    assert [incident.ordinal for incident in now.incidents] == [0, 1]
    taken(APPROVE, now, action(actor="bob", reason="not slower than before"))
    assert now.incidents[:1] == first
    assert [incident.answer.actor for incident in now.incidents if incident.answer] == ["grace", "bob"]


@pytest.mark.parametrize("kind", [RETRY, ALL, DIRECT])
def test_another_round_neither_answers_an_incident_nor_opens_one_again(kind: ActionKind) -> None:
    now = taken(APPROVE, state(Phase.RUN, incidents=(INCIDENT,)), action(reason="a copy"))
    taken(REPORT, now, action(reason="slow"))
    taken(kind, now, action())
    assert now.reviews == ()
    assert [incident.answer is None for incident in now.incidents] == [False, True]


def test_an_action_makes_a_new_version_of_the_card() -> None:
    now = state(Phase.RUN, card_version=5)
    assert result_of(CANCEL, action(), now, every_card=True).card_version == 6
    assert result_of(CANCEL, action(), now, every_card=False).card_version == 5


@pytest.mark.parametrize(
    "actor", ["bob@x.org", "Bob <BOB@x.org>", "ada"], ids=["an address", "a name with an address", "the author's login"]
)
def test_whoever_wrote_one_of_the_commits_cannot_approve(actor: str) -> None:
    asked = pull_request(author="ada", contributors=("Bob <bob@x.org>", "Ada <ada@x.org>"))
    now = ConductState(
        mode=SelectionMode.STANDARD,
        phase=Phase.WAITING_FOR_PERSON,
        decision=Decision(state=DecisionState.NEEDS_PERSON, reasons=("policy wants one",)),
    )
    refused = refusal(ActionKind.APPROVE, action(actor=actor), now, asked)
    assert refused is not None
    assert "somebody else has to approve" in refused.sentence
    assert refusal(ActionKind.APPROVE, action(actor="grace"), now, asked) is None
