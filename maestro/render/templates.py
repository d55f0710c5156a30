"""The template environments: HTML that escapes everything, Markdown that escapes everything, no silent undefined."""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from typing import Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from maestro.render.markdown import Markdown, code, code_cell, fenced, prose, ticks
from maestro.render.untrusted import Shown
from maestro.render.view import CardView, Pair, Tone
from maestro.resources import resource_dir

STYLE_SHEET = "document.css"


class PageView(Protocol):
    """What every page has: a verdict with its tone, and what it is about."""

    @property
    def tone(self) -> Tone: ...
    @property
    def verdict(self) -> Shown: ...
    @property
    def title(self) -> Shown: ...
    @property
    def subject(self) -> Sequence[Pair]: ...


def html(template: str, view: PageView, *, sheets: tuple[str, ...] = (STYLE_SHEET,)) -> str:
    """A page with its style inside. Its policy lets no script, request, form or frame run, and only that style."""
    style, style_hash = _style(sheets)
    return _html().get_template(template).render(card=view, style=style, style_hash=style_hash)


def markdown(template: str, view: CardView) -> str:
    """A Markdown document that ends with one line feed."""
    return _markdown().get_template(template).render(card=view).strip() + "\n"


@cache
def _html() -> Environment:
    environment = Environment(
        loader=_loader(), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["ticks"] = _html_ticks
    return environment


@cache
def _markdown() -> Environment:
    """HTML escaping is off because Markdown is not HTML; ``finalize`` escapes every expression for Markdown."""
    environment = Environment(
        loader=_loader(),
        autoescape=False,  # noqa: S701 - see the docstring
        finalize=_finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(code=code, code_cell=code_cell, fenced=fenced, ticks=ticks, verbatim=Markdown)
    return environment


def _finalize(value: object) -> Markdown:
    return value if isinstance(value, Markdown) else prose(str(value))


def _html_ticks(text: str) -> Markup:
    """The parts between backticks as code; a lone backtick is itself."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup("").join(Markup("<code>{}</code>").format(p) if i % 2 else escape(p) for i, p in enumerate(parts))


def _loader() -> FileSystemLoader:
    return FileSystemLoader(resource_dir("templates"))


@cache
def _style(sheets: tuple[str, ...]) -> tuple[Markup, str]:
    """The style sheets and their hash for the page's content policy. They are ours and hold no ``</style``."""
    sheet = "".join((resource_dir("templates") / name).read_text(encoding="utf-8") for name in sheets)
    digest = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
    return Markup(sheet), f"sha256-{digest}"  # noqa: S704 - a file of this project, no input
