"""Charts: bars and lines stand where their numbers put them, and never where nothing is known."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.pages.charts import BOTTOM, LEFT, RIGHT, TOP, Plot, Series, Unit, lines, stacked

VALUES = st.lists(st.none() | st.floats(0, 1e12), min_size=1, max_size=60)


def plot(*series: list[float | None], unit: Unit = "count") -> Plot:
    return Plot(
        key="k",
        title="Title",
        told="What is seen.",
        labels=tuple(f"day {place}" for place in range(len(series[0]))),
        series=tuple(
            Series(name=f"s{n}", style="blue", values=tuple(values), told=tuple(str(value) for value in values))
            for n, values in enumerate(series)
        ),
        unit=unit,
    )


def test_bars_of_a_place_stand_on_top_of_each_other() -> None:
    chart = stacked(plot([2, None], [6, 4]))
    first, second, third = chart.bars
    assert first.y == second.y + second.height
    assert first.x == second.x
    assert third.x > first.x
    assert (second.height, third.height) == (first.height * 3, first.height * 2)
    assert first.told == "day 0: 2 s0"


def test_a_line_is_broken_where_nothing_is_known() -> None:
    chart = lines(plot([1, 2, None, 4, 5, None, 7]))
    assert [line.points.count(",") for line in chart.lines] == [2, 2]
    assert len(chart.marks) == 5


def test_the_table_has_every_number_and_leaves_out_places_of_which_nothing_is_known() -> None:
    chart = lines(plot([1, None, 3], [None, None, 5]))
    assert chart.table.titles == ("Day (UTC)", "S0", "S1")
    assert chart.table.rows == (("day 0", "1", "None"), ("day 2", "3", "5"))


def test_a_chart_of_nothing_is_empty() -> None:
    assert stacked(plot([None, 0])).empty
    assert lines(plot([None, None])).empty
    assert not lines(plot([0, None])).empty


def test_an_axis_of_time_is_read_in_units_of_time() -> None:
    labels = [tick.label for tick in lines(plot([200.0], unit="seconds")).y_ticks]
    assert labels == ["0 s", "1 min", "2 min", "3 min", "4 min"]
    assert lines(plot([30 * 86_400.0], unit="seconds")).y_ticks[1].label == "10 d"


@given(VALUES, st.sampled_from(["count", "seconds", "small"]))
def test_nothing_is_drawn_outside_of_the_drawing(values: list[float | None], unit: Unit) -> None:
    for chart in (stacked(plot(values, values, unit=unit)), lines(plot(values, values, unit=unit))):
        for bar in chart.bars:
            assert TOP - 0.2 <= bar.y <= BOTTOM
            assert LEFT <= bar.x < bar.x + bar.width <= RIGHT + 0.2
            assert bar.y + bar.height <= BOTTOM + 0.2
        for mark in chart.marks:
            assert TOP - 0.2 <= mark.y <= BOTTOM
            assert LEFT <= mark.x <= RIGHT
        assert 2 <= len(chart.y_ticks) <= 7
        assert len(chart.x_ticks) <= 7
