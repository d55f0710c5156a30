"""Which tests are worth running at night though nothing asks for them: never run, not run for long, or unsure.

Pure, and the same for everybody on the same day. Within a small budget of seconds it goes for the most worth per
second; what is equal takes turns by a draw that the date decides.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

STALE_DAYS = 30.0
"""A test that has not run for so long is worth as much as one of which nothing but a coin could tell the verdict."""

WIDEST = 0.5
"""The standard deviation of a probability cannot be larger."""

NEVER = 4.0
"""The worth of a first run: more than any test can have that ran in the last two months and is known to some degree."""

_LEAST_SECONDS = 0.05
"""What starting a test costs at least, so that one that measured as nothing is not worth everything."""


@dataclass(frozen=True)
class Pick:
    """A test to run, and the sentence on why it is worth it."""

    test: str
    reason: str
    worth: float
    expected_seconds: float


def explore(
    tests: Sequence[str],
    *,
    last_run: Mapping[str, datetime],
    uncertainty: Mapping[str, float] | None,
    seconds: Mapping[str, float],
    budget_seconds: float,
    now: datetime,
) -> tuple[Pick, ...]:
    """The picks that the budget has room for, the most worth per second first.

    ``last_run`` has the tests that ever ran, ``uncertainty`` the standard deviation of what is believed of a test's
    failing (or None without a model), ``seconds`` what each test takes. A test that alone exceeds the budget is left.
    """
    picks = [
        pick
        for test in dict.fromkeys(tests)
        if (pick := _pick(test, last_run.get(test), (uncertainty or {}).get(test, 0.0), seconds[test], now)).worth > 0
    ]
    picks.sort(key=lambda pick: (-pick.worth / pick.expected_seconds, _turn(pick.test, now.date())))
    chosen, left = [], budget_seconds
    for pick in picks:
        if pick.expected_seconds <= left:
            chosen.append(pick)
            left -= pick.expected_seconds
    return tuple(chosen)


def _pick(test: str, ran: datetime | None, deviation: float, seconds: float, now: datetime) -> Pick:
    unsure = min(max(deviation, 0.0), WIDEST) / WIDEST if math.isfinite(deviation) else 1.0
    takes = max(seconds, _LEAST_SECONDS)
    if ran is None:
        return Pick(test=test, reason="it has never run", worth=NEVER + unsure, expected_seconds=takes)
    days = max((now - ran).total_seconds() / 86_400, 0.0)
    stale = min(days / STALE_DAYS, NEVER - 1)
    reason = (
        f"it has not run for {days:.0f} days"
        if stale >= unsure
        else f"its probability to fail is known to {deviation:.2f} only"
    )
    # A test that ran in the last day has nothing new to say, unless its verdict is anybody's guess.
    worth = unsure + (stale if days >= 1 else 0.0)
    return Pick(test=test, reason=reason, worth=worth, expected_seconds=takes)


def _turn(test: str, day: date) -> bytes:
    return hashlib.sha256(f"{day.isoformat()}\0{test}".encode("utf-8", "surrogatepass")).digest()
