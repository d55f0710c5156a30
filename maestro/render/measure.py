"""How much of a decision the main part of a narrative tells: from everything down to the least, until it is short."""

from dataclasses import dataclass, replace
from typing import Final

from maestro.render.untrusted import LINE_LIMIT


@dataclass(frozen=True)
class Limits:
    """Counts of entries, and ``characters`` of a sentence. ``tiers`` is the highest tier whose passing controls have a
    row; ``reasons_of_passes`` tells why they pass; ``names`` names the controls that have no row.
    """

    reasons: int
    controls: int
    tiers: int
    reasons_of_passes: bool
    names: bool
    failed: int
    moments: int
    characters: int = LINE_LIMIT


_ROWS: Final = Limits(reasons=12, controls=60, tiers=3, reasons_of_passes=True, names=True, failed=10, moments=16)
WHOLE: Final = replace(_ROWS, reasons=1_000, controls=1_000, failed=1_000, moments=1_000)
"""What an annex tells; the card has more where there is more."""

_FEWER: Final = replace(_ROWS, tiers=0, reasons_of_passes=False, moments=8, failed=6, reasons=8)

LEVELS: Final = (
    _ROWS,
    replace(_ROWS, reasons_of_passes=False, moments=12),
    replace(_ROWS, reasons_of_passes=False, moments=10, tiers=2),
    replace(_ROWS, reasons_of_passes=False, moments=8, tiers=1),
    _FEWER,
    replace(_FEWER, controls=24, moments=6),
    replace(_FEWER, controls=16, moments=6, failed=4, reasons=5),
    replace(_FEWER, controls=10, moments=4, failed=4, reasons=4),
    replace(_FEWER, controls=7, moments=4, failed=3, reasons=3),
    replace(_FEWER, controls=7, moments=4, failed=3, reasons=3, characters=240),
    replace(_FEWER, controls=6, moments=4, failed=3, reasons=3, characters=120, names=False),
    replace(_FEWER, controls=3, moments=2, failed=2, reasons=2, characters=40, names=False),
    replace(_FEWER, controls=1, moments=2, failed=1, reasons=1, characters=20, names=False),
)
"""A level is taken when all before it are too long to read in time. The last is short enough whatever it is given."""
