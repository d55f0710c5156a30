"""The comments that one text holds, each under a line that carries its business key.

A forge that keeps one text for a commit (a git note) keeps the comments of all pull requests with this head in it. What
is quoted in a comment was written by anybody, so a line that looks like ours is indented there.
"""

import re
from datetime import datetime
from typing import NamedTuple

from maestro.forges.forge import Comment

_SIGN = "<!-- maestro "
_LINE = re.compile(r"^<!-- maestro key=(?P<key>\S+) version=(?P<version>[0-9]+) at=(?P<at>\S+) -->$")


class Section(NamedTuple):
    """A comment as it was found. ``subject`` is its key without the ordinal: what is the same for all its versions."""

    key: str
    version: int
    at: datetime
    text: str

    @property
    def subject(self) -> str:
        return _subject(self.key)


def find(text: str, comment: Comment) -> Section | None:
    """The comment of this pull request's head in whatever version, or None."""
    return next((section for section in _sections(text) if section.subject == _subject(comment.key)), None)


def is_settled(found: Section, comment: Comment) -> bool:
    """Whether ``comment`` must not replace what was found: it is the same, or an earlier one."""
    return found.key == comment.key or (found.version, found.at) > (comment.version, comment.at)


def replaced(text: str, comment: Comment) -> str:
    """``text`` with ``comment`` where its earlier version was, or at the end; other comments as they were."""
    mine = Section(comment.key, comment.version, comment.at, _quoted(comment.text))
    sections = _sections(text)
    kept = [mine if section.subject == mine.subject else section for section in sections]
    return "\n".join(_written(section) for section in (kept if mine in kept else [*kept, mine]))


def _sections(text: str) -> list[Section]:
    """Every comment in ``text``. What stands before the first marker was not written by us and has no place to go."""
    sections: list[Section] = []
    lines: list[str] = []
    for line in text.splitlines():
        head = _LINE.match(line)
        if head is None:
            lines.append(line)
            continue
        _close(sections, lines)
        lines = []
        sections.append(Section(head["key"], int(head["version"]), datetime.fromisoformat(head["at"]), ""))
    _close(sections, lines)
    return sections


def _close(sections: list[Section], lines: list[str]) -> None:
    if sections:
        sections[-1] = sections[-1]._replace(text="\n".join(lines).strip("\n"))


def _written(section: Section) -> str:
    marker = f"{_SIGN}key={section.key} version={section.version} at={section.at.isoformat()} -->"
    return f"{marker}\n\n{section.text}\n"


def _quoted(text: str) -> str:
    lines = (f" {line}" if line.startswith(_SIGN) else line for line in text.splitlines())
    return "\n".join(lines).strip("\n")


def _subject(key: str) -> str:
    return key.rpartition("/")[0]
