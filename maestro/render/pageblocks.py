"""The units of a narrative's page. It knows the few elements and attributes that our pages have, and no others."""

import re
from html.parser import HTMLParser
from typing import Final

from maestro.render.blocks import NESTING, PAGE_LIMIT_BYTES, Block, decoded

_HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "title"})
_UNITS: Final = _HEADINGS | {"p", "li", "tr"}
_PLAIN: Final = frozenset(
    {"html", "head", "meta", "style", "body", "header", "main", "section", "div", "ul", "ol", "table", "caption"}
    | {"thead", "tbody", "th", "td", "a", "span", "code", "strong", "bdi", "svg", "path", "circle"}
)
_ATTRIBUTES: Final = frozenset(
    {"class", "id", "lang", "charset", "name", "content", "http-equiv", "scope", "role", "aria-labelledby"}
)
_DRAWN: Final = frozenset({"svg", "path", "circle"})
_DRAWING: Final = frozenset({"viewbox", "width", "height", "aria-hidden", "focusable", "cx", "cy", "r", "d", "class"})
_BREAKING: Final = frozenset({"td", "th", "span", "a"})
_STYLED_TEXT: Final = re.compile(r"content\s*:(?!\s*(?:\"\"|''))|@import|url\(|\\", re.IGNORECASE)
"""What would put words or pictures onto a page that are not in its text."""

_DOCTYPE: Final = re.compile(r"\s*<!doctype html>", re.IGNORECASE)
_UNENDED: Final = re.compile(r"<[^<>]*(?:<|$)")
_TAGS_AT_MOST: Final = 200_000
"""A page with a thousand controls and a thousand moments has a tenth."""


def page_blocks(document: bytes) -> list[Block]:
    """The units of an HTML page. Raises BadInput as ``decoded`` does."""
    text = _DOCTYPE.sub("", decoded(document, PAGE_LIMIT_BYTES), count=1)
    # The standard library's parser gives up on some declarations, and is slow on tags that never end.
    if "<!" in text or "<?" in text or text.count("<") > _TAGS_AT_MOST or _UNENDED.search(text):
        return [Block("foreign", ["a comment, a declaration, an instruction, or tags that do not end"])]
    page = _Page()
    page.feed(text)
    page.close()
    return page.found()


class _Page(HTMLParser):
    """Collects units. Text and links count for the innermost open unit: no claim borrows the link of another."""

    def __init__(self) -> None:
        super().__init__()
        self._found: list[Block] = []
        self._open: list[tuple[str, Block]] = []
        self._loose = Block("foreign")
        self._link: tuple[str, int, Block] | None = None
        self._style: list[str] | None = None
        self._styles = ""
        self._columns = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if not _belongs(tag, attrs):
            self._found.append(Block("foreign", [self.get_starttag_text() or tag]))
        if tag in _UNITS:
            self._begin(tag)
        elif tag == "a":
            self._link = (dict(attrs).get("href") or "", len(self._unit.words), self._unit)
        elif tag in {"td", "th"}:
            self._unit.cells.append([])
        elif tag == "style":
            self._style = []
        elif tag in {"thead", "tbody"}:
            self._columns = tag == "thead"

    def handle_endtag(self, tag: str) -> None:
        if tag in _BREAKING:
            self._unit.words.append(" ")
        if tag in _UNITS and any(name == tag for name, _ in self._open):
            while self._open.pop()[0] != tag:
                pass
        elif tag == "a" and self._link is not None:
            href, since, unit = self._link
            unit.link(href, since)
            self._link = None
        elif tag == "style" and self._style is not None:
            self._styles += "".join(self._style)
            self._style = None
        elif tag == "thead":
            self._columns = False

    def handle_data(self, data: str) -> None:
        if self._style is not None:
            self._style.append(data)
        else:
            self._unit.add(data)

    def found(self) -> list[Block]:
        """Every unit, the text outside of them, and what a style would show."""
        styled = _STYLED_TEXT.search(self._styles + "".join(self._style or ()))
        extra = [Block("foreign", [f"the style {styled[0]!r}"])] if styled else []
        return [*self._found, *([self._loose] if self._loose.text or self._loose.links else []), *extra]

    def _begin(self, tag: str) -> None:
        if len(self._open) >= NESTING:
            self._found.append(Block("foreign", ["elements within elements"]))
            return
        columns = tag == "tr" and self._columns
        unit = Block("heading" if tag in _HEADINGS else "columns" if columns else "claim")
        self._found.append(unit)
        self._open.append((tag, unit))

    @property
    def _unit(self) -> Block:
        return self._open[-1][1] if self._open else self._loose


def _belongs(tag: str, attrs: list[tuple[str, str | None]]) -> bool:
    if tag not in _UNITS and tag not in _PLAIN:
        return False
    allowed = _DRAWING if tag in _DRAWN else _ATTRIBUTES | ({"href"} if tag == "a" else set())
    policy = dict(attrs).get("http-equiv") or "content-security-policy"
    return all(key in allowed for key, _ in attrs) and policy.lower() == "content-security-policy"
