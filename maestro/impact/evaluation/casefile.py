"""Reads known faults of a repository: one JSON object a line, ``{"base": rev, "patch": diff, "failing": [ids]}``.

A bad line costs itself: it is counted, named by its number and field, and left out.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from maestro.errors import BadInput
from maestro.impact.history.assembly import Remarks
from maestro.impact.history.builds import Remark
from maestro.impact.history.lines import opened
from maestro.impact.knowledge.diffs import parse_patch
from maestro.impact.knowledge.patch import Patch
from maestro.model.base import Model

_EXPECTED = '{"base": "a commit", "patch": "a unified diff", "failing": ["a test id"]}'


_Text = Annotated[str, Field(min_length=1)]


class _Row(Model):
    """One line as it was written; further keys are the author's own."""

    base: _Text
    patch: _Text
    failing: tuple[_Text, ...] = Field(min_length=1)


@dataclass(frozen=True, eq=False)
class Case:
    """One fault: ``patch`` on commit ``base`` makes the tests ``failing`` fail, each named once. ``line`` says where
    the file has it, ``text`` is the diff as it was written.
    """

    line: int
    base: str
    text: str
    patch: Patch
    failing: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class CaseFile:
    """The usable cases in the order of their lines, and what was left out."""

    cases: tuple[Case, ...]
    lines: int
    left_out: tuple[Remark, ...]


def read_cases(path: Path) -> CaseFile:
    """Read a file of cases, plain or gzipped. ``BadInput`` when it has none that can be used."""
    remarks = Remarks()
    cases: list[Case] = []
    lines = 0
    with opened(path) as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            lines += 1
            try:
                cases.append(_case(number, line))
            except BadInput as error:
                remarks.add(f"{error.field}: cannot be used", f"line {number}: {error.field}: {error.message}")
    if not cases:
        first = next(_examples(remarks), "the file is empty")
        raise BadInput(
            f"no line is a case that can be used: {first}",
            field=str(path),
            fix=f"write one JSON object a line: {_EXPECTED}",
        )
    return CaseFile(tuple(cases), lines, tuple(remarks))


def _examples(remarks: Remarks) -> Iterator[str]:
    yield from (example for remark in remarks for example in remark.examples)


def _case(number: int, line: str) -> Case:
    try:
        row = _Row.model_validate(json.loads(line))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(map(str, first["loc"])) or "the line"
        raise BadInput(first["msg"], field=field) from error
    except (ValueError, RecursionError) as error:
        raise BadInput(f"it is no JSON: {error}", field="the line") from error
    for field, text in (("base", row.base), ("patch", row.patch), *(("failing", test) for test in row.failing)):
        if "\0" in text:
            raise BadInput("it has a NUL character", field=field)
    return Case(
        line=number,
        base=row.base,
        text=row.patch,
        patch=parse_patch(row.patch),
        failing=tuple(dict.fromkeys(row.failing)),
    )
