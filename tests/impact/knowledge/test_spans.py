"""A statement of several lines ran as a whole, whichever of its lines was reported."""

from pathlib import Path

import pytest

from maestro.impact.knowledge.spans import Spans

SOURCE = """\
TABLE = {
    "a": lambda x: (
        x + 1
    ),
    "b": 2,
}
@decorate(
    "x",
)
def work(
    a,
    b,
):
    if (
        a
        and b
    ):
        return call(
            a,
            b,
        )
    return 0
"""


@pytest.mark.parametrize(
    ("reported", "complete"),
    [
        pytest.param({1}, {1, 2, 3, 4, 5, 6}, id="an assignment"),
        pytest.param({3}, {3}, id="a lambda that is called says nothing of the table that it is in"),
        pytest.param({5}, {1, 2, 3, 4, 5, 6}, id="a value in the table does"),
        pytest.param({10}, {7, 8, 9, 10, 11, 12, 13}, id="a definition with its decorator"),
        pytest.param({16}, {14, 15, 16, 17}, id="a condition without what it guards"),
        pytest.param({19}, {18, 19, 20, 21}, id="a call"),
        pytest.param({22}, {22}, id="one line"),
    ],
)
def test_a_reported_line_completes_its_statement_and_no_other(
    tmp_path: Path, reported: set[int], complete: set[int]
) -> None:
    (tmp_path / "x.py").write_text(SOURCE, encoding="utf-8")
    bits = Spans.of(tmp_path / "x.py").widened(sum(1 << line for line in reported))
    assert {line for line in range(40) if bits >> line & 1} == complete


@pytest.mark.parametrize("content", [b"def broken(:\n", b"\xff\xfe\n", b"x = 1\0\n"])
def test_a_file_that_cannot_be_parsed_keeps_the_reported_lines(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.py").write_bytes(content)
    assert Spans.of(tmp_path / "x.py").widened(0b10) == 0b10
    assert Spans.of(tmp_path / "absent.py").widened(0b10) == 0b10
