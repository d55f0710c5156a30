"""The one file: what it was built from, and what may never be in it."""

import hashlib
import re
from pathlib import Path

import pytest

from gateway.overlay.build import JQUERY, LICENCE, SCRIPTS, built
from maestro.errors import BadInput
from maestro.resources import resource_dir

TEMPLATES = resource_dir("templates")
PARTS = TEMPLATES / "overlay"

JQUERY_SHA256 = "fc9a93dd241f6b045cbff0481cf4e1901becd0e12fb45166a8f17f95823f0b1a"
"""Of jquery.min.js 3.7.1 in XStatic-jQuery 3.7.1.1 on PyPI; the npm package jquery 3.7.1 has the same bytes."""


def test_the_file_is_what_its_parts_make() -> None:
    page = (TEMPLATES / "overlay.html").read_text(encoding="utf-8")
    assert page == built(TEMPLATES), "run: python -m gateway.overlay.build"


def test_jquery_is_the_released_one_and_its_licence_travels_with_it() -> None:
    assert hashlib.sha256((PARTS / JQUERY).read_bytes()).hexdigest() == JQUERY_SHA256
    page = (TEMPLATES / "overlay.html").read_text(encoding="utf-8")
    assert (PARTS / JQUERY).read_text(encoding="utf-8") in page
    assert (PARTS / LICENCE).read_text(encoding="utf-8").strip() in page


def test_the_file_asks_nobody_for_anything() -> None:
    page = (TEMPLATES / "overlay.html").read_text(encoding="utf-8")
    assert not re.findall(
        r"""(?:src|href)\s*=\s*["'](?!#)""", re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    )
    assert "url(" not in (PARTS / "overlay.css").read_text(encoding="utf-8") + (TEMPLATES / "document.css").read_text()


@pytest.mark.parametrize("part", SCRIPTS)
def test_no_part_makes_markup_or_code_of_text(part: str) -> None:
    text = (PARTS / part).read_text(encoding="utf-8")
    forbidden = (
        r"\.html\(|innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|new Function|parseHTML|srcdoc|\bon\w+="
    )
    assert not re.findall(forbidden, text)
    assert not re.findall(
        r'\$\((?!"[#.\w\[\] -]+"\)|document\)|document\.createElement\(|window\)|event\.)[^)]*\)', text
    )


def test_no_name_is_declared_twice_in_the_scope_that_the_parts_share() -> None:
    names = [
        name
        for part in SCRIPTS
        for name in re.findall(
            r"^(?:const|let|class|function|async function) +(\w+)",
            (PARTS / part).read_text(encoding="utf-8"),
            re.MULTILINE,
        )
    ]
    assert sorted(names) == sorted(set(names))


def test_a_part_that_would_end_its_element_is_refused(tmp_path: Path) -> None:
    (tmp_path / "overlay").mkdir()
    for path in PARTS.iterdir():
        (tmp_path / "overlay" / path.name).write_bytes(path.read_bytes())
    (tmp_path / "document.css").write_text("/* </STYLE> */", encoding="utf-8")
    with pytest.raises(BadInput, match="ends its element early"):
        built(tmp_path)
