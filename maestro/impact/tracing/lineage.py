"""Which pull request brought a commit to the main branch, however it was merged: by a merge, as it was, or squashed.

Read from the bare mirror. A head that the mirror does not have owes nothing.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from maestro.execution.git import ask, tell
from maestro.model.pull_request import PullRequest

LINE_LIMIT = 256
"""Revisions of a main branch that a search looks back over: eight halvings."""

_PLACES_IN_FILES = ("@@", "index ")
"""Lines of a diff that change with what surrounds it, and say nothing of what it does."""


def first_parents(mirror: Path, head: str) -> tuple[str, ...]:
    """The newest ``LINE_LIMIT`` revisions that a branch was at, oldest first, ``head`` last."""
    listed = tell(mirror, "rev-list", "--first-parent", f"--max-count={LINE_LIMIT}", head)
    return tuple(reversed(listed.split()))


def parent_of(mirror: Path, commit: str) -> str | None:
    """The revision that the branch was at before; None for a first commit."""
    answer = ask(mirror, "rev-parse", "--verify", "--quiet", f"{commit}^1")
    return answer.output.strip() if answer.ok else None


def owner_of(mirror: Path, commit: str, heads: Sequence[PullRequest]) -> PullRequest | None:
    """The pull request of ``heads`` that brought ``commit``, the newest of its heads; None where none of them did."""
    return _merged(mirror, commit, heads) or _contained(mirror, commit, heads) or _squashed(mirror, commit, heads)


def _merged(mirror: Path, commit: str, heads: Sequence[PullRequest]) -> PullRequest | None:
    """The head that a merge commit, or a fast-forward to it, brought."""
    parent = parent_of(mirror, commit)
    brought = tell(mirror, "rev-list", "--topo-order", commit, *([f"^{parent}"] if parent else [])).split()
    by_sha = {head.head_sha: head for head in heads}
    return next((by_sha[sha] for sha in brought if sha in by_sha), None)


def _contained(mirror: Path, commit: str, heads: Sequence[PullRequest]) -> PullRequest | None:
    """The pull request of several commits, one of which this is, that was put on the branch as it was."""
    for head in reversed(heads):
        answer = ask(mirror, "rev-list", head.head_sha, f"^{head.merge_base_sha}", "--")
        if answer.ok and commit in answer.output.split():
            return head
    return None


def _squashed(mirror: Path, commit: str, heads: Sequence[PullRequest]) -> PullRequest | None:
    """The pull request whose whole change is that of this one commit."""
    parent = parent_of(mirror, commit)
    wanted = _change(mirror, parent, commit) if parent else None
    if wanted is None:
        return None
    return next(
        (head for head in reversed(heads) if _change(mirror, head.merge_base_sha, head.head_sha) == wanted), None
    )


def _change(mirror: Path, old: str, new: str) -> str | None:
    """A digest of what changed, wherever in its files; None for no change, or for commits that are not there."""
    answer = ask(
        mirror, "diff-tree", "-r", "-p", "-U0", "--no-color", "--no-ext-diff", "--no-renames", "--binary", old, new
    )
    lines = [line for line in answer.output.splitlines() if not line.startswith(_PLACES_IN_FILES)]
    if not answer.ok or not lines:
        return None
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()
