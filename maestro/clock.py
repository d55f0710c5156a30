"""The host's clock, for what the ledger's clock does not time: one function, so that a drill can step it.

``MAESTRO_CLOCK_FILE`` names a file with an offset in seconds. Nothing that must happen once depends on this clock.
"""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

VARIABLE = "MAESTRO_CLOCK_FILE"


def utc_now() -> datetime:
    """Now by this host's clock, stepped by the offset in the file where one is named and can be read."""
    return datetime.now(UTC) + timedelta(seconds=_offset_seconds())


def _offset_seconds() -> float:
    path = os.environ.get(VARIABLE, "")
    if not path:
        return 0.0
    try:
        return float(Path(path).read_text(encoding="ascii"))
    except (OSError, ValueError):
        # The drill replaces the file while we read; a clock that is not stepped for one reading is a clock.
        return 0.0
