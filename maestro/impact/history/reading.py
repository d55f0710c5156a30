"""Reads a history in whichever form it comes."""

from enum import StrEnum
from pathlib import Path

from maestro.errors import BadInput
from maestro.impact.history.builds import History
from maestro.impact.history.checks import read_checks
from maestro.impact.history.csvfile import read_csv
from maestro.impact.history.junit import BuildIs, read_junit
from maestro.impact.history.lines import opened

_SNIFFED_CHARACTERS = 4_096


class Form(StrEnum):
    CSV = "csv"
    JUNIT = "junit"
    CHECKS = "checks"


def form_of(path: Path) -> Form:
    """A folder holds JUnit XML, a file is what it begins like. Raises BadInput where there is none."""
    if path.is_dir():
        return Form.JUNIT
    with opened(path) as file:
        start = file.read(_SNIFFED_CHARACTERS).lstrip()[:1]
    return {"<": Form.JUNIT, "{": Form.CHECKS, "[": Form.CHECKS}.get(start, Form.CSV)


def read_history(path: Path, form: Form, *, tests: Path | None = None, build_is: BuildIs = "auto") -> History:
    """The history at ``path``. ``tests`` goes with CSV, ``build_is`` with JUnit. Raises BadInput, see each form."""
    if tests is not None and form is not Form.CSV:
        raise BadInput(f"{path} is {form.value}, which names every test itself", field="--tests", fix="leave it out")
    match form:
        case Form.CSV:
            return read_csv(path, tests=tests)
        case Form.JUNIT:
            return read_junit(path, build_is=build_is)
        case Form.CHECKS:
            return read_checks(path)
