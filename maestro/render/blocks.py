"""The text of a narrative in its units of meaning, each with its links: read back from Markdown or a page.

A heading, a paragraph, a list item or a table row is a unit. What a narrative never has (raw HTML in Markdown, images,
scripts, comments, text outside of any unit) is a unit of its own, so that whoever judges the units sees it. The
documents are untrusted: nothing is fetched, run or followed.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token

from maestro.errors import BadInput

MARKDOWN_LIMIT_BYTES: Final = 512 * 1024
PAGE_LIMIT_BYTES: Final = 2 * MARKDOWN_LIMIT_BYTES
"""What is read back at most, so that a hostile document costs seconds. Our own are kept below it."""

NESTING: Final = 20
"""Units within units; a narrative has no two."""

_BARE_ADDRESS: Final = re.compile(r"://\S|\bwww\.\S", re.IGNORECASE)
"""What forges make a link of although it is none in Markdown. They leave code alone, and so does this."""

_UNSEEN: Final = frozenset({"C", "Z"})
"""Categories of characters that nobody sees: controls, formats, spaces."""

Kind = Literal["heading", "claim", "columns", "foreign"]


@dataclass
class Block:
    """A unit. ``words`` are the pieces of its visible text, ``cells`` the same by cell where it is a row of a table;
    ``links`` are the addresses of its links, empty for a link that shows nothing.
    """

    kind: Kind
    words: list[str] = field(default_factory=list)
    cells: list[list[str]] = field(default_factory=list)
    links: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The visible text on one line."""
        return " ".join("".join(self.words).split())

    def add(self, text: str) -> None:
        self.words.append(text)
        if self.cells:
            self.cells[-1].append(text)

    def link(self, href: str, since: int) -> None:
        """Note a link whose label are the words since then; one that nobody can see leads nowhere."""
        label = "".join(self.words[since:])
        seen = any(unicodedata.category(character)[0] not in _UNSEEN for character in label)
        self.links.append(href if seen else "")


def decoded(document: bytes, limit_bytes: int) -> str:
    """The text of a document. Raises BadInput for more than ``limit_bytes``, or for what is no UTF-8."""
    if len(document) > limit_bytes:
        raise BadInput(
            f"the narrative has {len(document):,} bytes, more than {limit_bytes:,}",
            fix="ask whoever made the bundle for a narrative of a usual size",
        )
    try:
        return document.decode()
    except UnicodeDecodeError as error:
        raise BadInput(f"the narrative is no UTF-8 text: {error.reason}", fix="ask for the bundle again") from error


def markdown_blocks(document: bytes) -> list[Block]:
    """The units of a Markdown document (CommonMark with tables). Raises BadInput as ``decoded`` does."""
    parser = MarkdownIt("commonmark", {"maxNesting": NESTING}).enable("table")
    # Every address is judged, also those that this parser would not make a link: another program may.
    parser.validateLink = lambda url: True  # type: ignore[method-assign]  # noqa: ARG005
    try:
        tokens = parser.parse(decoded(document, MARKDOWN_LIMIT_BYTES))
    except (RecursionError, ValueError, IndexError) as error:
        raise BadInput("the narrative is no Markdown that can be read", fix="ask for the bundle again") from error
    return list(_units(tokens))


def _units(tokens: Sequence[Token]) -> Iterator[Block]:
    """Text stands in ``inline`` tokens alone; those of a row belong to one unit."""
    inside: set[str] = set()
    row: Block | None = None
    for token in tokens:
        name = token.type.removesuffix("_open").removesuffix("_close")
        if token.type.endswith("_open"):
            inside.add(name)
            row = Block("columns" if "thead" in inside else "claim") if name == "tr" else row
        elif token.type.endswith("_close"):
            inside.discard(name)
            if name == "tr" and row is not None:
                yield row
                row = None
        elif token.type == "inline":
            unit = row or Block("heading" if "heading" in inside else "claim")
            yield from _read(token.children or [], unit)
            if row is None:
                yield unit
        elif token.type in {"fence", "code_block"}:
            yield Block("claim", [token.content])
        elif token.type == "html_block":
            yield Block("foreign", [token.content])


def _read(children: Sequence[Token], unit: Block) -> Iterator[Block]:
    """Add text and links to ``unit``; what does not belong into a narrative comes back as units of its own."""
    unit.cells.append([])
    href, since = "", 0
    for token in children:
        if token.type == "link_open":
            href, since = str(token.attrGet("href") or ""), len(unit.words)
            if token.attrGet("title"):
                yield Block("foreign", [str(token.attrGet("title"))])
        elif token.type == "link_close":
            unit.link(href, since)
        elif token.type in {"image", "html_inline"}:
            yield Block("foreign", [token.content or str(token.attrGet("src"))])
        else:
            unit.add(" " if token.type in {"softbreak", "hardbreak"} else token.content)
            if token.type == "text" and _BARE_ADDRESS.search(token.content):
                yield Block("foreign", [token.content])
    unit.add(" ")
