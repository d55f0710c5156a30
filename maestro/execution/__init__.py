"""Runs the tests of pull requests: from a repository and revisions to verdicts, with nothing of it trusted.

``resolve_pull_request`` checks what a person named; ``open_tree`` fetches a commit into a mirror, checks it out, builds
or reuses its environment and gives a ``Tree`` whose tests are listed and run in a sandbox. Invariants: a red test is a
verdict, what keeps a runner from giving verdicts is a ``Problem``, and when a tree is closed, cancelled or its process
killed, neither a process nor a worktree of it stays (after a kill: until the next tree is opened).
"""

from maestro.execution.environment import Environment
from maestro.execution.places import Places
from maestro.execution.resolve import resolve_pull_request
from maestro.execution.runners import Listing, OnOutcomes, RunOutput
from maestro.execution.settings import ExecutionSettings, Isolation
from maestro.execution.tree import Tree, open_tree

__all__ = [
    "Environment",
    "ExecutionSettings",
    "Isolation",
    "Listing",
    "OnOutcomes",
    "Places",
    "RunOutput",
    "Tree",
    "open_tree",
    "resolve_pull_request",
]
