"""The schedule of a drill: reproducible, and never more than the machine and the promise allow."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.errors import BadInput
from workers.drill.faults import MOST_AT_ONCE, REGION_OUT, SORTS, Fault, FaultKind, hurts, schedule

REGIONS = ("eu-north", "eu-west")

drills = st.builds(
    lambda count, seed: schedule(count, seed=seed, regions=REGIONS), st.integers(1, 60), st.integers(0, 2**32)
)


def _rested_at(fault: Fault) -> float:
    return fault.ends_at_seconds + SORTS[fault.kind].rest_seconds


@given(st.integers(1, 100), st.integers(0, 2**32))
def test_the_same_seed_gives_the_same_drill(count: int, seed: int) -> None:
    assert schedule(count, seed=seed, regions=REGIONS) == schedule(count, seed=seed, regions=REGIONS)


def test_another_seed_gives_another_drill() -> None:
    assert schedule(50, seed=1, regions=REGIONS) != schedule(50, seed=2, regions=REGIONS)


@given(drills)
def test_faults_come_one_after_another_and_are_numbered_so(faults: tuple[Fault, ...]) -> None:
    assert [fault.number for fault in faults] == list(range(1, len(faults) + 1))
    assert all(one.at_seconds < other.at_seconds for one, other in itertools.pairwise(faults))


@given(drills)
def test_nothing_is_hurt_again_before_it_had_time_to_come_back(faults: tuple[Fault, ...]) -> None:
    for one, other in itertools.combinations(faults, 2):
        if set(hurts(one)) & set(hurts(other)):
            # Moments are rounded to milliseconds.
            assert _rested_at(one) <= other.at_seconds + 0.002


@given(drills)
def test_at_most_one_region_is_taken_out_at_a_time(faults: tuple[Fault, ...]) -> None:
    out = [fault for fault in faults if REGION_OUT in hurts(fault)]
    assert all(one.ends_at_seconds <= other.at_seconds for one, other in itertools.pairwise(out))


@given(drills)
def test_only_so_many_faults_last_at_once(faults: tuple[Fault, ...]) -> None:
    for fault in faults:
        lasting = [one for one in faults if one.at_seconds <= fault.at_seconds < one.ends_at_seconds]
        assert len(lasting) <= MOST_AT_ONCE


@pytest.mark.parametrize("seed", [7, 21, 99])
def test_a_long_drill_has_every_kind_and_takes_about_twenty_minutes(seed: int) -> None:
    faults = schedule(500, seed=seed, regions=REGIONS)
    assert {fault.kind for fault in faults} == set(FaultKind)
    assert 15 * 60 < faults[-1].at_seconds < 25 * 60


@given(st.integers(len(FaultKind), 40), st.integers(0, 2**32))
def test_a_short_drill_has_every_kind(count: int, seed: int) -> None:
    assert {fault.kind for fault in schedule(count, seed=seed, regions=REGIONS)} == set(FaultKind)


@pytest.mark.parametrize("count", [0, -1, 1_000_000])
def test_a_count_that_makes_no_drill_is_refused(count: int) -> None:
    with pytest.raises(BadInput, match="make no drill"):
        schedule(count, seed=1, regions=REGIONS)


def test_one_region_alone_makes_no_drill() -> None:
    with pytest.raises(BadInput, match="no region to go on in"):
        schedule(5, seed=1, regions=("eu-north",))
