"""How long a reader needs."""

import pytest

from maestro.render.reading import seconds, shown, words


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Nothing was left out.", 4),
        ("MC-QA-01 passes", 2),
        ("tests/test_cart.py::test_total", 5),
        ("a" * 64, 5),
        ("2026-11-23 09:31:07", 4),
        ("修复折扣", 4),
        ("— | … ✓", 0),
        ("", 0),
    ],
)
def test_words_are_counted_as_they_are_read(text: str, count: int) -> None:
    assert words([text]) == count


def test_two_hundred_and_thirty_eight_words_take_a_minute() -> None:
    assert seconds(238) == 60
    assert seconds(714) == 180
    assert seconds(715) == 181


def test_a_duration_is_shown_in_minutes_and_seconds() -> None:
    assert [shown(figure) for figure in (0, 59, 60, 110)] == ["0 s", "59 s", "1 min 0 s", "1 min 50 s"]
