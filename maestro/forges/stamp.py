"""The hidden first line of a text on a forge: under which business key, in which version and from when it is.

Only the first line counts: what comes behind it may quote anybody. Whether the text is ours at all, its author tells.
"""

import re
from datetime import datetime
from typing import NamedTuple

_LINE = re.compile(r"<!-- maestro key=(?P<key>\S{1,500}) version=(?P<version>[0-9]{1,9}) at=(?P<at>\S{1,40}) -->")


class Stamp(NamedTuple):
    """``key`` is ``kind/repo/pr/head_sha/ordinal``."""

    key: str
    version: int
    at: datetime

    @property
    def subject(self) -> str:
        """What is the same for all versions: kind, repository, pull request and head."""
        return self.key.rpartition("/")[0]

    @property
    def place(self) -> str:
        """What is the same for all heads of a pull request."""
        return self.subject.rpartition("/")[0]

    @property
    def head_sha(self) -> str:
        return self.subject.rpartition("/")[2]

    def settles(self, wanted: "Stamp") -> bool:
        """Whether ``wanted``, of the same head, must not take its place: it is the same, or an earlier one."""
        return self.key == wanted.key or (self.version, self.at) > (wanted.version, wanted.at)


def stamped(stamp: Stamp, text: str) -> str:
    return f"<!-- maestro key={stamp.key} version={stamp.version} at={stamp.at.isoformat()} -->\n\n{text}"


def read_stamp(text: str) -> Stamp | None:
    """The stamp of a text; None where it has none."""
    found = _LINE.fullmatch(text.partition("\n")[0].strip())
    if found is None:
        return None
    try:
        at = datetime.fromisoformat(found["at"])
    except ValueError:
        return None
    return Stamp(found["key"], int(found["version"]), at) if at.tzinfo else None
