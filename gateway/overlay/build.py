"""Writes ``templates/overlay.html`` from its parts in ``templates/overlay``: ``python -m gateway.overlay.build``.

The same parts give the same bytes. The file names the hashes of its own scripts and style, so it is as strict when it
is opened without the gateway's headers.
"""

import sys
from pathlib import Path
from typing import Final

from gateway.overlay.policy import content_policy
from maestro.errors import BadInput
from maestro.resources import resource_dir

JQUERY: Final = "jquery-3.7.1.min.js"
LICENCE: Final = "jquery-LICENSE.txt"

SCRIPTS: Final = (
    "text.js",
    "people.js",
    "view.js",
    "parts.js",
    "dom.js",
    "gateway.js",
    "sections.js",
    "act.js",
    "live.js",
    "usage.js",
    "main.js",
)
"""In this order; all share one scope, and the last one starts the page."""


def main() -> int:
    target = resource_dir("templates") / "overlay.html"
    target.write_text(built(resource_dir("templates")), encoding="utf-8", newline="\n")
    sys.stdout.write(f"{target}: {target.stat().st_size:,} bytes\n")
    return 0


def built(templates: Path) -> str:
    """The whole page. Raises BadInput for a part that would end its element early."""
    parts = templates / "overlay"
    own = "\n".join(_read(parts / name) for name in SCRIPTS)
    filling = {
        "style": _read(templates / "document.css") + _read(parts / "overlay.css"),
        "trust": _read(parts / "trust.js"),
        "jquery": _read(parts / JQUERY),
        "script": f'(() => {{\n"use strict";\ntrust.open = false;\n\n{own}}})();\n',
        "licence": _read(parts / LICENCE).strip(),
    }
    page = _read(parts / "page.html")
    for name, text in filling.items():
        page = page.replace(f"{{{{ {name} }}}}", text)
    return page.replace("{{ policy }}", content_policy(page))


def _read(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    lowered = text.lower()
    if path.name != "page.html" and any(end in lowered for end in ("</script", "</style", "<!--", "-->")):
        raise BadInput("a part of the page ends its element early", field=str(path), fix="write that text otherwise")
    return text


if __name__ == "__main__":
    sys.exit(main())
