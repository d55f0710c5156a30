"""Lays a narrative out as Markdown and as a page, at the greatest length that is still read in three minutes."""

from dataclasses import replace
from typing import Final, NamedTuple

from maestro.model.decision import DecisionCard
from maestro.render import templates
from maestro.render.blocks import MARKDOWN_LIMIT_BYTES, PAGE_LIMIT_BYTES, markdown_blocks
from maestro.render.linked import ANNEX
from maestro.render.measure import LEVELS
from maestro.render.reading import LIMIT_SECONDS, seconds, shown, words
from maestro.render.sources import Sources
from maestro.render.story import NO_ANNEX, Sealed, Story, story
from maestro.render.untrusted import Shown

MARKDOWN_TEMPLATE: Final = "narrative.md.j2"
PAGE_TEMPLATE: Final = "narrative.html.j2"
SHEETS: Final = (templates.STYLE_SHEET, "narrative.css")


class Narrative(NamedTuple):
    """Why it was decided so, told once in Markdown and once as a page. ``reading_seconds`` is the time that the part
    before the annex takes to read; ``story`` is what both lay out.
    """

    markdown: str
    html: str
    reading_seconds: int
    story: Story


def narrated(card: DecisionCard, *, sources: Sources, sealed: Sealed | None = None) -> Narrative:
    """The narrative of ``card``. Raises BadInput for a template that cannot be used."""
    for limits in LEVELS:
        view = story(card, sources=sources, limits=limits, sealed=sealed)
        main = replace(view, annex=NO_ANNEX)
        reading = reading_seconds(_markdown(main, sources, reading=shown(LIMIT_SECONDS)))
        if reading <= LIMIT_SECONDS:
            break
    return _within_size(view, sources, reading)


def reading_seconds(markdown: str) -> int:
    """The reading time of a narrative's Markdown up to its annex: headings, sentences, tables and links."""
    main = markdown.split(f"\n## {ANNEX}\n", maxsplit=1)[0]
    return seconds(words(block.text for block in markdown_blocks(main.encode())))


def _within_size(view: Story, sources: Sources, reading: int) -> Narrative:
    """The annex is cut until the narrative can be read back by whoever verifies the bundle."""
    while True:
        told = Narrative(
            _markdown(view, sources, reading=shown(reading)), _page(view, sources, shown(reading)), reading, view
        )
        annex = view.annex
        small = len(told.markdown.encode()) <= MARKDOWN_LIMIT_BYTES and len(told.html.encode()) <= PAGE_LIMIT_BYTES
        if small or not (annex.answers or annex.timeline):
            return told
        answers, moments = annex.answers[: len(annex.answers) // 2], annex.timeline[: len(annex.timeline) // 2]
        view = replace(view, annex=replace(annex, answers=answers, timeline=moments))


def _markdown(view: Story, sources: Sources, *, reading: Shown) -> str:
    text = templates.filled(
        templates.markdown_environment(), MARKDOWN_TEMPLATE, story=view, reading=reading, bundled=sources.bundled
    )
    return text.strip() + "\n"


def _page(view: Story, sources: Sources, reading: Shown) -> str:
    style, style_hash = templates.styled(SHEETS)
    return templates.filled(
        templates.html_environment(),
        PAGE_TEMPLATE,
        story=view,
        reading=reading,
        bundled=sources.bundled,
        style=style,
        style_hash=style_hash,
    )
