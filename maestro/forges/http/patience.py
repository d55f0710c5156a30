"""How long a forge is waited for, and what it says about waiting."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

UNTOLD_SECONDS = 60.0
"""After a limit of which the forge does not say how long it holds: GitHub asks for at least a minute."""

LIMIT_WORDS = ("rate limit", "abuse detection")
"""GitHub answers 403 both to what may never be done and to what may be done later; its sentence tells them apart."""


@dataclass(frozen=True)
class Patience:
    """``budget_seconds`` is for one request with all its pauses, ``attempt_seconds`` for one attempt of it."""

    budget_seconds: float = 120.0
    attempt_seconds: float = 30.0
    tries: int = 6
    first_pause_seconds: float = 0.5
    longest_pause_seconds: float = 20.0

    def pause(self, attempt: int) -> float:
        """Before the attempt after ``attempt`` (from 1). Jittered over its whole length, so that clients spread."""
        longest = min(self.longest_pause_seconds, self.first_pause_seconds * 2 ** (attempt - 1))
        return random.uniform(longest / 10, longest)  # noqa: S311 - spreads clients, guards nothing


PATIENCE = Patience()


def limited_seconds(status: int, headers: Mapping[str, str], said: str, *, now: datetime) -> float | None:
    """How long the forge's limit holds, or None where the answer is about no limit."""
    told = retry_after(headers, now=now)
    is_used_up = headers.get("x-ratelimit-remaining") == "0"
    is_told = told is not None or is_used_up or any(words in said.lower() for words in LIMIT_WORDS)
    if status != 429 and not (status == 403 and is_told):
        return None
    if told is not None:
        return told
    reset = _number(headers.get("x-ratelimit-reset", "")) if is_used_up else None
    # A second more: the forge counts in whole seconds of its own clock.
    return UNTOLD_SECONDS if reset is None else max(1.0, reset - now.timestamp() + 1)


def retry_after(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """The header ``Retry-After`` in seconds from now: it gives seconds, or a date. None where it is not readable."""
    told = headers.get("retry-after", "").strip()
    seconds = _number(told)
    if seconds is not None:
        return seconds
    try:
        moment = parsedate_to_datetime(told)
    except (TypeError, ValueError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def _number(text: str) -> float | None:
    # No float() on what comes from outside: it reads "nan" and "inf", and no pause has such a length.
    return float(text) if text.isascii() and text.isdigit() and len(text) < 12 else None
