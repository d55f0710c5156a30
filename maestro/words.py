"""Quantities as people read them: dollars, durations, grams. Two significant digits or more, never a false zero."""

from decimal import Decimal


def dollars(amount: Decimal) -> str:
    """``$12.50``, ``$0.0031``: cents where there are any, else three significant digits."""
    if amount == 0 or abs(amount) >= Decimal("0.10"):
        return f"${amount:,.2f}"
    places = 2 - amount.adjusted()
    return f"${amount:.{places}f}".rstrip("0")


def duration(seconds: float) -> str:
    """``0.42 s``, ``12 s``, ``3 min 20 s``, ``2 h 5 min``, ``3 d 4 h``."""
    if seconds < 10:
        return f"{seconds:.2g} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3_600:
        return _two(whole, 60, "min", 1, "s")
    if whole < 86_400:
        return _two(whole, 3_600, "h", 60, "min")
    return _two(whole, 86_400, "d", 3_600, "h")


def grams(amount: float) -> str:
    """``0.0098 g``, ``12 g``, ``1.4 kg``."""
    if amount < 1_000:
        return f"{amount:.2g} g" if amount < 100 else f"{amount:.0f} g"
    return f"{amount / 1_000:,.1f} kg"


def count(number: int, thing: str) -> str:
    """``1 test``, ``3 tests``; for things whose plural is an s."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def _two(seconds: int, big: int, big_unit: str, small: int, small_unit: str) -> str:
    rest = seconds % big // small
    return f"{seconds // big} {big_unit} {rest} {small_unit}" if rest else f"{seconds // big} {big_unit}"
