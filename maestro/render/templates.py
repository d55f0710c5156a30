"""The template environments: HTML that escapes everything, Markdown that escapes everything, no silent undefined."""

import base64
import hashlib
import os
import traceback
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, TemplateSyntaxError
from markupsafe import Markup, escape

from maestro.errors import BadInput
from maestro.render.markdown import Markdown, code, code_cell, fenced, prose, ticks
from maestro.render.sources import Source
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
    """A page with its style inside. Its policy lets no script, request, form or frame run, and only that style.

    Raises BadInput as ``filled`` does.
    """
    style, style_hash = styled(sheets)
    return filled(html_environment(), template, card=view, style=style, style_hash=style_hash)


def markdown(template: str, view: CardView) -> str:
    """A Markdown document that ends with one line feed. Raises BadInput as ``filled`` does."""
    return filled(markdown_environment(), template, card=view).strip() + "\n"


def filled(environment: Environment, template: str, **values: object) -> str:
    """A template filled with values, wholly or not at all.

    Raises BadInput, naming the template's file, line and name, for a name that nothing gives a value, and for a
    template that is missing or is not well written.
    """
    try:
        return environment.get_template(template).render(**values)
    except TemplateError as error:
        raise BadInput(
            f"the template cannot be used: {error.message or error}",
            field=_where(template, error),
            fix="mend that line; the templates that ship with Maestro show every name that there is",
        ) from error


def _where(template: str, error: TemplateError) -> str:
    """``narrative.md.j2:12``. Jinja puts the template's own lines into the traceback."""
    if isinstance(error, TemplateSyntaxError):
        return f"{error.name or template}:{error.lineno}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith(".j2")]
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else template


def templates_dir() -> Path | None:
    """The folder of a user's own templates, where ``MAESTRO_TEMPLATES`` names one; what it lacks is as shipped."""
    named = os.environ.get("MAESTRO_TEMPLATES", "")
    if named and not Path(named).is_dir():
        raise BadInput("there is no such folder of templates", field=f"MAESTRO_TEMPLATES={named}", fix="name a folder")
    return Path(named) if named else None


def source(template: str) -> bytes:
    """A template that Jinja does not fill, as it stands in the folder that is in force."""
    own = templates_dir()
    path = own / template if own and (own / template).is_file() else resource_dir("templates") / template
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(
            f"the template cannot be read: {error.strerror}", field=str(path), fix="let this user read it"
        ) from error


def html_environment() -> Environment:
    """Escapes every value for HTML; the filters that are there make none of it markup."""
    return _html(templates_dir())


def markdown_environment() -> Environment:
    """Escapes every value for Markdown."""
    return _markdown(templates_dir())


@cache
def _html(own: Path | None) -> Environment:
    environment = Environment(
        loader=_loader(own), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["ticks"] = _html_ticks
    return environment


@cache
def _markdown(own: Path | None) -> Environment:
    """HTML escaping is off because Markdown is not HTML; ``finalize`` escapes every expression for Markdown."""
    environment = Environment(
        loader=_loader(own),
        autoescape=False,  # noqa: S701 - see the docstring
        finalize=_finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(code=code, code_cell=code_cell, fenced=fenced, ticks=ticks, verbatim=Markdown)
    environment.filters.update(links=_markdown_links, cited=_markdown_cited)
    return environment


def _finalize(value: object) -> Markdown:
    return value if isinstance(value, Markdown) else prose(str(value))


def _markdown_links(sources: Sequence[Source]) -> Markdown:
    """A row of links; where there is no file to link to, the digest."""
    return Markdown(", ".join(_markdown_link(source) for source in sources))


def _markdown_link(source: Source) -> str:
    label = prose(source.label)
    if source.path:
        return f"[{label}]({source.path})"
    return f"{label} {code_cell(source.digest)}" if source.digest else label


def _markdown_cited(text: str, sources: Sequence[Source]) -> Markdown:
    """``text`` as the label of the link to its first source."""
    path = sources[0].path if sources else ""
    return Markdown(f"[{prose(text)}]({path})") if path else prose(text)


def _html_ticks(text: str) -> Markup:
    """The parts between backticks as code; a lone backtick is itself."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup("").join(Markup("<code>{}</code>").format(p) if i % 2 else escape(p) for i, p in enumerate(parts))


def _loader(own: Path | None) -> FileSystemLoader:
    return FileSystemLoader([*([own] if own else []), resource_dir("templates")])


@cache
def styled(sheets: tuple[str, ...]) -> tuple[Markup, str]:
    """The style sheets and their hash for the page's content policy. They are ours and hold no ``</style``."""
    sheet = "".join((resource_dir("templates") / name).read_text(encoding="utf-8") for name in sheets)
    digest = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
    return Markup(sheet), f"sha256-{digest}"  # noqa: S704 - a file of this project, no input
