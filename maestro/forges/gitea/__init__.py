"""Gitea: comments, commit statuses and merges by fast-forward of pull requests, and what its webhooks mean.

- Gitea has no compare-and-swap for comments and statuses. So what stands there is looked at before every writing and,
  for statuses, after it; and a lease of the ledger keeps two from writing at once.
- What is merged is the tested head itself, or nothing: the base branch goes to that commit, or stays.
- Only what we wrote ourselves counts as ours: a marker in somebody else's comment or status is text.
"""

from maestro.forges.gitea.forge import Gitea
from maestro.forges.gitea.statuses import CONTEXT
from maestro.forges.gitea.webhooks import read_webhook

__all__ = ["CONTEXT", "Gitea", "read_webhook"]
