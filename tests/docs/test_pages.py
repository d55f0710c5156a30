"""What the pages name is there, and what the code reads is named."""

import re
from pathlib import PurePosixPath

import pytest

from tests.docs.pages import CODE, PAGES, ROOT, headings, inline_code, links

FOLDERS = (*CODE, "policies", "controls", "templates", "tests", "benchmarks", "docs", ".ci")

INTERNAL = {"MAESTRO_EVENTS", "MAESTRO_GIT_FORGES", "MAESTRO_RECORDING", "MAESTRO_RUN", "MAESTRO_TESTS"}
"""What one process of ours tells another, and nobody sets."""

_VARIABLE = re.compile(r"\bMAESTRO_[A-Z_]+\b")


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    for target in links(page):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        found = (ROOT / page).parent / path if path else ROOT / page
        assert found.exists(), f"{page}: {target}"
        if anchor:
            assert anchor in headings(found.resolve().relative_to(ROOT).as_posix()), f"{page}: {target}"


@pytest.mark.parametrize("page", PAGES)
def test_every_file_and_folder_that_a_page_names_is_there(page: str) -> None:
    for code in inline_code(page):
        path = PurePosixPath(code)
        if len(path.parts) > 1 and path.parts[0] in FOLDERS and " " not in code:
            assert (ROOT / path).exists(), f"{page}: {code}"


def test_every_environment_variable_that_is_read_is_documented_and_none_other() -> None:
    files = [path for folder in CODE for path in (ROOT / folder).rglob("*.py")]
    read = {name for path in files for name in _VARIABLE.findall(path.read_text(encoding="utf-8"))} - INTERNAL
    development = {"MAESTRO_CACHE", "MAESTRO_OPA", "MAESTRO_CHROMIUM"}
    told = {name for code in inline_code("docs/configuration.md") for name in _VARIABLE.findall(code)}
    assert told == read | development


def test_every_decision_note_is_numbered_once_and_says_how_to_undo_it() -> None:
    notes = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    assert [int(note.name[:4]) for note in notes] == list(range(1, len(notes) + 1))
    for note in notes:
        text = note.read_text(encoding="utf-8")
        assert text.startswith(f"# {int(note.name[:4])}. "), note.name
        assert "\nUndo: " in text, note.name
