"""What the Temporal UI shows of a pull request."""

from datetime import UTC, datetime

from maestro.config.gateway import GatewayConfig
from maestro.model.conduct import ConductRequest, ConductState
from maestro.model.decision import Decision, DecisionState
from maestro.model.region import Placement
from maestro.model.tests import SelectionMode, TestPlan, TestReport
from tests.workflows.fakes import artifact, pull_request
from workflows import card as cards

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def plan(**changes: object) -> TestPlan:
    base = TestPlan(applicable=True, reason="3 of 9 tests", mode=SelectionMode.STANDARD, body=artifact())
    return base.model_copy(update=changes)


def test_text_of_a_pull_request_is_no_markup_in_the_ui() -> None:
    state = ConductState(
        mode=SelectionMode.STANDARD,
        decision=Decision(state=DecisionState.BLOCKED, reasons=("test_[x](http://evil) costs $1 and $2 <b>",)),
        placement=Placement(region="eu-north", reason="$0.01, `cheapest`", decided_at=NOW),
    )
    shown = cards.details(cards.build(ConductRequest(pull_request=pull_request()), state, now=NOW))
    assert r"test\_\[x\](http://evil) costs \$1 and \$2 \<b\>" in shown
    assert r"\$0.01, \`cheapest\`" in shown


def test_what_was_left_out_is_a_risk_in_words() -> None:
    sentence = cards.risk_of(plan(selected_count=3, left_out_count=6), None)
    assert sentence.startswith("6 of 9 tests were left to the night")


def test_a_test_without_a_verdict_is_part_of_the_risk() -> None:
    assert "2 selected tests gave no verdict" in cards.risk_of(plan(selected_count=3), TestReport(missing_count=2))


def test_savings_are_priced_at_the_region_that_was_chosen() -> None:
    savings = cards.savings_of(plan(selected_seconds=10.0, left_out_seconds=30.0), None)
    assert (savings.seconds, savings.share) == (30.0, 0.75)
    assert savings.cost_usd == 0


def test_the_temporal_ui_leads_to_the_whole_card() -> None:
    built = cards.build(ConductRequest(pull_request=pull_request()), ConductState(mode=SelectionMode.STANDARD), now=NOW)
    page = GatewayConfig(public_url="https://maestro.example.org").card_page(pull_request())
    assert page == f"https://maestro.example.org/pull-requests/acme/shop/7/{'a' * 40}"
    assert f"]({page})" in cards.details(built, page=page)
    assert "](" not in cards.details(built)
