"""What the commits before a merge base did to the files that a pull request changes, read from the mirror.

One pass over a window of the log follows the renames of all files at once. Names, authors and subjects are of anybody's
making: the output is NUL-ended and read by position, so no name can pass for anything else.
"""

import os
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from maestro.assurance.gitread import git
from maestro.impact.changes import RENAME_LIMIT
from maestro.impact.risk.tau import HISTORY_DAYS
from maestro.ledger.schema import SECONDS_PER_DAY

COMMIT_LIMIT = 2_000
"""Commits that are read at most: half a year of a busy repository, and a bound on the seconds that a huge one takes."""

_HEADER = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})\x1f(?P<author>[^\x1f]*)\x1f(?P<subject>.*)", re.DOTALL)
_REVERT = re.compile(r"(revert|back(ed)? ?out|roll(ed)? ?back)\b", re.IGNORECASE)


@dataclass
class Past:
    """``commits`` and ``reverts`` count those that changed one of the files. ``files`` (by today's names) and
    ``folders`` are what the author in question changed.
    """

    commits: int = 0
    reverts: int = 0
    files: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)

    def knows(self, file: str) -> float:
        """1 where the author changed the file, half where only something else in its folder, else 0."""
        if file in self.files:
            return 1.0
        return 0.5 if posixpath.dirname(file) in self.folders else 0.0


def read_past(mirror: Path, base: str, files: frozenset[str], *, author: str) -> Past:
    """The past of ``files`` (as they are called at the commit ``base``), with what the address ``author`` did.

    Raises ``PlatformUnavailable`` when the mirror cannot answer.
    """
    past = Past()
    names = {file: file for file in files}
    for commit in _log(mirror, base):
        touched = {names[path] for path in commit.paths if path in names}
        for old, new in commit.renames:
            if new in names:
                names.setdefault(old, names[new])
        past.commits += bool(touched)
        past.reverts += bool(touched) and _REVERT.match(commit.subject) is not None
        if author and commit.author.casefold() == author.casefold():
            past.files |= touched
            past.folders |= {posixpath.dirname(path) for path in commit.paths}
    return past


@dataclass
class _Commit:
    author: str
    subject: str
    paths: list[str] = field(default_factory=list)
    renames: list[tuple[str, str]] = field(default_factory=list)


def _log(mirror: Path, base: str) -> Iterator[_Commit]:
    """The commits of the window, newest first. Merges are left out: they change nothing of their own."""
    since = int(git(mirror, "show", "--no-patch", "--format=%ct", base)) - round(HISTORY_DAYS * SECONDS_PER_DAY)
    window = (f"--max-count={COMMIT_LIMIT}", f"--since=@{since}", "--no-merges")
    form = ("-z", "--name-status", "-M50%", f"-l{RENAME_LIMIT}", "--format=%H%x1f%ae%x1f%s")
    return _parse(iter(os.fsdecode(git(mirror, "log", *window, *form, base)).split("\0")[:-1]))


def _parse(fields: Iterator[str]) -> Iterator[_Commit]:
    """A header, then a status and a path for each file, and for a rename two paths."""
    commit: _Commit | None = None
    for entry in fields:
        header = _HEADER.fullmatch(entry)
        if header is not None:
            if commit is not None:
                yield commit
            commit = _Commit(header["author"], header["subject"])
        elif commit is not None:
            # Git writes a line feed between a header and its first status.
            path = next(fields)
            if entry.lstrip("\n").startswith("R"):
                old, path = path, next(fields)
                commit.renames.append((old, path))
            commit.paths.append(path)
    if commit is not None:
        yield commit
