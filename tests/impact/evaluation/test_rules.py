"""A random selection of the same time: how often it catches, against what can be counted by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.impact.evaluation.rules import RANDOM_ORDERS, random_starts


def test_one_failing_test_of_ten_equal_ones_is_caught_in_half_of_the_time_half_of_the_times() -> None:
    starts = random_starts(np.ones(10, np.float32), np.arange(10) == 3, seed=1)
    assert np.mean(starts <= 0.5 + 1e-9) == pytest.approx(0.5, abs=4 * 0.5 / RANDOM_ORDERS**0.5)


@given(
    st.lists(st.tuples(st.floats(0, 100, width=32), st.booleans()), min_size=1, max_size=30).filter(
        lambda tests: any(failing for _, failing in tests)
    )
)
def test_everything_catches_always_and_nothing_never(tests: list[tuple[float, bool]]) -> None:
    seconds, failing = (np.array(column) for column in zip(*tests, strict=True))
    starts = random_starts(seconds.astype(np.float32), failing.astype(np.bool_), seed=1)
    assert np.all(starts <= 1 + 1e-9)
    assert np.all(starts >= 0)
    if seconds.all():
        assert np.all(starts > 0)


def test_the_same_case_has_the_same_orders() -> None:
    seconds, failing = np.arange(20, dtype=np.float32), np.arange(20) == 7
    assert np.array_equal(random_starts(seconds, failing, seed=5), random_starts(seconds, failing, seed=5))
