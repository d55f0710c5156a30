"""τ of one pull request: never raised by risk, never beyond its bounds, every term a sentence."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.impact.risk.tau import ChangeFacts, TauLimits, adaptive_tau

LIMITS = TauLimits(base=0.05, floor=0.01, ceiling=0.1, reason="tenant shop has decided so")
USUAL = ChangeFacts(lines=100, files=5, earlier_commits=10, owners=1, familiar_share=0.625)

sentences = st.sampled_from(["", "it was opened as an agent's"])


@st.composite
def limits(draw: st.DrawFn) -> TauLimits:
    floor, base, ceiling = sorted(draw(st.tuples(*[st.floats(1e-4, 0.99)] * 3)))
    return TauLimits(base=base, floor=floor, ceiling=ceiling, reason="because")


@st.composite
def facts(draw: st.DrawFn) -> ChangeFacts:
    amounts = st.integers(0, 100_000)
    return ChangeFacts(
        lines=draw(amounts),
        files=draw(amounts),
        earlier_commits=draw(amounts),
        reverts=draw(st.integers(0, 50)),
        red_builds=draw(st.integers(0, 50)),
        owners=draw(st.none() | st.integers(0, 30)),
        unowned=tuple(draw(st.lists(st.text(min_size=1), max_size=5))),
        critical=tuple(
            draw(st.lists(st.sampled_from(["it changes payments/", "it is labelled critical"]), max_size=5))
        ),
        familiar_share=draw(st.floats(0, 1)),
        agent=draw(sentences),
    )


@st.composite
def riskier(draw: st.DrawFn, than: ChangeFacts) -> ChangeFacts:
    """The same pull request with more of anything that is risky."""
    more = st.integers(0, 1_000)
    return than.model_copy(
        update={
            "lines": than.lines + draw(more),
            "files": than.files + draw(more),
            "earlier_commits": than.earlier_commits + draw(more),
            "reverts": than.reverts + draw(more),
            "red_builds": than.red_builds + draw(more),
            "owners": None if than.owners is None else than.owners + draw(more),
            "unowned": than.unowned if than.owners is None else (*than.unowned, *["x"] * draw(st.integers(0, 2))),
            "critical": (*than.critical, *["it changes deploy/"] * draw(st.integers(0, 2))),
            "familiar_share": than.familiar_share * draw(st.floats(0, 1)),
            "agent": than.agent or draw(sentences),
        }
    )


@given(st.data(), facts(), limits())
def test_riskier_facts_never_raise_tau(data: st.DataObject, known: ChangeFacts, bounds: TauLimits) -> None:
    worse = data.draw(riskier(known))
    assert adaptive_tau(worse, bounds)[0] <= adaptive_tau(known, bounds)[0]


@given(facts(), limits())
def test_tau_stays_within_the_tenants_bounds(known: ChangeFacts, bounds: TauLimits) -> None:
    assert bounds.floor <= adaptive_tau(known, bounds)[0] <= bounds.ceiling


@given(facts(), limits())
def test_base_times_the_shown_factors_is_tau(known: ChangeFacts, bounds: TauLimits) -> None:
    tau, terms = adaptive_tau(known, bounds)
    assert math.isclose(bounds.base * math.prod(term.factor for term in terms), tau, rel_tol=1e-9)


@given(facts(), limits())
def test_every_pull_request_has_the_same_terms_in_the_same_order_each_with_its_reason(
    known: ChangeFacts, bounds: TauLimits
) -> None:
    terms = adaptive_tau(known, bounds)[1]
    assert [term.name for term in terms] == [
        "tenant", "size", "churn", "failures", "ownership", "criticality", "familiarity", "author", "bounds",
    ]  # fmt: skip
    assert all(term.reason for term in terms)


def test_a_usual_pull_request_has_the_tenants_own_tau() -> None:
    assert adaptive_tau(USUAL, LIMITS)[0] == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("changes", "term", "words"),
    [
        pytest.param({"lines": 1_600}, "size", "1,600 changed lines in 5 files", id="many lines"),
        pytest.param({"files": 80}, "size", "100 changed lines in 80 files", id="many files"),
        pytest.param({"earlier_commits": 160}, "churn", "160 commits changed these files", id="files that move a lot"),
        pytest.param({"red_builds": 3}, "failures", "3 red builds and 0 reverts", id="files that failed before"),
        pytest.param({"reverts": 1}, "failures", "1 revert", id="files that were reverted"),
        pytest.param({"owners": 3}, "ownership", "3 groups of owners", id="several owners"),
        pytest.param({"unowned": ("tools/x.py",)}, "ownership", "nobody owns tools/x.py", id="no owner"),
        pytest.param({"critical": ("it changes payments/",)}, "criticality", "payments/", id="a critical folder"),
        pytest.param({"familiar_share": 0.0}, "familiarity", "knows 0 % of the changed files", id="a newcomer"),
        pytest.param({"agent": "it was opened as an agent's"}, "author", "an agent's", id="an agent"),
    ],
)
def test_what_is_riskier_lowers_tau_and_says_so(changes: dict[str, Any], term: str, words: str) -> None:
    tau, terms = adaptive_tau(USUAL.model_copy(update=changes), LIMITS)
    assert tau < 0.05
    lowered = [each for each in terms if each.factor < 0.999]
    assert [each.name for each in lowered] == [term]
    assert words in lowered[0].reason


def test_a_small_change_by_somebody_who_knows_the_files_may_take_more_risk() -> None:
    tau, _ = adaptive_tau(ChangeFacts(lines=3, files=1, familiar_share=1.0), LIMITS)
    assert 0.05 < tau <= LIMITS.ceiling


def test_the_term_of_a_bound_says_what_the_others_would_have_given() -> None:
    everything = USUAL.model_copy(update={"lines": 9_000, "critical": ("it is labelled critical",), "agent": "a bot's"})
    tau, terms = adaptive_tau(everything, LIMITS)
    assert tau == LIMITS.floor
    assert "would give 0.0075" in terms[-1].reason
    assert "never below 0.01" in terms[-1].reason


def test_a_tenant_that_wants_one_tau_for_all_gets_it() -> None:
    fixed = TauLimits(base=0.02, floor=0.02, ceiling=0.02, reason="one for all")
    assert adaptive_tau(ChangeFacts(lines=9_000, files=90), fixed)[0] == 0.02
    assert adaptive_tau(ChangeFacts(lines=1, files=1, familiar_share=1.0), fixed)[0] == 0.02
