"""A unified diff as values: which files, which hunks, which lines; and the texts that it makes of others."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Self

from maestro.errors import BadInput
from maestro.impact.changes import Change, ChangeKind
from maestro.impact.names import shown

Read = Callable[[str], str | None]
"""The text of a file by its path from the top of the repository; None where there is none or it is not text."""


@dataclass(frozen=True, slots=True)
class Hunk:
    """``old`` lines from ``old_start`` (1-based; the line before them where ``old`` is empty) become ``new``.

    Lines keep their ends; the last line of a file may have none. Context stands in both.
    """

    old_start: int
    old: tuple[str, ...]
    new: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FilePatch:
    """The change of one file. ``old_path`` is empty for a new file, ``new_path`` for a deleted one.

    A ``copied`` file is new, and its text is made from ``old_path``, which stays. Modes are git's, in octal.
    """

    old_path: str
    new_path: str
    hunks: tuple[Hunk, ...] = ()
    binary: bool = False
    copied: bool = False
    old_mode: str = "100644"
    new_mode: str = "100644"

    @property
    def path(self) -> str:
        """Its name after the patch, or the last one that it had."""
        return self.new_path or self.old_path

    @property
    def moved_from(self) -> str:
        """The name that a rename took away, if there is one."""
        return self.old_path if self.new_path and self.old_path != self.new_path and not self.copied else ""

    def change(self) -> Change:
        """The same in the words of the import graph."""
        if not self.new_path:
            kind = ChangeKind.DELETED
        elif not self.old_path or self.copied:
            kind = ChangeKind.ADDED
        else:
            kind = ChangeKind.RENAMED if self.moved_from else ChangeKind.MODIFIED
        return Change(self.path, kind, self.moved_from, self.old_mode, self.new_mode)


@dataclass(frozen=True, slots=True)
class Patch:
    """The files of one diff, in its order."""

    files: tuple[FilePatch, ...]

    @classmethod
    def of(cls, changes: Iterable[Change]) -> Self:
        """The patch between two trees that can both be read: without hunks, which the texts themselves replace."""
        return cls(tuple(_between(change) for change in changes))


def _between(change: Change) -> FilePatch:
    """A side that is not there has the mode of the other one, as in a diff."""
    added, deleted = change.kind is ChangeKind.ADDED, change.kind is ChangeKind.DELETED
    return FilePatch(
        old_path="" if added else change.old_path or change.path,
        new_path="" if deleted else change.path,
        old_mode=change.new_mode if added else change.old_mode,
        new_mode=change.old_mode if deleted else change.new_mode,
    )


def apply_patch(patch: Patch, read: Read) -> dict[str, str | None]:
    """The texts after the patch by path; None for a path that is gone. Binary files are left out.

    ``BadInput`` naming file and hunk where the diff does not apply exactly: no line is searched for elsewhere.
    """
    texts: dict[str, str | None] = {}
    for file in patch.files:
        if file.binary:
            continue
        before: str | None = ""
        if file.old_path:
            before = texts[file.old_path] if file.old_path in texts else read(file.old_path)
        if before is None:
            raise _misfit(file, 1, "there is no such text file")
        after = _applied(file, before)
        if file.new_path:
            texts[file.new_path] = after
        if not file.new_path or file.moved_from:
            texts[file.old_path] = None
    return texts


def _applied(file: FilePatch, before: str) -> str:
    lines = _split(before)
    done: list[str] = []
    at = 0
    for number, hunk in enumerate(file.hunks, start=1):
        start = hunk.old_start - 1 if hunk.old else hunk.old_start
        end = start + len(hunk.old)
        if start < at:
            raise _misfit(file, number, "it overlaps the one before")
        if tuple(lines[start:end]) != hunk.old:
            raise _misfit(file, number, f"line {start + 1} of the file is not what the diff expects")
        done += lines[at:start]
        done += hunk.new
        at = end
    return "".join([*done, *lines[at:]])


def _split(text: str) -> list[str]:
    """Lines as git counts them: only a line feed ends one, unlike in ``str.splitlines``."""
    lines = [f"{line}\n" for line in text.split("\n")]
    last = lines.pop()[:-1]
    return [*lines, last] if last else lines


def _misfit(file: FilePatch, hunk: int, why: str) -> BadInput:
    return BadInput(
        f"the diff does not apply: hunk {hunk} of {shown(file.path)}: {why}",
        field="patch",
        fix="make the diff against the revision that is given as base, with the same line ends",
    )
