"""The time that figures are of, as people write it: ``30d``, ``2w``, ``12h``."""

import re

from maestro.errors import BadInput

DEFAULT_DAYS = 30.0
LONGEST_DAYS = 366.0
SHORTEST_DAYS = 1 / 24

_PERIOD = re.compile(r"([0-9]{1,4})([hdw])")
_DAYS = {"h": 1 / 24, "d": 1.0, "w": 7.0}


def days_of(text: str) -> float:
    """The days that ``text`` stands for. Raises BadInput for anything else than an hour to a year.

    >>> days_of("30d"), days_of("2w")
    (30.0, 14.0)
    """
    match = _PERIOD.fullmatch(text.strip().lower())
    days = int(match[1]) * _DAYS[match[2]] if match else 0.0
    if not SHORTEST_DAYS <= days <= LONGEST_DAYS:
        raise BadInput(
            f"{text[:40]!r} is no time that figures can be of", field="since", fix="say 24h, 30d or 12w; at most 366d"
        )
    return days
