"""Following the way that saved most, at the depth that its own past allows, until the past no longer speaks."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maestro.errors import BadInput
from maestro.impact.risk.conformal import EVERYTHING, threshold
from maestro.impact.risk.portfolio import WITHDRAWAL_WINDOW, Portfolio
from maestro.impact.risk.ranking import WAYS, Ranking

TESTS = 20
SECONDS = np.ones(TESTS)


def told(portfolio: Portfolio, first_failing: int | None, *, best: int = 0) -> None:
    """A build whose failing test stands at this place in the best way, and ever deeper in the others."""
    failing = np.zeros(TESTS, np.bool_)
    order = np.arange(TESTS)
    if first_failing is not None:
        failing[first_failing] = True
    ranked = {
        way: Ranking(np.roll(order, 0 if place == best else 3), (order + 1) / TESTS) for place, way in enumerate(WAYS)
    }
    portfolio.learn(ranked, seconds=SECONDS, failing=failing)


def test_nothing_is_certified_without_red_builds() -> None:
    portfolio = Portfolio((0.05, 0.1))
    for _ in range(50):
        told(portfolio, None)
    assert portfolio.choose(0.1).threshold == EVERYTHING
    assert not portfolio.choose(0.1).certified


def test_the_first_certificate_comes_with_the_first_sufficient_red_build() -> None:
    portfolio = Portfolio((0.1,))
    for red in range(9):
        assert not portfolio.choose(0.1).certified, red
        told(portfolio, 0)
    choice = portfolio.choose(0.1)
    assert (choice.certified, choice.red_builds, choice.deeper) == (True, 9, 0)


@settings(max_examples=30)
@given(st.lists(st.integers(0, TESTS - 1), min_size=1, max_size=80))
def test_a_smaller_tau_goes_at_least_as_deep_as_long_as_no_promise_was_broken(places: list[int]) -> None:
    portfolio = Portfolio((0.02, 0.05, 0.1, 0.3))
    for place in places:
        told(portfolio, place)
    choices = [choice for choice in map(portfolio.choose, portfolio.taus) if not choice.withdrawn]
    for smaller, greater in pairwise(choices):
        if smaller.way == greater.way:
            assert smaller.threshold >= greater.threshold


def test_the_way_that_saves_clearly_more_is_followed() -> None:
    portfolio = Portfolio((0.1,))
    for _ in range(40):
        told(portfolio, 4, best=2)
    assert portfolio.choose(0.1).way == WAYS[2]


def test_drift_withdraws_the_promise_of_the_longer_past_and_the_newest_red_builds_decide() -> None:
    portfolio = Portfolio((0.1,))
    for _ in range(300):
        told(portfolio, 1)
    steady = portfolio.choose(0.1)
    assert (steady.withdrawn, steady.threshold) == ("", 2 / TESTS)
    for _ in range(25):
        told(portfolio, 12)
    drifted = portfolio.choose(0.1)
    assert "red builds would have escaped at τ = 0.1" in drifted.withdrawn
    newest = [2 / TESTS] * (WITHDRAWAL_WINDOW - 25) + [13 / TESTS] * 25
    assert drifted.threshold == threshold(newest, 0.1) == 13 / TESTS


def test_a_tau_that_the_newest_red_builds_cannot_show_runs_everything_after_drift() -> None:
    portfolio = Portfolio((0.01,))
    for _ in range(350):
        told(portfolio, 1)
    assert portfolio.choose(0.01).certified
    for place in (12, 14, 16, 18):
        told(portfolio, place)
    assert portfolio.choose(0.01).withdrawn
    assert portfolio.choose(0.01).threshold == EVERYTHING


def test_one_escape_is_bad_luck_and_withdraws_nothing() -> None:
    portfolio = Portfolio((0.01,))
    for _ in range(200):
        told(portfolio, 1)
    told(portfolio, 12)
    assert portfolio.choose(0.01).withdrawn == ""


def test_a_promise_is_given_again_once_the_new_pattern_is_the_past() -> None:
    portfolio = Portfolio((0.1,))
    for place in [1] * 300 + [12] * 25 + [12] * 120:
        told(portfolio, place)
    choice = portfolio.choose(0.1)
    assert (choice.withdrawn, choice.threshold) == ("", 13 / TESTS)


def test_a_tau_that_is_not_watched_is_refused() -> None:
    with pytest.raises(BadInput) as refused:
        Portfolio((0.05,)).choose(0.1)
    assert refused.value.field == "tau"
