"""Reads unified diffs, git's and plain ones.

Strict on purpose: a line that a tolerant parser drops is a change for which no test would be chosen. So whatever
stands where only a change can stand, and is none, is an error with its line number.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from maestro.errors import BadInput
from maestro.impact.knowledge.patch import FilePatch, Hunk, Patch
from maestro.impact.knowledge.paths import checked, header_paths, repository_paths, unquoted

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@")
_MODE = re.compile(r"(old|new|deleted file|new file) mode (\d{6})")
_INDEX = re.compile(r"index [0-9a-f]+\.\.[0-9a-f]+ (\d{6})")
_MOVE = re.compile(r"(rename|copy) (from|to) (.+)")
_COMBINED = ("diff --cc ", "diff --combined ", "@@@ ")
_BINARY = ("GIT binary patch", "Binary files ", "Binary file ")
_NO_NEWLINE = "\\"
_SIGNATURE = "-- "
"""The line above the version of git at the end of a mailed patch; it looks like a removed line."""


@dataclass(slots=True)
class _Draft:
    """What is known of the file that is being read. ``sides`` are its names with prefixes, from the best line yet."""

    line: int
    sides: tuple[str, str] = ("", "")
    moves: dict[str, str] = field(default_factory=dict)
    modes: dict[str, str] = field(default_factory=dict)
    hunks: list[Hunk] = field(default_factory=list)
    binary: bool = False
    copied: bool = False
    named: bool = False
    ended: bool = False

    def finished(self) -> FilePatch:
        old, new = repository_paths(*self.sides)
        old, new = self.moves.get("from", old), self.moves.get("to", new)
        old = "" if "new file" in self.modes else old
        new = "" if "deleted file" in self.modes else new
        if not (old or new):
            raise _malformed(self.line, "the diff does not say which file it changes")
        either = next(iter(self.modes.values()), "100644")
        return FilePatch(
            old,
            new,
            tuple(self.hunks),
            self.binary,
            self.copied,
            self.modes.get("old", either),
            self.modes.get("new", either),
        )


def parse_patch(text: str) -> Patch:
    """Read a diff; an empty text is an empty patch, and what stands before the first file is a mail's letter.

    ``BadInput`` with the line's number where it is malformed, cut off, a merge's combined diff, or no diff at all.
    """
    lines = text.removesuffix("\n").split("\n")
    drafts: list[_Draft] = []
    index = 0
    while index < len(lines):
        line = lines[index].rstrip("\r")
        index += 1
        if line.startswith(_COMBINED):
            raise _malformed(index, "it is the combined diff of a merge")
        if line.startswith("diff --git "):
            drafts.append(_Draft(index, sides=header_paths(line.removeprefix("diff --git "))))
        elif line.startswith("--- ") and lines[index : index + 1] and lines[index].startswith("+++ "):
            if not drafts or drafts[-1].named or drafts[-1].hunks:
                drafts.append(_Draft(index))
            drafts[-1].named = True
            drafts[-1].sides = (_side(line), _side(lines[index].rstrip("\r")))
            index += 1
        elif line.startswith("@@"):
            if not drafts or not drafts[-1].named:
                raise _malformed(index, "a hunk stands before the lines that name its file")
            hunk, index = _hunk(lines, index - 1)
            drafts[-1].hunks.append(hunk)
        elif drafts:
            _note(drafts[-1], line, index)
    if not drafts and text.strip():
        raise _malformed(1, "it is no unified diff")
    return Patch(tuple(draft.finished() for draft in drafts))


def _side(line: str) -> str:
    """The name in a ``---`` or ``+++`` line; what follows a tab is a time."""
    return unquoted(line[4:].partition("\t")[0])


def _note(draft: _Draft, line: str, number: int) -> None:
    """One line of a file's part that is neither its name nor a hunk."""
    if draft.binary or draft.ended:
        return
    if line.startswith(_BINARY):
        draft.binary = True
    elif match := _MODE.fullmatch(line):
        draft.modes[match[1]] = match[2]
    elif match := _INDEX.fullmatch(line):
        draft.modes["both"] = match[1]
    elif match := _MOVE.fullmatch(line):
        draft.moves[match[2]] = checked(unquoted(match[3]))
        draft.copied = match[1] == "copy"
    elif draft.hunks and line.rstrip() == _SIGNATURE.rstrip():
        draft.ended = True
    elif draft.hunks and line[:1] in {"+", "-", " "}:
        raise _malformed(number, "a hunk holds more lines than its header says")


def _hunk(lines: Sequence[str], index: int) -> tuple[Hunk, int]:
    """The hunk whose header is at ``index``, and the index behind it. Its lines are counted off, since they may look
    like anything.
    """
    match = _HUNK.match(lines[index])
    if match is None:
        raise _malformed(index + 1, "the header of a hunk is broken")
    old: list[str] = []
    new: list[str] = []
    sides = {" ": (old, new), "": (old, new), "\r": (old, new), "-": (old,), "+": (new,)}
    last: tuple[list[str], ...] = ()
    start, wanted = index, (int(match[2] or 1), int(match[3] or 1))
    index += 1
    while (len(old), len(new)) != wanted or (index < len(lines) and lines[index].startswith(_NO_NEWLINE)):
        row = lines[index] if index < len(lines) else None
        if row is None or len(old) > wanted[0] or len(new) > wanted[1]:
            raise _malformed(start + 1, "a hunk has another number of lines than its header says")
        if row.startswith(_NO_NEWLINE):
            for side in last:
                side[-1] = side[-1].removesuffix("\n")
        elif row[:1] in sides:
            last = sides[row[:1]]
            for side in last:
                side.append((row if row == "\r" else row[1:]) + "\n")
        else:
            raise _malformed(index + 1, "a line of a hunk begins with neither blank, plus nor minus")
        index += 1
    return Hunk(int(match[1]), tuple(old), tuple(new)), index


def _malformed(line: int, what: str) -> BadInput:
    return BadInput(
        f"the diff cannot be read: line {line}: {what}",
        field="patch",
        fix="give the unchanged output of `git diff` between two revisions",
    )
