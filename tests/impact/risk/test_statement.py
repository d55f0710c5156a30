"""What a plan promises before a model has earned a promise."""

from hypothesis import given
from hypothesis import strategies as st

from maestro.impact.risk.appetite import RiskAppetite
from maestro.impact.risk.statement import in_words, needed_red_builds, statement_without_model
from maestro.model.tests import SelectionRule, TauTerm

APPETITE = RiskAppetite(mode=SelectionRule.ENFORCE, tau=0.05, terms=())


def test_a_plan_that_runs_everything_is_without_this_risk() -> None:
    statement = statement_without_model(APPETITE, left_out=0)
    assert statement.certified
    assert (statement.residual_risk, statement.high) == (0.0, 0.0)


def test_the_import_graph_alone_promises_no_number_and_says_what_one_would_take() -> None:
    statement = statement_without_model(APPETITE, left_out=7, red_builds=3)
    assert not statement.certified
    assert (statement.low, statement.high) == (0.0, 1.0)
    assert "3 red builds of this repository are known, and a τ of 0.05 takes at least 19" in statement.promise


def test_a_narrowed_plan_does_not_claim_that_the_graph_reaches_nothing_else() -> None:
    promise = statement_without_model(APPETITE, left_out=7, narrowed=True).promise
    assert "directly affected tests run" in promise
    assert "No import path" not in promise


@given(st.floats(1e-4, 0.5))
def test_so_many_red_builds_are_needed_that_tau_is_not_below_what_their_ranks_can_say(tau: float) -> None:
    needed = needed_red_builds(tau)
    assert tau >= 1 / (needed + 1)
    assert needed == 0 or tau < 1 / needed


def test_the_ledger_is_told_what_moved_tau_and_what_is_promised() -> None:
    terms = (
        TauTerm(name="tenant", factor=1.0, reason="τ starts at 0.05: tenant shop has decided so"),
        TauTerm(name="churn", factor=1.0, reason="2 commits"),
        TauTerm(name="author", factor=0.6, reason="an agent's: it was opened as an agent's"),
    )
    appetite = RiskAppetite(mode=SelectionRule.ENFORCE, tau=0.03, terms=terms)
    words = in_words(statement_without_model(appetite, left_out=0))
    assert words == (
        "τ starts at 0.05: tenant shop has decided so; author times 0.6 (an agent's: it was opened as an agent's); "
        "so it is 0.03. Nothing is left out, so nothing can escape by being left out. Method: everything runs."
    )
