"""What a reader learns of the risk: the bound and why, what remains, by which method, what it cost and saved."""

from collections.abc import Callable

import pytest
from rich.console import Console

from maestro.model.decision import DecisionCard
from maestro.model.tests import Replay, RiskStatement, TestPlan
from maestro.render import card_html, people, step_summary
from maestro.render.documents import narrative
from maestro.render.risk import risk_view
from maestro.render.terminal import card_terminal
from tests.render.sample_cards import GREEN, PLAN, RISK
from tests.render.sample_findings import ref


def _terminal(card: DecisionCard) -> str:
    console = Console(width=400, record=True, file=None)
    with console.capture() as captured:
        console.print(card_terminal(card))
    return captured.get()


def _narrative(card: DecisionCard) -> str:
    return narrative(card).markdown


def facts(statement: RiskStatement | None = RISK, plan: TestPlan = PLAN) -> dict[str, str]:
    view = risk_view(plan.model_copy(update={"risk": statement}))
    return {str(fact.label): str(fact.value) for fact in view.facts} if view else {}


@pytest.mark.parametrize("document", [card_html, _narrative, step_summary, _terminal])
def test_every_document_shows_tau_with_its_terms(document: Callable[[DecisionCard], str]) -> None:
    text = document(GREEN)
    for words in ("3.2 %", "author, times 0.60", "71 changed lines in 2 files", "tenant, unmoved"):
        assert words in text.replace("\\", "")


def test_what_remains_is_said_with_its_interval_given_a_break_and_for_all() -> None:
    assert facts()["Residual risk"] == ("1.8 % of breaking pull requests (95 % interval 0.4 % to 2.9 %), 0.11 % of all")
    assert facts()["Bound τ"] == "3.2 %, certified on 212 red builds"
    assert facts()["Method"] == "conformal risk control on this repository's own past"


def test_what_runs_and_what_is_saved_are_beside_it() -> None:
    assert facts()["Runs"] == "1 min 52 s of tests, 31 min 43 s saved (94 %)"


def test_nobody_is_shown_a_figure_that_is_not_known() -> None:
    unknown = RISK.model_copy(
        update={"residual_risk": 1.0, "low": 0.0, "high": 1.0, "certified": False, "red_builds": 3}
    )
    assert facts(unknown)["Residual risk"] == "not known"
    assert facts(unknown)["Bound τ"] == "3.2 %, not certified: 3 red builds known"


def test_a_plan_that_leaves_nothing_out_has_no_risk_of_that_kind() -> None:
    none = RISK.model_copy(update={"residual_risk": 0.0, "low": 0.0, "high": 0.0, "red_builds": 0})
    assert facts(none)["Residual risk"] == "none"
    assert facts(none)["Bound τ"] == "3.2 %, nothing to certify"


def test_a_replay_is_announced_with_its_reason() -> None:
    assert facts()["Replay"] == "The rest runs after the decision, because it is labelled full-suite"
    assert "1,186 tests (31 min 43 s) run after the decision." in card_html(GREEN)
    assert "Replay" not in facts(plan=PLAN.model_copy(update={"replay": None}))


def test_the_report_of_the_calibration_is_a_command_away() -> None:
    report = ref("a", "calibration-report.html")
    shown = facts(plan=PLAN.model_copy(update={"report": report}))["Calibration report"]
    assert shown == f"maestro evidence show {report.digest} --save calibration.html"
    assert "Calibration report" not in facts()


def test_a_plan_without_a_statement_shows_none() -> None:
    assert facts(None) == {}
    assert "Why τ is" not in card_html(GREEN.model_copy(update={"plan": PLAN.model_copy(update={"risk": None})}))


def test_a_hostile_reason_stays_text() -> None:
    hostile = PLAN.model_copy(update={"replay": Replay(reason="<script>x</script>\x1b[2J", tests=ref("e", "x"))})
    card = GREEN.model_copy(update={"plan": hostile})
    assert "<script>x" not in card_html(card)
    assert "\x1b[2J" not in _terminal(card)


@pytest.mark.parametrize(
    ("chance", "shown"),
    [
        (0.0, "0 %"),
        (0.00001, "under 0.01 %"),
        (0.0004, "0.04 %"),
        (0.018, "1.8 %"),
        (0.05, "5 %"),
        (0.125, "12.5 %"),
        (0.99999, "over 99.99 %"),
        (1.0, "100 %"),
    ],
)
def test_a_probability_is_nothing_or_certain_only_when_it_is(chance: float, shown: str) -> None:
    assert people.probability(chance) == shown
