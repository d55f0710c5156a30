"""The figures of an evaluation: intervals that cover, scores that punish what they should."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from maestro.errors import BadInput
from maestro.impact.evaluation.metrics import brier, ece, interval, reliability, wilson

counts = st.integers(0, 400).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials)))
samples = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 1)), min_size=1, max_size=60)


def test_no_trials_say_nothing_about_a_rate() -> None:
    assert interval(0, 0) == (0.0, 1.0)
    assert wilson(0, 0) == (0.0, 1.0)


def test_no_failure_in_n_trials_bounds_the_rate_by_the_rule_of_three() -> None:
    low, high = interval(0, 300, confidence=0.90)
    assert low == 0.0
    assert high == pytest.approx(3 / 300, rel=0.01)


def test_the_interval_agrees_with_a_published_example() -> None:
    assert interval(5, 10) == pytest.approx((0.1871, 0.8129), abs=1e-4)
    assert wilson(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)


@pytest.mark.parametrize("rate", [0.01, 0.02, 0.05, 0.3])
def test_the_interval_covers_the_true_rate_at_least_as_often_as_it_says(rate: float) -> None:
    trials = 120
    covered = sum(
        float(binom.pmf(failures, trials, rate))
        for failures in range(trials + 1)
        if interval(failures, trials)[0] <= rate <= interval(failures, trials)[1]
    )
    assert covered >= 0.95


@given(counts)
def test_an_interval_holds_its_own_rate_and_stays_within_zero_and_one(counted: tuple[int, int]) -> None:
    failures, trials = counted
    for low, high in (interval(failures, trials), wilson(failures, trials)):
        assert 0 <= low <= high <= 1
        assert not trials or low <= failures / trials <= high


@given(counts)
def test_one_more_failure_never_lowers_the_interval(counted: tuple[int, int]) -> None:
    failures, trials = counted
    if failures < trials:
        assert interval(failures + 1, trials) > interval(failures, trials)


@pytest.mark.parametrize(
    ("failures", "trials"),
    [
        pytest.param(3, 2, id="more failures than trials"),
        pytest.param(-1, 2, id="fewer than none"),
    ],
)
def test_counts_that_cannot_be_are_refused(failures: int, trials: int) -> None:
    with pytest.raises(BadInput, match="is no rate"):
        interval(failures, trials)


def test_predictions_that_come_true_exactly_score_zero() -> None:
    assert brier([0, 1, 1], [0, 1, 1]) == 0
    assert ece([0, 1, 1], [0, 1, 1]) == 0


def test_a_prediction_of_one_half_for_everything_is_calibrated_but_not_sharp() -> None:
    assert ece([0.5] * 4, [0, 1, 0, 1]) == 0
    assert brier([0.5] * 4, [0, 1, 0, 1]) == 0.25


def test_a_probability_that_is_three_times_too_high_shows_in_the_calibration_error() -> None:
    y = np.zeros(100)
    y[:10] = 1
    assert ece(np.full(100, 0.3), y) == pytest.approx(0.2)


def test_nothing_to_score_has_no_score() -> None:
    assert brier([], []) is None
    assert ece([], []) is None
    assert reliability([], []) == ()


@given(samples, st.integers(1, 30))
def test_every_prediction_is_in_one_bin_that_holds_it(pairs: list[tuple[float, int]], bins: int) -> None:
    p, y = [one for one, _ in pairs], [one for _, one in pairs]
    counted = reliability(p, y, bins)
    assert sum(one.count for one in counted) == len(p)
    assert math.isclose(sum(one.count * one.rate for one in counted), sum(y), abs_tol=1e-9)
    for one in counted:
        assert one.low - 1e-12 <= one.mean_p <= one.high + 1e-12
        assert one.rate_low <= one.rate <= one.rate_high


@given(samples)
def test_the_calibration_error_is_never_more_than_the_worst_gap(pairs: list[tuple[float, int]]) -> None:
    p, y = [one for one, _ in pairs], [one for _, one in pairs]
    error = ece(p, y)
    assert error is not None
    assert 0 <= error <= max(abs(one.mean_p - one.rate) for one in reliability(p, y)) + 1e-12


@pytest.mark.parametrize(
    ("p", "y", "field"),
    [
        pytest.param([1.2], [1], "p", id="a probability above one"),
        pytest.param([float("nan")], [1], "p", id="a probability that is not a number"),
        pytest.param([0.5], [2], "y", id="an outcome that is no outcome"),
        pytest.param([0.5, 0.5], [1], "y", id="fewer outcomes than predictions"),
    ],
)
def test_what_is_no_sample_is_refused_by_name(p: list[float], y: list[int], field: str) -> None:
    with pytest.raises(BadInput) as refused:
        brier(p, y)
    assert refused.value.field == field
