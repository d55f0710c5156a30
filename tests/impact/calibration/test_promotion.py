"""A new model takes over only where it is better at equal risk, and a broken promise is withdrawn in the open."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.impact.calibration.promotion import judge, promise_of
from maestro.model.calibration import ModelStatus, PromiseState, WalkFigures, needed_red_builds
from tests.impact.calibration.walks import figures_of

figures = st.builds(
    lambda red, share, saved: figures_of(
        red_builds=red, escapes={0.02: int(red * share / 2), 0.1: int(red * share)}, saved=saved
    ),
    st.integers(0, 200),
    st.floats(0, 1),
    st.floats(0, 1),
)


def test_a_challenger_that_saves_more_at_the_same_escapes_takes_over() -> None:
    verdict = judge(
        figures_of(red_builds=100, escapes={0.05: 3}, saved=0.40),
        figures_of(red_builds=100, escapes={0.05: 3}, saved=0.55),
    )
    assert verdict.promotes
    assert "saves +15.0% of the test seconds" in verdict.reasons[0]


def test_a_challenger_that_saves_hardly_more_is_not_worth_it() -> None:
    verdict = judge(
        figures_of(red_builds=100, escapes={0.05: 3}, saved=0.400),
        figures_of(red_builds=100, escapes={0.05: 3}, saved=0.405),
    )
    assert not verdict.promotes
    assert "not better" in verdict.reasons[0]


def test_savings_never_buy_a_broken_promise() -> None:
    verdict = judge(
        figures_of(red_builds=100, escapes={0.05: 3}, saved=0.10),
        figures_of(red_builds=100, escapes={0.05: 15}, saved=0.90),
    )
    assert not verdict.promotes
    assert "breaks its promise: 15 of 100 red builds escaped" in verdict.reasons[0]


def test_a_challenger_over_tau_where_the_champion_is_not_stays_challenger() -> None:
    verdict = judge(
        figures_of(red_builds=100, escapes={0.05: 5}, saved=0.10),
        figures_of(red_builds=100, escapes={0.05: 6}, saved=0.90),
    )
    assert not verdict.promotes
    assert "over τ where the champion is not" in verdict.reasons[0]


def test_a_challenger_within_tau_that_lets_far_more_escape_than_the_champion_stays_challenger() -> None:
    verdict = judge(
        figures_of(red_builds=400, escapes={0.1: 2}, saved=0.10),
        figures_of(red_builds=400, escapes={0.1: 30}, saved=0.90),
    )
    assert not verdict.promotes
    assert "beyond chance" in verdict.reasons[0]


def test_a_broken_promise_that_the_challenger_keeps_is_mended_even_at_lower_savings() -> None:
    verdict = judge(
        figures_of(red_builds=100, escapes={0.05: 20}, saved=0.90),
        figures_of(red_builds=100, escapes={0.05: 2}, saved=0.10),
    )
    assert verdict.promotes
    assert "the champion broke its promise and the challenger keeps it" in verdict.reasons[0]


def test_with_too_few_red_builds_nothing_is_compared() -> None:
    verdict = judge(None, figures_of(red_builds=8, escapes={0.05: 0, 0.1: 0}, saved=0.9))
    assert verdict.becomes is ModelStatus.CHALLENGER
    assert "8 red builds" in verdict.reasons[0]
    assert "needs 9" in verdict.reasons[0]


def test_a_tau_that_the_data_cannot_show_decides_nothing() -> None:
    verdict = judge(
        figures_of(red_builds=20, escapes={0.01: 0, 0.05: 0}, saved=0.1),
        figures_of(red_builds=20, escapes={0.01: 1, 0.05: 1}, saved=0.5),
    )
    assert verdict.promotes
    assert "0.01" not in verdict.reasons[0]


def test_the_first_model_is_held_against_running_everything() -> None:
    assert judge(None, figures_of(red_builds=100, escapes={0.05: 3}, saved=0.3)).promotes
    assert not judge(None, figures_of(red_builds=100, escapes={0.05: 3}, saved=0.0)).promotes
    assert not judge(None, figures_of(red_builds=100, escapes={0.05: 15}, saved=0.9)).promotes


def test_a_promise_broken_beyond_chance_is_withdrawn_with_the_figures() -> None:
    broken = figures_of(red_builds=60, escapes={0.05: 9, 0.1: 9})
    promise = promise_of(broken, broken)
    assert promise.state is PromiseState.WITHDRAWN
    assert "at τ = 0.05, 9 of 60 red builds escaped (15.0%" in promise.reason
    assert "τ = 0.1," not in promise.reason


def test_a_change_in_the_newest_builds_withdraws_a_promise_that_held_before() -> None:
    promise = promise_of(figures_of(red_builds=200, escapes={0.05: 12}), figures_of(red_builds=60, escapes={0.05: 10}))
    assert promise.state is PromiseState.WITHDRAWN
    assert "in the newest builds" in promise.reason


def test_a_rate_over_tau_within_chance_does_not_withdraw_the_promise() -> None:
    lucky = figures_of(red_builds=60, escapes={0.05: 5})
    assert promise_of(lucky, lucky).kept


def test_a_promise_that_few_builds_cannot_show_says_so() -> None:
    few = figures_of(red_builds=3, escapes={0.05: 0})
    promise = promise_of(few, few)
    assert promise.kept
    assert "3 red builds cannot show it" in promise.reason


@pytest.mark.parametrize(("tau", "needed"), [(0.01, 99), (0.02, 49), (0.05, 19), (0.1, 9), (0.5, 1)])
def test_the_red_builds_that_a_tau_needs(tau: float, needed: int) -> None:
    assert needed_red_builds(tau) == needed


@given(figures, figures)
def test_what_is_promoted_breaks_no_promise_that_the_data_can_show(
    champion: WalkFigures, challenger: WalkFigures
) -> None:
    verdict = judge(champion, challenger)
    assert verdict.reasons
    assert not (verdict.promotes and any(row.broken for row in challenger.taus if row.certifiable))


@given(figures)
def test_a_model_never_takes_over_from_itself(same: WalkFigures) -> None:
    assert not judge(same, same).promotes
