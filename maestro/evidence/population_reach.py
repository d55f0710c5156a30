"""What is reached from what within a release's range: what each first parent brought in, and what a bundle's range is.

Everything that comes in is counted to the oldest first parent that contains it, in one walk over the range.
"""

from collections.abc import Callable

from maestro.evidence.merges import History
from maestro.evidence.merges_git import Commit


class Reach:
    """Questions about one history. What is not in the range was in the release before, or is not of this history."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._commits = history.commits
        self._place = {commit.sha: place for place, commit in enumerate(reversed(history.line))}
        self._joined: dict[str, int] = {}
        self._beside: dict[str, tuple[str, ...]] = {}
        self._older: dict[str, bool] = {}
        self._read: dict[str, Commit | None] = {}
        for place, commit in enumerate(reversed(history.line)):
            new = self._new_from(commit.sha)
            self._joined |= dict.fromkeys(new, place)
            self._beside[commit.sha] = tuple(sha for sha in new if sha not in self._place)

    def beside(self, sha: str) -> tuple[str, ...]:
        """What a first parent brought in beside the first parents."""
        return self._beside.get(sha, ())

    def known(self, sha: str) -> bool:
        """Whether a commit is of this history: in the range, or contained in the release before."""
        if sha in self._commits:
            return True
        if sha not in self._older:
            previous, repository = self._history.previous, self._history.repository
            self._older[sha] = (
                previous is not None and self.commit(sha) is not None and repository.is_ancestor(sha, previous.commit)
            )
        return self._older[sha]

    def commit(self, sha: str) -> Commit | None:
        """The commit of this id, also one outside the range; None where the clone does not have it."""
        if sha in self._commits:
            return self._commits[sha]
        if sha not in self._read:
            self._read[sha] = next(self._history.repository.commits([sha]), None)
        return self._read[sha]

    def reached_from(self, sha: str) -> Callable[[str], bool]:
        """Whether a commit of the range is contained in ``sha``; nothing is in what is older than the range."""
        if sha not in self._commits:
            return lambda _: False
        highest = -1
        side: set[str] = set()
        pending = [sha]
        while pending:
            here = pending.pop()
            if here in self._place:
                highest = max(highest, self._place[here])
            elif here in self._commits and here not in side:
                side.add(here)
                pending.extend(self._commits[here].parents)
        return lambda one: one in side or self._joined.get(one, len(self._place)) <= highest

    def range_to(self, head: str, base: str, *, first_parents: bool) -> set[str]:
        """What leads from ``base`` to ``head`` within the range: ``base..head``, or the first parents of it alone."""
        contained = self.reached_from(base)
        found: set[str] = set()
        pending = [head]
        while pending:
            here = pending.pop()
            if here in self._commits and here not in found and not contained(here):
                found.add(here)
                parents = self._commits[here].parents
                pending.extend(parents[:1] if first_parents else parents)
        return found

    def _new_from(self, sha: str) -> list[str]:
        new: dict[str, None] = {}
        pending = [sha]
        while pending:
            here = pending.pop()
            if here in self._commits and here not in self._joined and here not in new:
                new[here] = None
                pending.extend(self._commits[here].parents)
        return list(new)
