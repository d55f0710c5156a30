"""The times that exports write: ISO 8601 first, and the same with slashes; without a zone they are UTC."""

from datetime import UTC, datetime

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def epoch_seconds(text: str) -> float:
    """Seconds since the epoch. Raises ValueError for what is no time.

    >>> epoch_seconds("2017/06/22 15:53:30") == epoch_seconds("2017-06-22T17:53:30+02:00")
    True
    """
    found = datetime.fromisoformat(text.strip().replace("/", "-"))
    return ((found if found.tzinfo else found.replace(tzinfo=UTC)) - _EPOCH).total_seconds()
