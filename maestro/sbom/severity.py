"""How severe an advisory is: by the highest of its CVSS vectors, else by its publisher's word, else unrated."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from cvss import CVSS2, CVSS3, CVSS4  # type: ignore[import-untyped]
from cvss.exceptions import CVSSError  # type: ignore[import-untyped]

from maestro.sbom.advisories import Advisory

CRITICAL: Final = Decimal("9.0")
HIGH: Final = Decimal("7.0")
MEDIUM: Final = Decimal("4.0")

MALICIOUS: Final = "MAL-"
"""Ids of packages that were made to do harm; CVSS has no vector for that, and nothing is worse."""


class Severity(StrEnum):
    """From worst to best; ``UNRATED`` says that nobody has judged it, which is no good news."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    NONE = "none"
    UNRATED = "unrated"


WORST_FIRST: Final = tuple(Severity)

_WORDS: Final = {
    "CRITICAL": Severity.CRITICAL,
    "HIGH": Severity.HIGH,
    "MODERATE": Severity.MEDIUM,
    "MEDIUM": Severity.MEDIUM,
    "LOW": Severity.LOW,
}


@dataclass(frozen=True)
class Rating:
    """A judgement and what it rests on: a vector with its base score, the publisher's word, or nothing."""

    severity: Severity
    vector: str = ""
    score: Decimal | None = None


def rating(advisory: Advisory) -> Rating:
    """How severe the advisory is."""
    scored = [
        Rating(_severity(score), vector, score)
        for vector in advisory.vectors
        if (score := base_score(vector)) is not None
    ]
    if any(name.startswith(MALICIOUS) for name in advisory.names):
        return Rating(Severity.CRITICAL)
    if scored:
        return max(scored, key=lambda each: (each.score or Decimal(0), each.vector))
    return Rating(_WORDS.get(advisory.published.upper(), Severity.UNRATED))


def base_score(vector: str) -> Decimal | None:
    """The base score of a CVSS vector of version 2, 3.0, 3.1 or 4.0; None for what is no such vector."""
    kind = CVSS4 if vector.startswith("CVSS:4") else CVSS3 if vector.startswith("CVSS:3") else CVSS2
    try:
        score = kind(vector).base_score
    except (CVSSError, ArithmeticError, LookupError, TypeError, ValueError):
        return None
    return None if score is None else Decimal(str(score))


def _severity(score: Decimal) -> Severity:
    if score >= CRITICAL:
        return Severity.CRITICAL
    if score >= HIGH:
        return Severity.HIGH
    if score >= MEDIUM:
        return Severity.MEDIUM
    return Severity.LOW if score > 0 else Severity.NONE
