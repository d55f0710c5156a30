"""Proves that nothing stands in a narrative without a link to a file of its bundle.

Every paragraph, list item and table row must name a file that is there. Free of that are the fixed headings, column
heads and sentences below, and nothing else: a claim cannot hide in a heading. What is proven is that each unit has its
link, not that the file shows what the sentence says, nor that a style does not hide it; the PDF is laid out from the
same view and is not read back.
"""

import re
from collections.abc import Collection, Iterator
from typing import Final

from maestro.errors import BadInput
from maestro.render.blocks import Block, markdown_blocks
from maestro.render.card import HEADINGS
from maestro.render.pageblocks import page_blocks
from maestro.render.untrusted import line

SHOWN_AT_MOST: Final = 100
CLAIM_LIMIT: Final = 160

ANNEX: Final = "Annex, not counted in the reading time"

SECTIONS: Final = (
    "Controls",
    "Tests and risk",
    "Where it ran, and why there",
    "Timeline",
    "How to check this",
    ANNEX,
    "Every sentence that was shortened",
    "Every control",
    "Why τ is what it is",
    "The whole timeline",
)
"""Headings of sections. Append only: a narrative that was made with an older one is still proven."""

COLUMNS: Final = ("Control", "Answer", "Why", "Evidence", "Time (UTC)", "Who", "What")

SENTENCES: Final = (
    "Check the whole bundle without any service: maestro evidence verify BUNDLE",
    "Read any artifact by its digest: maestro evidence show DIGEST",
)
_READERS: Final = {"text/markdown": markdown_blocks, "text/html": page_blocks}
_READING: Final = re.compile(r"Reading time: (?:[0-9]{1,2} min )?[0-9]{1,2} s\.")
_FIXED: Final = frozenset((*HEADINGS.values(), *SECTIONS))


def unproven(document: bytes, media_type: str, paths: Collection[str]) -> tuple[str, ...]:
    """What of a narrative is not shown by a file: claims without a link, and links that lead to none of ``paths``.

    ``document`` is untrusted Markdown or HTML; ``paths`` are those of the bundle's files. Empty when all is proven.
    Raises BadInput for a document that is too large, of another type, or no UTF-8.
    """
    read = _READERS.get(media_type.split(";", maxsplit=1)[0].strip().lower())
    if read is None:
        raise BadInput(
            f"the sentences of {line(media_type, limit=CLAIM_LIMIT)!r} cannot be told apart",
            fix=f"give the narrative as one of {', '.join(_READERS)}",
        )
    known = frozenset(paths)
    found = [problem for block in read(document) for problem in _problems(block, known)]
    more = len(found) - SHOWN_AT_MOST
    return tuple(found[:SHOWN_AT_MOST]) + ((f"and {more:,} more",) if more > 0 else ())


def _problems(block: Block, paths: frozenset[str]) -> Iterator[str]:
    text = block.text
    shown = line(text, limit=CLAIM_LIMIT)
    if block.kind == "foreign":
        yield f"this does not belong into a narrative: {shown}"
    wrong = [href for href in block.links if not _resolves(href, paths)]
    yield from (f"a link leads to no file of the bundle: {line(href, limit=CLAIM_LIMIT) or shown}" for href in wrong)
    if block.kind == "heading" and text not in _FIXED:
        yield f"a heading says what no file shows: {shown}"
    if block.kind == "columns" and not _heads(block) <= set(COLUMNS):
        yield f"the head of a table says what no file shows: {shown}"
    if block.kind == "claim" and text and not block.links and not _connects(text):
        yield f"a claim without a link: {shown}"


def _heads(block: Block) -> set[str]:
    return {" ".join("".join(cell).split()) for cell in block.cells} | ({block.text} if not block.cells else set())


def _connects(text: str) -> bool:
    return text in SENTENCES or bool(_READING.fullmatch(text))


def _resolves(href: str, paths: frozenset[str]) -> bool:
    """Only the exact path of a file: no scheme, no query, no way up, no absolute path, nothing encoded."""
    parts = href.split("/")
    return href in paths and not {"", ".", ".."} & set(parts) and ":" not in href and "\\" not in href
