"""Quantities in words never read as another quantity."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.words import count, dollars, duration, grams


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "$0.00"),
        ("12.5", "$12.50"),
        ("1234.5", "$1,234.50"),
        ("0.10", "$0.10"),
        ("0.0031", "$0.0031"),
        ("0.00000015649", "$0.000000156"),
    ],
)
def test_dollars_show_cents_or_the_first_digits_that_count(amount: str, text: str) -> None:
    assert dollars(Decimal(amount)) == text


@given(st.decimals(min_value="1e-9", max_value="1e9", places=9))
def test_no_amount_reads_as_nothing(amount: Decimal) -> None:
    shown = Decimal(dollars(amount).lstrip("$").replace(",", ""))
    assert shown > 0
    assert abs(shown - amount) <= max(amount / 100, Decimal("0.005"))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.42, "0.42 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (200, "3 min 20 s"),
        (7_500, "2 h 5 min"),
        (90_000, "1 d 1 h"),
    ],
)
def test_durations_have_two_units_at_most(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(("amount", "text"), [(0.0098, "0.0098 g"), (12, "12 g"), (640.4, "640 g"), (1_400, "1.4 kg")])
def test_grams_turn_into_kilograms(amount: float, text: str) -> None:
    assert grams(amount) == text


def test_one_thing_is_singular() -> None:
    assert (count(1, "test"), count(1_200, "test")) == ("1 test", "1,200 tests")
