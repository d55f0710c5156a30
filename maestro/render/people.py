"""Figures as people write them: 12.4 s, 3 min 10 s, $0.0042, 1.3 g, 73 %."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from maestro.render.untrusted import Shown

_MINUTE: Final = 60
_HOUR: Final = 3_600
_DAY: Final = 86_400
_SMALLEST_USD: Final = Decimal("0.0001")


def seconds(amount: float) -> Shown:
    """A duration in its two largest units; below a minute to a tenth of a second."""
    if amount < 0.05:
        return Shown("0 s" if amount <= 0 else "under 0.1 s")
    if round(amount, 1) < _MINUTE:
        return Shown(f"{amount:.1f} s")
    whole = round(amount)
    for size, unit, smaller, smaller_unit in ((_DAY, "d", _HOUR, "h"), (_HOUR, "h", _MINUTE, "min")):
        if whole >= size:
            rest = whole % size // smaller
            return Shown(f"{whole // size:,} {unit}" + (f" {rest} {smaller_unit}" if rest else ""))
    rest = whole % _MINUTE
    return Shown(f"{whole // _MINUTE} min" + (f" {rest} s" if rest else ""))


def money(amount: Decimal) -> Shown:
    """Dollars: to the cent from ten cents up, to a hundredth of a cent below."""
    if not amount:
        return Shown("$0")
    sign, size = ("-" if amount < 0 else ""), abs(amount)
    if size < _SMALLEST_USD:
        return Shown(f"{sign}<${_SMALLEST_USD}")
    if size >= Decimal("0.1"):
        return Shown(f"{sign}${size:,.2f}")
    return Shown(f"{sign}${size:.4f}")


def carbon(grams: float) -> Shown:
    """Grams of CO2 equivalent, kilograms from one thousand up."""
    if grams <= 0:
        return Shown("0 g")
    if grams < 0.01:
        return Shown("under 0.01 g")
    if grams < 0.1:
        return Shown(f"{grams:.2f} g")
    return Shown(f"{grams:.1f} g" if round(grams, 1) < 1_000 else f"{grams / 1_000:,.1f} kg")


def share(part: float) -> Shown:
    """A share in whole per cent that says neither 0 nor 100 unless it is."""
    if 0 < part < 0.01:
        return Shown("under 1 %")
    if 0.99 < part < 1:
        return Shown("over 99 %")
    return Shown(f"{part * 100:.0f} %")


def probability(chance: float) -> Shown:
    """A probability in per cent to two digits that says neither 0 nor 100 unless it is."""
    percent = chance * 100
    if 0 < percent < 0.01:
        return Shown("under 0.01 %")
    if 99.99 < percent < 100:
        return Shown("over 99.99 %")
    return Shown(f"{percent:.2g} %" if percent < 10 else f"{percent:.4g} %")


def count(number: int, noun: str) -> Shown:
    """A number with its noun, in the plural where it needs one: 1 test, 1,204 tests."""
    return Shown(f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s")


def day(at: datetime) -> Shown:
    """A date in UTC."""
    return Shown(f"{at.astimezone(UTC):%Y-%m-%d}")


def clock(at: datetime) -> Shown:
    """A time of day in UTC to the second."""
    return Shown(f"{at.astimezone(UTC):%H:%M:%S}")
