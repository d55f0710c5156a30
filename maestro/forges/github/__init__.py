"""GitHub, and GitHub Enterprise Server: comments, check runs and merges of pull requests, and what its webhooks mean.

- GitHub has no compare-and-swap for comments and check runs. So what stands there is looked at before every writing,
  what was written twice is made one again, and a lease of the ledger keeps two from writing at once.
- A merge by ``fast-forward`` is one: the base branch goes to the tested head from the base that was tested, or stays.
- Only what we wrote ourselves counts as ours: a marker in somebody else's comment is text.
"""

from maestro.forges.github.access import AppAccess, TokenAccess
from maestro.forges.github.checks import HeadChecks
from maestro.forges.github.forge import GITHUB, GitHub
from maestro.forges.github.merges import MergeMethod
from maestro.forges.github.webhooks import read_webhook

__all__ = [
    "GITHUB",
    "AppAccess",
    "GitHub",
    "HeadChecks",
    "MergeMethod",
    "TokenAccess",
    "read_webhook",
]
