"""The narrative as PDF/A-3b that is also tagged by PDF/UA-1, with the data it was made from attached.

The same data gives the same bytes on every machine: the time is given, the fonts are those inside the typst package,
and the template reads nothing but what is handed to it. Text is data and never markup.
"""

import re
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from maestro.canonical import canonical_json
from maestro.errors import BadInput, PlatformUnavailable
from maestro.render import templates
from maestro.render.glyphs import breakable, printable
from maestro.render.narrated import Narrative
from maestro.render.reading import shown
from maestro.resources import resource_dir

TEMPLATE: Final = "narrative.typ"
ATTACHMENT: Final = "narrative.json"
"""Not ``evidence.json``: a bundle has a file of that name, and this is another one."""

_PLACE: Final = re.compile(r"┌─ [^\n]*:(\d+):\d+")
_ESCAPE: Final = re.compile(r"U\+[0-9A-F]{4}")


def narrative_pdf(narrative: Narrative, *, about: str, author: str, at: datetime, attached: str) -> bytes:
    """The PDF of a bundle's narrative. ``about`` stands in the footer of each page, ``author`` names the program,
    ``at`` is the document's only time, and ``attached`` is the JSON that lies inside.

    Raises BadInput for a template that cannot be used, and PlatformUnavailable where this machine lacks the typesetter.
    """
    data = _data(narrative, about=about, author=author, at=at.astimezone(UTC))
    return _compiled(
        templates.source(TEMPLATE),
        {"data": canonical_json(data), "attachment": attached},
        at=at,
    )


def _data(narrative: Narrative, *, about: str, author: str, at: datetime) -> dict[str, Any]:
    plain = asdict(narrative.story)
    files: dict[str, dict[str, Any]] = {}
    numbered = _numbered(plain, files)
    laid_out = _printable(numbered)
    title = f"{narrative.story.heading}: {about}"
    return {
        "story": laid_out,
        "files": _printable(list(files.values())),
        "reading": shown(narrative.reading_seconds),
        "escaped": len(_ESCAPE.findall(canonical_json(laid_out))) > len(_ESCAPE.findall(canonical_json(numbered))),
        "title": printable(title),
        "about": printable(about),
        "author": printable(author),
        "description": printable(narrative.story.prose.scope.text),
        "at": {part: getattr(at, part) for part in ("year", "month", "day", "hour", "minute", "second")},
        "attachment": {"name": ATTACHMENT, "description": "the facts and findings that this narrative tells"},
    }


def _numbered(value: Any, files: dict[str, dict[str, Any]]) -> Any:
    """Sources become numbers of the list of files: a reader of the PDF alone finds path and digest there."""
    if isinstance(value, dict):
        if "sources" in value:
            value = value | {"cites": _numbers(value["sources"], files)}
        if "gap_sources" in value:
            value = value | {"gap_cites": _numbers(value["gap_sources"], files)}
        return {key: _numbered(entry, files) for key, entry in value.items() if not key.endswith("sources")}
    return [_numbered(entry, files) for entry in value] if isinstance(value, list | tuple) else value


def _numbers(sources: Any, files: dict[str, dict[str, Any]]) -> list[int]:
    for source in sources:
        files.setdefault(source["path"], {"number": len(files) + 1, **source})
    return list(dict.fromkeys(files[source["path"]]["number"] for source in sources))


def _printable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _printable(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_printable(entry) for entry in value]
    return breakable(printable(value)) if isinstance(value, str) else value


def _compiled(template: bytes, inputs: dict[str, str], *, at: datetime) -> bytes:
    # A third of the time that a command takes to start, and only sealing a bundle needs it.
    try:
        import typst  # noqa: PLC0415
    except ImportError as error:
        raise PlatformUnavailable(
            "the typesetter for PDF is not installed", field="typst", fix="install maestro-conductor anew"
        ) from error
    try:
        compiler = typst.Compiler(
            template,
            root=resource_dir("templates"),
            font_paths=typst.Fonts(include_system_fonts=False),
            ignore_system_fonts=True,
            sys_inputs=inputs,
        )
        pdf = compiler.compile(format="pdf", pdf_standards=["a-3b", "ua-1"], timestamp=int(at.timestamp()))
    except typst.TypstError as error:
        place = _PLACE.search(error.diagnostic)
        raise BadInput(
            f"the template cannot be used: {error.message}",
            field=f"{TEMPLATE}:{place[1]}" if place else TEMPLATE,
            fix="mend that line; the template that ships with Maestro shows what its data has",
        ) from error
    except BaseException as error:
        # A panic of the typesetter is no Exception, and must not end a worker.
        if type(error).__name__ != "PanicException":
            raise
        raise BadInput(
            f"the typesetter failed: {error}", field=TEMPLATE, fix="report this with the bundle's card.json"
        ) from error
    if not isinstance(pdf, bytes):
        raise BadInput("the template gives no PDF", field=TEMPLATE, fix="take the template that ships with Maestro")
    return pdf
