"""Files of cases: what is read, and what a bad line costs."""

import gzip
import json
from pathlib import Path

import pytest

from maestro.errors import BadInput
from maestro.impact.evaluation.casefile import read_cases
from tests.impact.evaluation.shop import case_file

PATCH = "--- a/shop.py\n+++ b/shop.py\n@@ -1 +1 @@\n-old\n+new\n"
GOOD = {"base": "main", "patch": PATCH, "failing": ["t.py::a", "t.py::b", "t.py::a"], "kind": "revert", "score": 3}


def written(tmp_path: Path, *lines: object) -> Path:
    return case_file(tmp_path / "cases.jsonl", (line if isinstance(line, str) else json.dumps(line) for line in lines))


def test_a_case_keeps_its_line_and_names_each_failing_test_once(tmp_path: Path) -> None:
    file = read_cases(written(tmp_path, "", GOOD))
    [case] = file.cases
    assert (case.line, case.base, case.failing) == (2, "main", ("t.py::a", "t.py::b"))
    assert [changed.path for changed in case.patch.files] == ["shop.py"]
    assert (file.lines, file.left_out) == (1, ())


def test_a_gzipped_file_is_read_as_well(tmp_path: Path) -> None:
    packed = tmp_path / "cases.jsonl.gz"
    packed.write_bytes(gzip.compress(json.dumps(GOOD).encode()))
    assert len(read_cases(packed).cases) == 1


@pytest.mark.parametrize(
    ("line", "said"),
    [
        pytest.param("[" * 100_000, "the line: it is no JSON", id="nested deeper than any case"),
        pytest.param("[]", "the line: Input should be", id="no object"),
        pytest.param({**GOOD, "base": ""}, "base: ", id="an empty base"),
        pytest.param({"base": "main", "failing": ["t.py::a"]}, "patch: Field required", id="no patch"),
        pytest.param({**GOOD, "patch": "@@ nonsense"}, "patch: ", id="a patch that is no diff"),
        pytest.param({**GOOD, "patch": PATCH.replace("a/shop.py", "a/../x")}, "patch: ", id="a path outside"),
        pytest.param({**GOOD, "failing": []}, "failing: ", id="no failing test"),
        pytest.param({**GOOD, "base": "main\0"}, "base: it has a NUL", id="a NUL in a revision"),
        pytest.param(
            {**GOOD, "patch": PATCH + "\ud800"}, "patch: Input should be", id="half of a character in a patch"
        ),
        pytest.param(
            {**GOOD, "failing": ["\udc80"]}, "failing.0: Input should be", id="a byte that is no character in an id"
        ),
        pytest.param({**GOOD, "failing": ["t.py::a", 7]}, "failing.1: ", id="a failing test that is no text"),
    ],
)
def test_a_bad_line_is_named_by_its_number_and_field_and_costs_only_itself(
    tmp_path: Path, line: object, said: str
) -> None:
    file = read_cases(written(tmp_path, GOOD, line, GOOD))
    assert [case.line for case in file.cases] == [1, 3]
    [remark] = file.left_out
    assert remark.count == 1
    assert remark.examples[0].startswith(f"line 2: {said}")


def test_many_bad_lines_are_all_counted_and_the_first_five_named(tmp_path: Path) -> None:
    file = read_cases(written(tmp_path, GOOD, *["{"] * 40))
    [remark] = file.left_out
    assert (remark.count, len(remark.examples), file.lines) == (40, 5, 41)


def test_a_file_without_one_usable_line_is_refused_with_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="line 1: the line: it is no JSON") as refused:
        read_cases(written(tmp_path, "{", "{"))
    assert '"failing"' in refused.value.fix
    with pytest.raises(BadInput, match="the file is empty"):
        read_cases(written(tmp_path))
