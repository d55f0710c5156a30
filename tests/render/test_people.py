"""Figures as a reader expects them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.render import people


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (0, "0 s"),
        (0.01, "under 0.1 s"),
        (12.4, "12.4 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min"),
        (190, "3 min 10 s"),
        (3_599.7, "1 h"),
        (7_500, "2 h 5 min"),
        (86_400, "1 d"),
        (300_000, "3 d 11 h"),
    ],
)
def test_a_duration_reads_in_its_two_largest_units(amount: float, shown: str) -> None:
    assert people.seconds(amount) == shown


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("0", "$0"),
        ("0.00002", "<$0.0001"),
        ("0.0042", "$0.0042"),
        ("0.0131", "$0.0131"),
        ("0.222", "$0.22"),
        ("1234.5", "$1,234.50"),
        ("-0.5", "-$0.50"),
    ],
)
def test_money_keeps_the_digits_that_matter(amount: str, shown: str) -> None:
    assert people.money(Decimal(amount)) == shown


@pytest.mark.parametrize(
    ("grams", "shown"),
    [(0, "0 g"), (0.004, "under 0.01 g"), (0.05, "0.05 g"), (1.3, "1.3 g"), (999.96, "1.0 kg"), (2_345, "2.3 kg")],
)
def test_carbon_reads_in_grams_and_kilograms(grams: float, shown: str) -> None:
    assert people.carbon(grams) == shown


@pytest.mark.parametrize(
    ("part", "shown"), [(0, "0 %"), (0.001, "under 1 %"), (0.734, "73 %"), (0.9999, "over 99 %"), (1, "100 %")]
)
def test_a_share_is_nothing_or_everything_only_when_it_is(part: float, shown: str) -> None:
    assert people.share(part) == shown


@given(st.floats(min_value=0, max_value=1e9))
def test_no_duration_reads_as_sixty_of_anything(amount: float) -> None:
    words = people.seconds(amount).split()
    assert "60" not in words
    assert "60.0" not in words


def test_a_noun_takes_its_plural() -> None:
    assert (people.count(1, "test"), people.count(1_204, "test")) == ("1 test", "1,204 tests")
