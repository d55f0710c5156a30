"""What may be promised for a plan, and what the card says was missing to promise more."""

import pytest

from maestro.impact.judgement import OWN, Judgement
from maestro.impact.risk.appetite import RiskAppetite
from maestro.model.tests import RiskStatement, SelectionRule

APPETITE = RiskAppetite(mode=SelectionRule.ENFORCE, tau=0.05, terms=())
CERTIFICATE = RiskStatement(
    tau=0.05,
    residual_risk=0.04,
    low=0.01,
    high=0.1,
    unconditional_risk=0.02,
    method=OWN,
    certified=True,
    red_builds=100,
    promise="So many escaped.",
)
JUDGEMENT = Judgement(certificate=CERTIFICATE, notes=("nothing is recorded",))


def test_a_certificate_stands_for_the_plan_that_leaves_tests_out_and_says_what_was_missing() -> None:
    statement = JUDGEMENT.statement(APPETITE, left_out=3)
    assert statement.method == OWN
    assert statement.promise == "So many escaped. Nothing is recorded."


def test_a_plan_that_leaves_nothing_out_needs_no_certificate() -> None:
    statement = JUDGEMENT.statement(APPETITE, left_out=0)
    assert (statement.residual_risk, statement.method) == (0.0, "everything runs")
    assert "recorded" not in statement.promise


@pytest.mark.parametrize(
    ("judgement", "narrowed"),
    [
        pytest.param(JUDGEMENT, True, id="a reviewer narrowed the plan"),
        pytest.param(Judgement(), False, id="there is no certificate"),
    ],
)
def test_without_a_certificate_for_this_plan_nothing_is_certified(judgement: Judgement, narrowed: bool) -> None:
    statement = judgement.statement(APPETITE, left_out=3, narrowed=narrowed, red_builds=7)
    assert not statement.certified
    assert "7 red builds of this repository are known" in statement.promise
