"""From the ledger's seconds since the epoch to the ``datetime`` that the other rooms use."""

from datetime import UTC, datetime


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, tz=UTC)
