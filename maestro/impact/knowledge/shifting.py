"""Moves the lines of an edit to where they were when tests were recorded, for files that changed in between."""

from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from maestro.impact.knowledge.edits import Edit


def shifted(edit: Edit, text: str, recorded: str) -> Edit:
    """The edit of ``text`` with the lines of ``recorded``.

    A line that is in both keeps its meaning; one that came later stands for the line before it and the one after it,
    as an inserted line does.
    """
    places = _places(text.splitlines(), recorded.splitlines())
    return replace(edit, lines=tuple(_moved(each, places) for each in edit.lines), span=_moved(edit.span, places))


def _places(lines: Sequence[str], recorded: Sequence[str]) -> list[tuple[int, int]]:
    """For each line, from 1, the first and the last recorded line that stand for it."""
    places = [(1, 1)]
    matcher = SequenceMatcher(None, lines, recorded, autojunk=False)
    for tag, start, end, other_start, other_end in matcher.get_opcodes():
        if tag == "equal":
            places += [(line, line) for line in range(other_start + 1, other_end + 1)]
        else:
            places += [(max(other_start, 1), other_end + 1)] * (end - start)
    return places


def _moved(lines: range, places: Sequence[tuple[int, int]]) -> range:
    inside = places[lines.start : lines.stop]
    return range(inside[0][0], inside[-1][1] + 1) if inside else range(0)
