"""The files that differ between the merge base and the head, read from the bare mirror; nothing is checked out."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from maestro.errors import BadInput
from maestro.execution.git import ask
from maestro.model.pull_request import SHA_PATTERN

RENAME_LIMIT = 1_000
"""Files on either side up to which git looks for renames, whatever the user's settings; beyond, a rename is a deletion
and an addition, which selects no fewer tests."""

_ABSENT = "000000"
_SYMLINK = "120000"
_SUBMODULE = "160000"


class ChangeKind(StrEnum):
    ADDED = "added"
    DELETED = "deleted"
    MODIFIED = "modified"
    RENAMED = "renamed"
    UNKNOWN = "unknown"
    """A status that git documents as a bug or an unmerged path."""


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """One changed file. ``path`` is its name at the head, or the last one that it had; ``old_path`` is the name that a
    rename took away. Names keep bytes that are not UTF-8 as surrogates; modes are git's, in octal.
    """

    path: str
    kind: ChangeKind
    old_path: str = ""
    old_mode: str = "100644"
    new_mode: str = "100644"

    @property
    def gone(self) -> str:
        """The path that no longer exists at the head, if there is one."""
        return self.path if self.kind is ChangeKind.DELETED else self.old_path

    @property
    def symlink(self) -> bool:
        """The file is, or was, a symbolic link."""
        return _SYMLINK in {self.old_mode, self.new_mode}

    @property
    def submodule(self) -> bool:
        """The path is, or was, a commit of another repository."""
        return _SUBMODULE in {self.old_mode, self.new_mode}


def changed_files(mirror: Path, merge_base: str, head: str) -> tuple[Change, ...]:
    """What the pull request changes, sorted by path.

    ``merge_base`` and ``head`` are complete commit ids that the mirror holds; ``BadInput`` names the one that is not.
    """
    for field, sha in (("merge_base", merge_base), ("head", head)):
        if not re.fullmatch(SHA_PATTERN, sha) or not ask(mirror, "cat-file", "-e", f"{sha}^{{commit}}").ok:
            raise BadInput(f"{sha!r} is not a commit of {mirror.name}", field=field, fix="fetch the revision first")
    answer = ask(
        mirror, "diff-tree", "-r", "-z", "--raw", "--no-abbrev", "-M50%", f"-l{RENAME_LIMIT}", merge_base, head
    )
    if not answer.ok:
        raise BadInput(f"git cannot compare the commits: {answer.error}", field="head", fix="fetch the mirror again")
    return tuple(sorted(_parse(answer.output)))


def _parse(raw: str) -> Iterator[Change]:
    """NUL-ended fields: ``:<old mode> <new mode> <old id> <new id> <status>``, the path, and after R the new path."""
    fields = iter(raw.split("\0")[:-1])
    for field in fields:
        old_mode, new_mode, _, _, status = field.removeprefix(":").split(" ")
        path = next(fields)
        if status[0] == "R":
            yield Change(next(fields), ChangeKind.RENAMED, path, old_mode, new_mode)
        else:
            yield Change(path, _KINDS.get(status[0], ChangeKind.UNKNOWN), "", old_mode, new_mode)


_KINDS = {"A": ChangeKind.ADDED, "D": ChangeKind.DELETED, "M": ChangeKind.MODIFIED, "T": ChangeKind.MODIFIED}
