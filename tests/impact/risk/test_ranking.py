"""Ranking by value per second: what must run stands first, and going deeper only ever adds tests."""

from typing import NamedTuple

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from maestro.impact.risk.conformal import EVERYTHING, threshold
from maestro.impact.risk.ranking import WAYS, Depth, Flags, Floats, Scorer, Way, rankings


class Suite(NamedTuple):
    model: Floats
    recent: Floats
    seconds: Floats
    must: Flags


@st.composite
def suites(draw: st.DrawFn) -> Suite:
    count = draw(st.integers(1, 40))

    def column(values: st.SearchStrategy[float]) -> Floats:
        return np.array(draw(st.lists(values, min_size=count, max_size=count)))

    return Suite(
        model=column(st.floats(0, 1)),
        recent=column(st.floats(0, 1)),
        seconds=column(st.floats(1e-3, 1e4)),
        must=column(st.sampled_from([0.0, 0.0, 1.0])).astype(np.bool_),
    )


limits = st.floats(-60, 60)


@given(suites(), limits)
def test_a_test_that_must_run_always_runs(tests: Suite, limit: float) -> None:
    for way, ranking in rankings(**tests._asdict()).items():
        running = set(ranking.running(limit).tolist())
        assert set(np.flatnonzero(tests.must).tolist()) <= running, way


@given(suites(), limits, limits)
def test_going_deeper_never_leaves_out_what_ran_before(tests: Suite, one: float, other: float) -> None:
    for ranking in rankings(**tests._asdict()).values():
        less, more = (set(ranking.running(limit).tolist()) for limit in sorted((one, other)))
        assert less <= more


@given(suites(), st.lists(limits, max_size=60), st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_a_smaller_tau_never_runs_less(tests: Suite, past: list[float], one: float, other: float) -> None:
    smaller, greater = sorted((one, other))
    for ranking in rankings(**tests._asdict()).values():
        runs_more, runs_less = (set(ranking.running(threshold(past, tau)).tolist()) for tau in (smaller, greater))
        assert runs_less <= runs_more


@given(suites())
def test_every_way_ranks_each_test_once_and_no_depth_falls(tests: Suite) -> None:
    for way, ranking in rankings(**tests._asdict()).items():
        assert sorted(ranking.order.tolist()) == list(range(tests.seconds.size)), way
        assert not np.isnan(ranking.depth).any()
        assert np.all(ranking.depth[1:] >= ranking.depth[:-1]), way
        assert ranking.running(EVERYTHING).size == tests.seconds.size


@given(suites(), st.data())
def test_a_build_is_caught_where_its_first_failing_test_runs(tests: Suite, data: st.DataObject) -> None:
    size = tests.seconds.size
    failing = np.array(data.draw(st.lists(st.booleans(), min_size=size, max_size=size)))
    for ranking in rankings(**tests._asdict()).values():
        first = ranking.first(failing)
        if not failing.any():
            assert np.isnan(first)
            continue
        assert failing[ranking.running(first)].any()
        assert not failing[ranking.running(np.nextafter(first, -np.inf))].any() or np.isneginf(first)


def test_between_equal_probabilities_the_quicker_test_comes_first() -> None:
    equal = np.full(3, 0.2)
    ranked = rankings(
        model=equal, recent=equal, seconds=np.array([30.0, 1.0, 5.0]), must=np.zeros(3, np.bool_), ways=WAYS
    )
    assert ranked[Way(Scorer.MODEL, Depth.SHARE)].order.tolist() == [1, 2, 0]


def test_the_share_of_seconds_is_what_going_so_deep_costs() -> None:
    p = np.array([0.9, 0.5, 0.1, 0.01])
    seconds = np.array([10.0, 20.0, 30.0, 40.0])
    ranking = rankings(model=p, recent=p, seconds=seconds, must=np.zeros(4, np.bool_))[Way(Scorer.MODEL, Depth.SHARE)]
    assert ranking.running(0.31).tolist() == [0, 1]
    assert ranking.running(0.61).tolist() == [0, 1, 2]


def test_a_build_without_tests_is_ranked_as_nothing() -> None:
    nothing = np.empty(0)
    for ranking in rankings(model=nothing, recent=nothing, seconds=nothing, must=np.empty(0, np.bool_)).values():
        assert ranking.running(EVERYTHING).size == 0


@given(st.lists(st.sampled_from([0.1, 0.2, 0.3]), min_size=1, max_size=60))
def test_tests_of_equal_value_keep_their_own_order(p: list[float]) -> None:
    size = len(p)
    ranked = rankings(
        model=np.array(p), recent=np.array(p), seconds=np.ones(size), must=np.arange(size) % 7 == 3, ways=WAYS[:1]
    )[WAYS[0]]
    assert ranked.order.tolist() == sorted(
        range(size), key=lambda test: (test % 7 != 3, 0 if test % 7 == 3 else -p[test], test)
    )
