"""Forges: where a decision is seen by those who are not at Maestro, as one comment and one merge.

A forge is a remote that no transaction of the ledger reaches. So each thing that is done there can be asked for by its
business key, and is done by compare-and-swap: whoever was overtaken changes nothing, also after having been frozen.
What a forge refuses for a reason that a person has to mend is an answer (``Refused``); an exception is for what a retry
mends.
"""

from maestro.forges.forge import (
    Annotation,
    Button,
    Comment,
    Commented,
    Forge,
    Merge,
    Merged,
    Refused,
    Remote,
    Stated,
    Status,
    StatusForge,
    StatusState,
)
from maestro.forges.plain_git import PlainGit

__all__ = [
    "Annotation",
    "Button",
    "Comment",
    "Commented",
    "Forge",
    "Merge",
    "Merged",
    "PlainGit",
    "Refused",
    "Remote",
    "Stated",
    "Status",
    "StatusForge",
    "StatusState",
]
