"""Bayesian logistic regression: the posterior is where its gradient says, and doubt shows in every prediction."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.special import expit

from maestro.errors import BadInput
from maestro.impact.risk.logistic import Floats, Gaussian, Posterior, fit

NAMES = ("intercept", "rate", "place")


def prior_of(variance: float = 2.0, mean: tuple[float, ...] = (0.0, 0.5, -0.5)) -> Gaussian:
    return Gaussian.of(NAMES, np.array(mean), variance * np.eye(len(NAMES)))


def drawn(seed: int, rows: int, *, weights: tuple[float, ...] = (-1.0, 2.0, 0.5)) -> tuple[Floats, Floats]:
    random = np.random.default_rng(seed)
    features = np.column_stack((np.ones(rows), random.normal(size=(rows, 2))))
    happened = (random.random(rows) < expit(features @ np.array(weights))).astype(np.float64)
    return features, happened


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(1, 300), st.floats(0.05, 20))
def test_at_the_mode_prior_and_data_balance(seed: int, rows: int, variance: float) -> None:
    features, happened = drawn(seed, rows)
    counts = np.random.default_rng(seed).uniform(0.1, 5, rows)
    prior = prior_of(variance)
    mode = np.array(fit(features, happened, weights=counts, prior=prior).mean)
    pull = (mode - np.array(prior.mean)) / variance
    push = features.T @ (counts * (happened - expit(features @ mode)))
    assert np.abs(push - pull).max() <= 1e-3 * (1 + counts.sum())


def test_without_rows_the_answer_is_the_prior() -> None:
    prior = prior_of()
    found = fit(np.empty((0, 3)), np.empty(0), weights=np.empty(0), prior=prior)
    assert np.allclose(found.mean, prior.mean)
    assert np.allclose(found.covariance, prior.covariance)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.lists(st.floats(-8, 8), min_size=3, max_size=3))
def test_where_the_steps_begin_does_not_change_the_mode(seed: int, start: list[float]) -> None:
    features, happened = drawn(seed, 80)
    prior = prior_of()
    weights = np.ones(80)
    cold = fit(features, happened, weights=weights, prior=prior)
    warm = fit(features, happened, weights=weights, prior=prior, start=Gaussian.of(NAMES, np.array(start), np.eye(3)))
    assert np.allclose(cold.mean, warm.mean, atol=1e-4)
    assert np.allclose(cold.covariance, warm.covariance, atol=1e-3)


def test_more_data_leaves_less_doubt_in_every_direction() -> None:
    features, happened = drawn(3, 4_000)
    prior = prior_of()
    spread = [
        np.linalg.eigvalsh(
            np.array(fit(features[:rows], happened[:rows], weights=np.ones(rows), prior=prior).covariance)
        )
        for rows in (0, 40, 400, 4_000)
    ]
    for fewer, more in pairwise(spread):
        assert np.all(more < fewer)


def test_the_weights_that_made_the_data_are_found_again() -> None:
    features, happened = drawn(11, 20_000)
    found = fit(features, happened, weights=np.ones(20_000), prior=prior_of(10.0))
    assert np.allclose(found.mean, (-1.0, 2.0, 0.5), atol=0.15)


def test_a_row_that_counts_twice_is_two_rows() -> None:
    features, happened = drawn(5, 50)
    twice = fit(np.vstack((features, features)), np.tile(happened, 2), weights=np.ones(100), prior=prior_of())
    counted = fit(features, happened, weights=np.full(50, 2.0), prior=prior_of())
    assert np.allclose(twice.mean, counted.mean, atol=1e-6)


@given(st.lists(st.floats(-5, 5), min_size=3, max_size=3), st.floats(0.01, 5), st.floats(1.01, 50))
def test_the_less_is_known_the_nearer_a_prediction_is_to_one_half(
    mean: list[float], variance: float, more: float
) -> None:
    row = np.array([[1.0, 0.7, -1.3]])
    sure, unsure = (
        Posterior(Gaussian.of(NAMES, np.array(mean), spread * np.eye(3))).predict(row)
        for spread in (variance, variance * more)
    )
    assert abs(unsure[0][0] - 0.5) <= abs(sure[0][0] - 0.5)
    assert unsure[1][0] > sure[1][0]


def test_data_that_one_feature_separates_gives_finite_weights() -> None:
    features = np.column_stack((np.ones(40), np.repeat((-1.0, 1.0), 20), np.zeros(40)))
    found = fit(features, np.repeat((0.0, 1.0), 20), weights=np.ones(40), prior=prior_of())
    assert np.isfinite(found.mean).all()
    assert Posterior(found).predict(features)[0].max() < 1


@pytest.mark.parametrize(
    ("weights", "field"),
    [
        pytest.param(Gaussian.of(NAMES[:2], np.zeros(2), np.eye(2)), "features", id="one feature fewer"),
        pytest.param(Gaussian.of(NAMES[::-1], np.zeros(3), np.eye(3)), "features", id="another order"),
        pytest.param(Gaussian.of(NAMES, np.zeros(2), np.eye(3)), "covariance", id="a mean that is too short"),
        pytest.param(Gaussian.of(NAMES, np.zeros(3), np.eye(2)), "covariance", id="a covariance that is too small"),
        pytest.param(Gaussian.of(NAMES, np.zeros(3), -np.eye(3)), "covariance", id="negative variances"),
        pytest.param(
            Gaussian.of(NAMES, np.zeros(3), np.triu(np.ones((3, 3)))), "covariance", id="a lopsided covariance"
        ),
    ],
)
def test_weights_that_do_not_go_with_the_features_are_refused(weights: Gaussian, field: str) -> None:
    with pytest.raises(BadInput) as refused:
        weights.check(NAMES)
    assert refused.value.field == field
    assert refused.value.fix


def test_weights_that_are_no_numbers_cannot_be_read() -> None:
    with pytest.raises(ValidationError):
        Gaussian(features=NAMES, mean=(0.0, float("nan"), 0.0), covariance=((1.0,) * 3,) * 3)
