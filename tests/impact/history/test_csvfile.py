"""A CSV export is read whatever is in it: what cannot be used is named, counted and left out."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maestro.errors import BadInput
from maestro.impact.history.builds import VERDICTS
from maestro.impact.history.csvfile import read_csv
from tests.impact.history.exports import HEADER, read, verdicts


def test_verdicts_durations_and_times_are_read_as_columns(tmp_path: Path) -> None:
    history = read(
        tmp_path,
        "7,2026-11-23T09:30:00Z,tests/a.py::test_x,pass,0.5",
        '7,2026-11-23T09:30:00Z,"tests/a.py::test_y[a,b]",fail,2',
        "8,2026-11-23T11:30:00+01:00,tests/a.py::test_x,skip,0",
    )
    first, second = history.builds
    assert verdicts(history, first) == {"tests/a.py::test_x": "pass", "tests/a.py::test_y[a,b]": "fail"}
    assert first.seconds.tolist() == [0.5, 2.0]
    assert second.time - first.time == 3_600
    assert history.names[first.failed[0]] == "tests/a.py::test_y[a,b]"
    assert history.problems.rows == 3
    assert not history.problems.left_out
    assert not history.sparse


def test_a_gzipped_file_with_other_columns_in_another_order_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "export"
    text = (
        "\ufeffTest,Verdict,duration_seconds,build,time,branch,changed_files,revision,environment,retry\r\n"
        "a,PASS,1,b1,2026/11/23 09:30:00,main,src/x.py;src/ü.py,abc,py311,2\r\n"
    )
    path.write_bytes(gzip.compress(text.encode()))
    (build,) = read_csv(path).builds
    assert (build.id, build.files, build.revision) == ("b1", ("src/x.py", "src/ü.py"), "abc")
    assert (build.environment, build.retry, build.verdicts.tolist()) == ("py311", 2, [0])


GOOD = ["1,2026-11-01T09:30:00Z,a,pass,1", "1,2026-11-01T09:30:00Z,b,pass,1"]


@pytest.mark.parametrize(
    ("row", "what"),
    [
        pytest.param("1,2026-11-01T09:30:00Z,c,maybe,1", "verdict", id="an unknown verdict"),
        pytest.param("1,2026-11-01T09:30:00Z,a,pass,nan", "duration", id="a duration that is no number"),
        pytest.param("1,2026-11-01T09:30:00Z,a,pass,-1", "duration", id="a negative duration"),
        pytest.param("1,2026-11-01T09:30:00Z,a,pass,1e300", "duration", id="a duration beyond all reason"),
        pytest.param("1,2026-11-01T09:30:00Z,a,pass,fast", "duration", id="a duration in words"),
        pytest.param("1,yesterday,a,pass,1", "time", id="a time in words"),
        pytest.param("1,2026-11-01T09:30:00Z,a", "columns", id="a row that ends early"),
        pytest.param("1,2026-11-01T09:30:00Z,a,b,pass,1", "columns", id="a row with a column too many"),
        pytest.param(",2026-11-01T09:30:00Z,a,pass,1", "build", id="a row of no build"),
        pytest.param('1,2026-11-01T09:30:00Z,"a,pass,1', "columns", id="a quote that never closes"),
    ],
)
def test_a_bad_row_is_named_counted_and_left_out(tmp_path: Path, row: str, what: str) -> None:
    history = read(tmp_path, GOOD[0], row, GOOD[1])
    (remark,) = history.problems.left_out
    assert what in remark.what
    assert (remark.count, remark.examples) == (1, ("line 3",))
    assert verdicts(history, history.builds[0]) == {"a": "pass", "b": "pass"}


def test_only_the_first_five_bad_rows_are_named(tmp_path: Path) -> None:
    history = read(tmp_path, *GOOD * 10, *["1,2026-11-01T09:30:00Z,a,maybe,1"] * 7)
    (remark,) = history.problems.left_out
    assert remark.count == history.problems.left_out_count == 7
    assert remark.examples == tuple(f"line {number}" for number in range(22, 27))
    assert str(remark).startswith("7 × verdict is none of pass, fail, error, skip (line 22; ")  # noqa: RUF001


@pytest.mark.parametrize(
    ("text", "field"),
    [
        pytest.param("", "build", id="an empty file"),
        pytest.param("build,time,test,verdict\n1,2026-11-01,a,pass\n", "duration_seconds", id="a missing column"),
        pytest.param(f"{HEADER}\n1,2026-11-01,a,good,1\n1,2026-11-01,a,bad,1\n", "verdict", id="mostly bad rows"),
    ],
)
def test_what_is_no_history_is_refused_with_the_field_and_the_fix(tmp_path: Path, text: str, field: str) -> None:
    path = tmp_path / "history.csv"
    path.write_text(text)
    with pytest.raises(BadInput) as refused:
        read_csv(path)
    assert refused.value.field == f"history.csv: {field}"
    assert refused.value.fix


def test_a_file_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "history.csv.gz"
    path.write_bytes(gzip.compress("\n".join([HEADER, *GOOD * 100]).encode())[:-20])
    with pytest.raises(BadInput, match="cut off"):
        read_csv(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        read_csv(tmp_path / "history.csv")


def test_a_header_alone_is_an_empty_history(tmp_path: Path) -> None:
    history = read(tmp_path)
    assert history.builds == ()
    assert not history.has_seconds
    assert not history.has_files


def test_a_test_that_failed_and_passed_in_one_build_is_flaky_and_no_regression(tmp_path: Path) -> None:
    rows = ["1,2026-11-01,a,fail,1", "1,2026-11-01,a,pass,3", "1,2026-11-01,b,fail,1", "1,2026-11-01,b,error,1"]
    history = read(tmp_path, *rows, "1,2026-11-01,c,pass,1", "1,2026-11-01,c,skip,0")
    (build,) = history.builds
    assert verdicts(history, build) == {"a": "pass", "b": "error", "c": "pass"}
    assert build.flaky.tolist() == [0]
    assert build.failed.tolist() == [1]
    assert build.seconds.tolist() == [3.0, 1.0, 1.0]


def test_a_row_that_is_said_twice_counts_once_and_is_mentioned(tmp_path: Path) -> None:
    history = read(tmp_path, GOOD[0], GOOD[0], GOOD[1])
    assert history.outcomes == 2
    assert [note.count for note in history.problems.notes] == [1]


def test_builds_are_ordered_by_time_where_the_clock_goes_backwards(tmp_path: Path) -> None:
    history = read(tmp_path, "1,2026-11-03,a,pass,1", "2,2026-11-01,a,pass,1", "3,2026-11-02,a,pass,1")
    assert [build.id for build in history.builds] == ["2", "3", "1"]
    (note,) = history.problems.notes
    assert note.examples == ("build 2 after build 1",)


def test_builds_of_one_time_stay_in_the_order_of_the_file_and_it_says_so(tmp_path: Path) -> None:
    history = read(tmp_path, *(f"{name},2026-11-03,a,pass,1" for name in "cab"))
    assert [build.id for build in history.builds] == ["c", "a", "b"]
    assert "one time" in history.problems.notes[0].what


def test_rows_of_a_build_belong_together_wherever_they_stand(tmp_path: Path) -> None:
    history = read(
        tmp_path, "1,2026-11-01,a,pass,1", "2,2026-11-02,a,pass,1", "1,2026-11-01,b,fail,1", "1,2026-10-31,c,pass,1"
    )
    first, second = history.builds
    assert verdicts(history, first) == {"a": "pass", "b": "fail", "c": "pass"}
    assert verdicts(history, second) == {"a": "pass"}


def test_retries_are_one_build_with_what_they_show_about_flaky_tests(tmp_path: Path) -> None:
    rows = ["1,2026-11-01,a,fail,1,0", "1,2026-11-01,b,fail,1,0", "1,2026-11-02,a,pass,1,1"]
    (build,) = read(tmp_path, *rows, header=f"{HEADER},retry").builds
    assert (build.flaky.tolist(), build.failed.tolist(), build.retry) == ([0], [1], 1)


def test_the_same_test_in_two_environments_is_not_flaky(tmp_path: Path) -> None:
    rows = ["1,2026-11-01,a,fail,1,arm", "1,2026-11-01,a,pass,1,x86"]
    history = read(tmp_path, *rows, header=f"{HEADER},environment")
    assert [build.flaky.size for build in history.builds] == [0, 0]
    assert [build.environment for build in history.builds] == ["arm", "x86"]


def test_an_export_of_failing_tests_only_is_recognised_and_filled_from_the_list_of_tests(tmp_path: Path) -> None:
    universe = tmp_path / "tests.json"
    universe.write_text('{"a": "src/a.py", "b": "", "c": "src/c.py"}')
    path = tmp_path / "history.csv"
    path.write_text(f"{HEADER},changed_files\n1,2026/11/01 10:00:00,,pass,,src/a.py\n2,2026/11/02 10:00:00,b,fail,,x\n")
    history = read_csv(path, tests=universe)
    assert history.sparse
    assert history.names == ("a", "b", "c")
    assert history.test_files == {"a": "src/a.py", "c": "src/c.py"}
    green, red = history.dense().builds
    assert verdicts(history, green) == {"a": "pass", "b": "pass", "c": "pass"}
    assert verdicts(history, red) == {"a": "pass", "b": "fail", "c": "pass"}
    assert green.files == ("src/a.py",)


@pytest.mark.parametrize("text", ["", "7", '[1, "a"]', '{"a": 1}'])
def test_a_list_of_tests_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    universe = tmp_path / "tests.json"
    universe.write_text(text)
    with pytest.raises(BadInput, match=r"tests\.json"):
        read_csv(tmp_path / "history.csv", tests=universe)


def test_all_green_and_all_red_histories_are_histories(tmp_path: Path) -> None:
    assert not read(tmp_path, *GOOD).sparse
    red = read(tmp_path, "1,2026-11-01,a,fail,1", "2,2026-11-02,a,fail,1")
    assert [build.failed.size for build in red.builds] == [1, 1]


def test_a_name_with_a_line_break_a_quote_or_bytes_that_are_not_utf8_survives(tmp_path: Path) -> None:
    history = read(
        tmp_path, '1,2026-11-01,"a\nb",pass,1', '1,2026-11-01,"say ""x""",pass,1', '1,2026-11-01,t["x\udce9],pass,1'
    )
    assert history.names == ("a\nb", 'say "x"', 't["x\udce9]')


_FIELD = st.one_of(
    st.sampled_from(["1", "2", "2026-11-01", "2026/11/02 09:30:00", "a", "b", "", "0.5", "nan", "-1", *VERDICTS]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(st.lists(_FIELD, max_size=6).map(",".join), max_size=12))
def test_for_all_lines_the_history_is_sound_or_the_file_is_refused(tmp_path: Path, lines: list[str]) -> None:
    try:
        history = read(tmp_path, *lines)
    except BadInput:
        return
    assert [build.time for build in history.builds] == sorted(build.time for build in history.builds)
    for build in history.builds:
        assert (np.diff(build.tests) > 0).all()
        assert build.tests.size == build.verdicts.size == build.seconds.size
        assert np.isfinite(build.seconds).all()
        assert (build.seconds >= 0).all()
        assert (build.verdicts < len(VERDICTS)).all()
        assert np.isin(build.flaky, build.tests).all()
        assert all(history.names[test] for test in build.tests)
