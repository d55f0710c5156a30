"""The figures: each from the rows that there are, and not known where there are none."""

from datetime import timedelta
from decimal import Decimal

import pytest

from maestro.errors import BadInput
from maestro.ledger import FailoverKind
from maestro.model.artifact import ArtifactRef
from maestro.model.decision import DecisionState
from maestro.model.pull_request import AuthorKind
from maestro.value import days_of
from tests.value.past import Past, plan, pull_request

DAY = timedelta(days=1)


def test_an_empty_ledger_knows_nothing_and_does_not_say_nought(past: Past) -> None:
    found = past.figures()
    assert found.conducted.heads == 0
    unknown = (
        found.verdict.p50_seconds,
        found.verdict.p95_seconds,
        found.tests.left_out_seconds,
        found.tests.share,
        found.tests.cost_usd,
        found.tests.carbon_g,
        found.risk.promised_escapes,
        found.needed_person.share,
        found.reviewer.before_action.p50_seconds,
        found.reviewer.open_seconds,
        found.failovers.took.p50_seconds,
        found.conducted.merged,
    )
    assert unknown == (None,) * len(unknown)


def test_heads_are_counted_by_how_they_stand_and_who_wrote_them(past: Past) -> None:
    green, asked, robot = pull_request(1), pull_request(2), pull_request(3, author_kind=AuthorKind.AGENT)
    past.decided(green, "green")
    past.decided(asked, "needs_person")
    past.decided(robot, "needs_person", "green")
    found = past.figures()
    assert (found.conducted.heads, found.conducted.pull_requests) == (3, 3)
    assert found.conducted.by_outcome == {"green": 2, "needs_person": 1}
    assert found.conducted.by_author == {"human": 2, "agent": 1}
    assert (found.needed_person.needed, found.needed_person.share) == (2, 2 / 3)


def test_a_second_head_of_a_pull_request_is_a_head_of_the_same_pull_request(past: Past) -> None:
    first = pull_request(1)
    past.decided(first, "blocked")
    past.decided(first.model_copy(update={"head_sha": "f" * 40}), "green")
    assert (past.figures().conducted.heads, past.figures().conducted.pull_requests) == (2, 1)


def test_what_was_cancelled_before_any_decision_is_known_by_its_evidence(past: Past) -> None:
    past.sealed(pull_request(1), DecisionState.CANCELLED)
    found = past.figures()
    assert found.conducted.by_outcome == {"cancelled": 1}
    assert found.conducted.by_author == {"human": 1}


def test_nights_and_probes_are_no_heads(past: Past) -> None:
    past.decided(pull_request(1))
    assert past.figures().conducted.heads == 0


def test_a_head_counts_in_the_period_of_its_first_verdict(past: Past) -> None:
    old = pull_request(1)
    past.decided(old, "needs_person", ago=10 * DAY)
    past.decided(old, "needs_person", "blocked", ago=10 * DAY)
    past.sealed(old, DecisionState.GREEN, ago=DAY)
    past.decided(pull_request(2), "green", ago=DAY)
    assert past.figures(days=7).conducted.by_outcome == {"green": 1}
    assert past.figures(days=30).conducted.by_outcome == {"green": 2}


def test_time_to_verdict_is_from_the_start_on_the_card_else_from_the_first_placement(past: Past) -> None:
    sealed, unsealed = pull_request(1), pull_request(2)
    past.decided(sealed, "green", took=60)
    past.sealed(sealed, took=100)
    past.decided(unsealed, "needs_person", took=20)
    verdict = past.figures().verdict
    assert (verdict.p50_seconds, verdict.p95_seconds, verdict.rows, verdict.of) == (20, 100, 2, 2)


def test_test_time_is_what_sealed_cards_say_and_says_from_how_many(past: Past) -> None:
    for number, priced in ((1, True), (2, False)):
        past.decided(pull_request(number), "green")
        past.sealed(pull_request(number), planned=plan(), priced=priced)
    past.decided(pull_request(3), "needs_person")
    tests = past.figures().tests
    assert (tests.selected_seconds, tests.left_out_seconds, tests.share) == (200, 600, 0.75)
    assert (tests.rows, tests.of) == (2, 3)
    assert (tests.cost_usd, tests.carbon_g, tests.priced_rows) == (Decimal("0.06"), 9.0, 1)


def test_promised_risk_is_held_against_what_escaped_of_the_same_heads(past: Past) -> None:
    promises = {1: plan(promised=0.01), 2: plan(promised=0.03), 3: plan(promised=None), 4: plan(left_out=0)}
    for number, planned in promises.items():
        past.decided(pull_request(number), "green")
        past.sealed(pull_request(number), planned=planned)
    past.escaped(pull_request(2), "tests/test_a.py::test_one")
    past.escaped(pull_request(2), "tests/test_a.py::test_two")
    past.escaped(pull_request(3), "tests/test_b.py::test_three")
    past.escaped(pull_request(1), "tests/test_c.py::test_ran_and_was_believed", left_out=False)
    risk = past.figures().risk
    assert risk.promised_escapes == pytest.approx(0.04)
    assert (risk.bounded, risk.escaped_bounded) == (2, 1)
    assert (risk.unbounded, risk.escaped_unbounded) == (1, 1)
    assert (risk.complete, risk.escaped_tests) == (1, 3)


def test_actions_are_counted_by_kind_and_linked_to_the_visits_they_were_taken_in(past: Past) -> None:
    found = pull_request(1)
    past.decided(found, "needs_person")
    visit = past.visited(found, seconds=30)
    for action, kind in (("a-1", "escalate_tests"), ("a-2", "approve"), ("a-3", "approve")):
        past.acted(found, action, kind)
    assert past.ledger.usage.acted(visit, "a-1", "escalate_tests", "ada@example.org", past.ledger.now())
    assert past.ledger.usage.acted(visit, "never-recorded", "approve", "ada@example.org", past.ledger.now())
    figures = past.figures()
    assert figures.actions.by_kind == {"approve": 2, "escalate_tests": 1}
    assert (figures.reviewer.before_action.rows, figures.reviewer.before_action.of) == (1, 3)
    assert figures.reviewer.before_action.p50_seconds == pytest.approx(30, abs=2)


def test_the_time_before_a_second_action_of_a_visit_begins_with_the_first(past: Past) -> None:
    found = pull_request(1)
    visit = past.visited(found, seconds=30)
    for action in ("a-1", "a-2"):
        past.acted(found, action)
        past.ledger.usage.acted(visit, action, "approve", "ada@example.org", past.ledger.now())
    before = past.figures().reviewer.before_action
    assert (before.p50_seconds, before.rows) == (0, 2)
    assert before.p95_seconds == pytest.approx(30, abs=2)


def test_two_cards_side_by_side_are_one_persons_time_once(past: Past) -> None:
    past.visited(pull_request(1), who="ada@example.org", seconds=60)
    past.visited(pull_request(2), who="ada@example.org", seconds=60)
    past.visited(pull_request(1), who="grace@example.org", seconds=60)
    reviewer = past.figures().reviewer
    assert reviewer.open_seconds == pytest.approx(120, abs=6)
    assert (reviewer.visits, reviewer.people, reviewer.pull_requests) == (3, 2, 2)


def test_failovers_are_counted_by_kind_and_timed_when_they_have_ended(past: Past) -> None:
    def begin(kind: FailoverKind) -> int:
        return past.ledger.failovers.begin(
            "maestro", kind, from_cluster="east", to_cluster="west", version=2, reason="a drill", actor="ada"
        )

    past.ledger.failovers.end(begin(FailoverKind.PLANNED), "done")
    begin(FailoverKind.FORCED)
    found = past.figures().failovers
    assert found.by_kind == {"forced": 1, "planned": 1}
    assert (found.rows, found.took.rows, found.took.of) == (2, 1, 2)


def test_nobody_sees_figures_of_tenants_that_they_may_not_read(past: Past) -> None:
    ours, theirs = pull_request(1, tenant="ours"), pull_request(2, tenant="theirs")
    for each in (ours, theirs):
        past.decided(each, "green")
        past.sealed(each, planned=plan())
        past.acted(each, "a-1")
        past.visited(each)
    found = past.figures(tenants=frozenset({"ours"}))
    assert (found.conducted.heads, found.actions.rows, found.reviewer.visits, found.tests.rows) == (1, 1, 1, 1)
    assert past.figures(tenants=frozenset()).conducted.heads == 0
    assert past.figures().conducted.heads == 2


def test_a_head_of_which_nobody_knows_the_tenant_is_counted_only_for_those_who_see_all(past: Past) -> None:
    past.decided(pull_request(1), "blocked")
    with past.ledger._database.write() as connection:
        connection.exec_driver_sql("DELETE FROM conducted_heads")
    assert past.figures(tenants=frozenset({"default"})).conducted.heads == 0
    assert past.figures().conducted.by_author == {"not_known": 1}


def test_a_repository_can_be_looked_at_alone(past: Past) -> None:
    past.decided(pull_request(1), "green")
    past.decided(pull_request(2, repo="acme/other"), "blocked")
    past.visited(pull_request(1))
    found = past.figures(repo="acme/other")
    assert (found.conducted.by_outcome, found.reviewer.visits) == ({"blocked": 1}, 0)


def test_a_card_that_is_gone_or_damaged_is_said_and_not_guessed(past: Past) -> None:
    past.decided(pull_request(1), "green")
    digest = past.sealed(pull_request(1), planned=plan())
    past.store.remove(ArtifactRef(digest=digest, media_type="", bytes=0))
    found = past.figures()
    assert (found.conducted.heads, found.tests.rows, found.tests.of) == (1, 0, 1)
    assert found.notes == ("Sealed cards that are not in the artifact store, or are damaged: 1.",)


def test_every_day_of_the_period_is_there_also_those_on_which_nothing_happened(past: Past) -> None:
    past.decided(pull_request(1), "green", ago=DAY)
    past.decided(pull_request(2), "blocked", ago=3 * DAY)
    found = past.figures(days=7)
    assert [sum(span.by_outcome.values()) for span in found.spans] == [0, 0, 0, 0, 1, 0, 1, 0]
    assert past.figures(days=90).span_days == 7


@pytest.mark.parametrize(("text", "days"), [("30d", 30.0), ("2w", 14.0), (" 24H ", 1.0), ("366d", 366.0)])
def test_a_period_is_read_as_people_write_it(text: str, days: float) -> None:
    assert days_of(text) == days


@pytest.mark.parametrize("text", ["", "30", "d", "0d", "367d", "-1d", "1e9d", "30 d ays", "٣d", "9" * 5_000 + "d"])
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="no time that figures"):
        days_of(text)
