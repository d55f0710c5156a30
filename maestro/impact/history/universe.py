"""Reads the list of every test there is, for exports that name only the failing ones."""

import json
from pathlib import Path

from maestro.errors import BadInput
from maestro.impact.history.lines import opened


def read_universe(path: Path) -> dict[str, str]:
    """Each test with its file, "" where that is not known. The JSON is a list of tests or a mapping to their files.

    Raises BadInput where it is neither.
    """
    with opened(path) as text:
        try:
            found = json.load(text)
        except ValueError as error:
            raise BadInput(f"no JSON: {error}", field=str(path), fix=_FIX) from error
    files = dict.fromkeys(found, "") if _is_list_of_text(found) else found
    if not isinstance(files, dict) or not all(isinstance(file, str) for file in files.values()):
        raise BadInput("neither a list of tests nor a mapping from test to file", field=str(path), fix=_FIX)
    return files


_FIX = 'write ["test", …] or {"test": "its file", …}'


def _is_list_of_text(found: object) -> bool:
    return isinstance(found, list) and all(isinstance(test, str) for test in found)
