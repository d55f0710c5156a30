"""The Content-Security-Policy of a page whose scripts and styles are all within it: by their hashes, nothing else."""

import base64
import hashlib
from html.parser import HTMLParser

_KINDS = ("script", "style")


def content_policy(page: str) -> str:
    """What the page may do: run its own scripts and styles, and ask its own gateway. Text cannot become markup where
    the browser knows trusted types.
    """
    found = _Inline()
    found.feed(page.replace("\r\n", "\n").replace("\r", "\n"))
    found.close()
    scripts, styles = (" ".join(_hash(text) for text in found.texts[kind]) or "'none'" for kind in _KINDS)
    directives = ["default-src 'none'", f"script-src {scripts}", f"style-src {styles}"]
    if found.texts["script"]:
        directives += ["connect-src 'self'", "require-trusted-types-for 'script'", "trusted-types default"]
    return "; ".join([*directives, "base-uri 'none'", "form-action 'none'"])


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


class _Inline(HTMLParser):
    """Collects the texts of inline scripts and styles as a browser sees them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.texts: dict[str, list[str]] = {kind: [] for kind in _KINDS}
        self._within = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.texts and "src" not in dict(attrs):
            self._within = tag
            self.texts[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._within:
            self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within:
            self.texts[self._within][-1] += data
