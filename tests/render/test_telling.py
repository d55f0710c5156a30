"""The lead of a card and its reasons."""

import pytest

from maestro.model.decision import Decision, DecisionCard, DecisionState, Phase
from maestro.render.telling import told
from tests.render.sample_cards import GREEN, WAITING


def card(*reasons: str, why: str = "") -> DecisionCard:
    decision = Decision(state=DecisionState.BLOCKED, reasons=reasons)
    return GREEN.model_copy(update={"decision": decision, "why": why})


def test_a_why_of_its_own_leads_and_every_reason_follows() -> None:
    assert told(card("one", "two", why="It breaks.")) == ("It breaks.", ("one", "two"))


def test_a_why_that_only_repeats_the_reasons_is_not_told_twice() -> None:
    assert told(card("the first.", "a second", why="the first. a second.")) == ("The first.", ("A second",))


def test_without_a_why_the_first_reason_leads() -> None:
    assert told(card("2 tests failed", "control X fails")) == ("2 tests failed", ("Control X fails",))


def test_without_any_reason_that_is_said() -> None:
    assert told(card()) == ("No reason was given.", ())


def test_a_reason_that_begins_with_a_test_keeps_its_name() -> None:
    assert told(card("tests/test_a.py::test_b failed"))[0] == "tests/test_a.py::test_b failed"


@pytest.mark.parametrize("phase", list(Phase))
def test_while_nothing_is_decided_the_lead_says_what_is_being_done(phase: Phase) -> None:
    lead, reasons = told(WAITING.model_copy(update={"phase": phase, "why": "it is being conducted."}))
    assert lead.endswith(".")
    assert "conducted" not in lead
    assert reasons == ()
