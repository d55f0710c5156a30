"""The threshold of conformal risk control: an order statistic that keeps its promise in every finite sample."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.errors import BadInput
from maestro.impact.risk.conformal import EVERYTHING, certifiable, threshold

taus = st.floats(0.001, 0.999)
depths = st.lists(st.floats(-50, 50), max_size=120)


@given(depths, taus)
def test_the_threshold_is_the_least_depth_that_bounds_the_risk_of_the_next_red_build(
    past: list[float], tau: float
) -> None:
    limit = threshold(past, tau)
    if limit == EVERYTHING:
        assert not certifiable(len(past), tau)
        return
    assert limit in past
    deeper = sum(depth > limit for depth in past)
    assert (deeper + 1) / (len(past) + 1) <= tau + 1e-9
    one_less = [depth for depth in past if depth < limit]
    if one_less:
        escaping = sum(depth > max(one_less) for depth in past)
        assert (escaping + 1) / (len(past) + 1) > tau - 1e-9


@given(depths, taus, taus)
def test_a_smaller_tau_never_goes_less_deep(past: list[float], one: float, other: float) -> None:
    smaller, greater = sorted((one, other))
    assert threshold(past, smaller) >= threshold(past, greater)


@pytest.mark.parametrize(
    ("tau", "needed"),
    [
        pytest.param(0.01, 99, id="one percent takes 99 red builds"),
        pytest.param(0.02, 49, id="two percent takes 49"),
        pytest.param(0.05, 19, id="five percent takes 19"),
        pytest.param(0.1, 9, id="ten percent takes nine"),
    ],
)
def test_too_few_red_builds_certify_nothing_so_everything_runs(tau: float, needed: int) -> None:
    assert threshold([0.1] * (needed - 1), tau) == EVERYTHING
    assert threshold([0.1] * needed, tau) == 0.1
    assert (certifiable(needed - 1, tau), certifiable(needed, tau)) == (False, True)


def test_a_tau_near_one_still_asks_for_the_first_order_statistic() -> None:
    assert threshold([3.0, 1.0, 2.0], 1 - 1e-12) == 1.0


@pytest.mark.parametrize("tau", [0.0, 1.0, -0.1, float("nan"), float("inf")])
def test_a_tau_that_is_no_probability_is_refused_by_name(tau: float) -> None:
    with pytest.raises(BadInput) as refused:
        threshold([0.1] * 200, tau)
    assert refused.value.field == "tau"


@pytest.mark.parametrize(("tau", "red_builds"), [(0.05, 40), (0.1, 25), (0.2, 10)])
def test_the_next_of_exchangeable_builds_escapes_as_rarely_as_promised(tau: float, red_builds: int) -> None:
    """20,000 draws: the rate may be above τ by four of its standard deviations, which these seeds do not need."""
    random = np.random.default_rng(7)
    drawn = random.gamma(0.5, size=(20_000, red_builds + 1))
    escaped = np.array([row[-1] > threshold(row[:-1].tolist(), tau) for row in drawn])
    assert escaped.mean() <= tau + 4 * np.sqrt(tau * (1 - tau) / escaped.size)
