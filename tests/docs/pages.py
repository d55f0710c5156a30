"""The pages of the documentation, and what in them can be run or looked up."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]

PAGES = tuple(
    path.relative_to(ROOT).as_posix()
    for path in (
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
        *sorted((ROOT / "docs").rglob("*.md")),
    )
)

CODE = ("maestro", "workflows", "activities", "workers", "gateway")
"""The rooms that hold Python."""

_ASSIGNMENT = re.compile(r"^[A-Z_]+=")


@dataclass(frozen=True)
class Block:
    """A fenced block. ``info`` is what stands behind its language, ``line`` where its fence is."""

    page: str
    line: int
    language: str
    info: str
    text: str

    @property
    def exit_code(self) -> int:
        """How its commands end, as ``exit=1`` behind the language says."""
        return int(self.info.removeprefix("exit=") or 0)

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(page: str, *languages: str) -> tuple[Block, ...]:
    """The fenced blocks of a page in those languages."""
    found = []
    for token in _tokens(page):
        language, _, info = token.info.strip().partition(" ")
        if token.type == "fence" and language in languages:
            assert token.map is not None
            found.append(Block(page, token.map[0] + 1, language, info, token.content))
    return tuple(found)


def inline_code(page: str) -> tuple[str, ...]:
    """Everything that stands between single backquotes."""
    return tuple(child.content for child in _children(page) if child.type == "code_inline")


def links(page: str) -> tuple[str, ...]:
    """Where links and images lead."""
    targets = (child.attrGet("href") or child.attrGet("src") for child in _children(page))
    return tuple(str(target) for target in targets if target)


def headings(page: str) -> frozenset[str]:
    """The anchors of a page, as forges make them of its headings."""
    tokens = _tokens(page)
    titles = [tokens[at + 1].content for at, token in enumerate(tokens) if token.type == "heading_open"]
    return frozenset(re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles)


def commands(text: str, program: str) -> Iterator[list[str]]:
    """The words behind ``program`` of each line in ``text`` that runs it, without variables set and redirections."""
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        for part in line.split("&&"):
            words = shlex.split(part, comments=True)
            while words and _ASSIGNMENT.match(words[0]):
                words = words[1:]
            if words and words[0] == program:
                yield words[1 : words.index(">") if ">" in words else None]


def _tokens(page: str) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse((ROOT / page).read_text(encoding="utf-8"))


def _children(page: str) -> Iterator[Token]:
    for token in _tokens(page):
        yield from token.children or ()
