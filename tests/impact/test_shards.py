"""Shards: every test once, files together, even loads, the same answer each time."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.errors import BadInput
from maestro.impact.shards import UNKNOWN_SECONDS, expected_seconds, split

SECONDS = st.lists(st.floats(min_value=0, max_value=1_000), max_size=60)


@given(SECONDS, st.floats(min_value=0.1, max_value=500), st.integers(1, 20), st.integers(1, 7))
def test_every_test_is_in_exactly_one_shard(seconds: list[float], target: float, most: int, per_file: int) -> None:
    files = [f"test_{index // per_file}.py" for index in range(len(seconds))]
    shards = split(seconds, target_seconds=target, max_shards=most, files=files)
    assert sorted(index for shard in shards for index in shard) == list(range(len(seconds)))
    assert len(shards) <= most
    assert all(shards)


@given(SECONDS.filter(bool), st.integers(1, 20))
def test_no_shard_is_longer_than_twice_the_fair_share_and_the_longest_test(seconds: list[float], most: int) -> None:
    shards = split(seconds, target_seconds=50, max_shards=most)
    fair = sum(seconds) / min(most, len(seconds), max(1, math.ceil(sum(seconds) / 50)))
    longest = max(sum(seconds[index] for index in shard) for shard in shards)
    assert longest <= fair + max(seconds) + 1e-6


def test_the_tests_of_a_file_stay_together_where_they_fit() -> None:
    files = ["a.py", "b.py", "a.py", "b.py", "c.py", "c.py"]
    shards = split([5.0] * 6, target_seconds=10, max_shards=3, files=files)
    assert shards == ((0, 2), (1, 3), (4, 5))


def test_a_file_that_is_longer_than_a_fair_share_is_cut() -> None:
    shards = split([10.0] * 8, target_seconds=20, max_shards=4, files=["slow.py"] * 8)
    assert [len(shard) for shard in shards] == [2, 2, 2, 2]


def test_a_short_selection_is_one_shard() -> None:
    assert split([0.1] * 50, target_seconds=60, max_shards=16) == (tuple(range(50)),)


def test_an_empty_selection_has_no_shard() -> None:
    assert split([], target_seconds=60, max_shards=16) == ()


@pytest.mark.parametrize(
    ("seconds", "target", "most", "files", "field"),
    [
        pytest.param([1.0], 0.0, 1, [], "target_seconds", id="a shard without length"),
        pytest.param([1.0], math.nan, 1, [], "target_seconds", id="a length that is no number"),
        pytest.param([1.0], 60.0, 0, [], "max_shards", id="no shard allowed"),
        pytest.param([1.0, -2.0], 60.0, 1, [], "expected_seconds[1]", id="a negative duration"),
        pytest.param([math.inf], 60.0, 1, [], "expected_seconds[0]", id="an endless test"),
        pytest.param([1.0], 60.0, 1, ["a", "b"], "files", id="more files than tests"),
    ],
)
def test_limits_that_make_no_sense_are_refused_by_name(
    seconds: list[float], target: float, most: int, files: list[str], field: str
) -> None:
    with pytest.raises(BadInput) as refused:
        split(seconds, target_seconds=target, max_shards=most, files=files)
    assert refused.value.field == field


def test_an_unknown_test_is_expected_to_take_as_long_as_the_median() -> None:
    durations = {"a": 1.0, "b": 2.0, "c": 9.0, "elsewhere": 500.0}
    assert expected_seconds(["a", "b", "c", "new"], durations)["new"] == 2.0


def test_without_any_history_every_test_has_the_same_duration() -> None:
    assert expected_seconds(["a", "b"], {}) == {"a": UNKNOWN_SECONDS, "b": UNKNOWN_SECONDS}


def test_a_duration_that_is_no_number_counts_as_unknown() -> None:
    assert expected_seconds(["a", "b"], {"a": math.nan, "b": 3.0}) == {"a": 3.0, "b": 3.0}
