"""A walk in figures, in parts, and in windows."""

from hypothesis import given
from hypothesis import strategies as st

from maestro.impact.calibration.walked import Walked
from tests.impact.calibration.walks import DAY_SECONDS, walk_of

walks = st.lists(st.tuples(st.booleans(), st.booleans()), max_size=60).map(
    lambda rows: walk_of(red=[red for red, _ in rows], escaped={0.05: [red and escaped for red, escaped in rows]})
)


def test_the_rate_is_of_red_builds_and_the_saving_of_all_builds() -> None:
    walk = walk_of(red=[True, False, True, False], escaped={0.05: [True, False, False, False]}, saved=0.75)
    (row,) = walk.figures().taus
    assert (row.escapes, row.red_builds, row.rate) == (1, 2, 0.5)
    assert (row.seconds, row.seconds_run, row.saved) == (400.0, 100.0, 0.75)


def test_a_walk_over_nothing_has_no_scores_and_no_time() -> None:
    figures = walk_of(red=[], escaped={0.05: []}).figures()
    assert (figures.builds, figures.brier, figures.ece, figures.first_at) == (0, None, None, None)
    assert (figures.taus[0].low, figures.taus[0].high) == (0.0, 1.0)


def test_builds_up_to_a_time_are_left_out_by_after() -> None:
    walk = walk_of(red=[True] * 4, escaped={0.05: [False] * 4})
    assert walk.after(1 * DAY_SECONDS).builds == ("b2", "b3")
    assert walk.after(9 * DAY_SECONDS).builds == ()


def test_the_newest_part_holds_as_many_red_builds_as_asked_for() -> None:
    walk = walk_of(red=[True, True, False, True, False], escaped={0.05: [False] * 5})
    assert walk.newest(red_builds=2).builds == ("b1", "b2", "b3", "b4")
    assert walk.newest(red_builds=9).builds == walk.builds


def test_predictions_stay_with_their_builds() -> None:
    walk = walk_of(red=[False, False, True], escaped={0.05: [False] * 3})
    assert walk.after(1 * DAY_SECONDS).happened.tolist() == [1.0]


@given(walks, st.integers(1, 10))
def test_windows_hold_every_build_once_and_enough_red_ones(walk: Walked, red_builds: int) -> None:
    windows = list(walk.windows(red_builds=red_builds))
    assert [build for window in windows for build in window.builds] == list(walk.builds)
    if len(windows) > 1:
        assert all(window.red.sum() >= red_builds for window in windows)
