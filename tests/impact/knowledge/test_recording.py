"""A recording gives back exactly what was put in, through bytes and merges, and refuses bytes that were changed."""

from datetime import timedelta

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from maestro.errors import BadInput
from maestro.impact.knowledge.recording import LOST, Recording
from maestro.impact.knowledge.staleness import stale
from tests.impact.knowledge.recordings import AT, executed_by, recording_of

_LINES = st.sets(st.integers(1, 300), min_size=1, max_size=30)
_EXECUTED = st.dictionaries(
    st.sampled_from(["t::a", "t::b", "t::c", "t::d"]),
    st.dictionaries(st.sampled_from(["x.py", "src/y.py", "ü.py"]), _LINES),
    min_size=1,
)


@given(_EXECUTED, st.dictionaries(st.sampled_from(["x.py", "z.py"]), _LINES))
def test_bytes_give_back_the_same_recording(
    executed: dict[str, dict[str, set[int]]], at_import: dict[str, set[int]]
) -> None:
    made = recording_of(executed, at_import=at_import, opened={"data/a.csv": {next(iter(executed))}})
    loaded = Recording.load(made.dump())
    assert executed_by(loaded) == executed
    assert {file: set(loaded.at_import(file).tolist()) for file in at_import} == at_import
    assert (loaded.tests, loaded.files, loaded.blobs, loaded.recorded_at) == (
        made.tests,
        made.files,
        made.blobs,
        made.recorded_at,
    )
    assert loaded.opened_by("data/a.csv").tolist() == [0]
    assert loaded.seconds.tolist() == made.seconds.tolist()
    assert loaded.dump() == made.dump()


@given(_EXECUTED, _EXECUTED)
def test_in_a_merge_the_newer_recording_has_the_word_on_its_tests(
    older: dict[str, dict[str, set[int]]], newer: dict[str, dict[str, set[int]]]
) -> None:
    merged = Recording.merge(recording_of(older), recording_of(newer))
    assert executed_by(merged) == {**older, **newer}
    assert all(np.all(np.diff(each.tests) > 0) for each in merged.coverage)


@given(_EXECUTED, st.data())
def test_a_question_about_lines_agrees_with_the_pairs(
    executed: dict[str, dict[str, set[int]]], data: st.DataObject
) -> None:
    made = recording_of(executed)
    asked = np.array(sorted(data.draw(st.sets(st.integers(1, 400), min_size=1))), np.int32)
    for file in made.files:
        coverage = made.coverage_of(file)
        assert coverage is not None
        for row, test in enumerate(coverage.tests.tolist()):
            lines = executed[made.tests[test]][file]
            assert coverage.executed(asked)[row].tolist() == [line in lines for line in asked.tolist()]
            assert coverage.line_counts()[row] == len(lines)
    assert made.line_counts.tolist() == [sum(map(len, executed[test].values())) for test in made.tests]


def test_nothing_is_known_of_what_was_not_recorded() -> None:
    made = recording_of({"t::a": {"x.py": {1}}})
    assert made.index("t::a") == 0
    assert made.index("t::b") is None
    assert made.lines_of("other.py")[0].size == made.at_import("other.py").size == made.opened_by("other").size == 0
    assert made.coverage_of("other.py") is None


def test_rows_of_a_file_that_changed_between_the_recordings_are_doubtful() -> None:
    older = recording_of({"t::a": {"x.py": {1}, "y.py": {1}}, "t::b": {"x.py": {2}}}, blobs={"x.py": "1" * 64})
    newer = recording_of({"t::b": {"x.py": {3}}}, blobs={"x.py": "2" * 64}, recorded_at=AT + timedelta(days=3))
    merged = Recording.merge(older, newer)
    assert merged.blob_of("x.py") == "2" * 64
    now = {"x.py": "2" * 64, "y.py": "0" * 64}
    doubt = stale(merged, now, limit_days=14, now=AT + timedelta(days=4))
    assert [merged.tests[test] for test in doubt.tests] == ["t::a"]
    assert doubt.reason
    assert stale(merged, now, limit_days=3.5, now=AT + timedelta(days=4)).expired


@pytest.mark.parametrize("position", [0, 19, 25, 90, 200, -1])
def test_changed_bytes_are_refused(position: int) -> None:
    data = bytearray(recording_of({"t::a": {"x.py": set(range(1, 500))}, "t::b": {"x.py": {7}}}).dump())
    data[position] ^= 1
    with pytest.raises(BadInput) as refused:
        Recording.load(bytes(data))
    assert refused.value.field == "recording"
    assert refused.value.fix


@pytest.mark.parametrize("data", [b"", b"maestro recording 2\n", b"maestro recording 1\n" + b"0" * 64, b"{}"])
def test_what_is_no_recording_of_this_version_is_refused(data: bytes) -> None:
    with pytest.raises(BadInput):
        Recording.load(data)


def test_a_fresh_recording_of_the_same_files_is_not_in_doubt() -> None:
    made = recording_of({"t::a": {"x.py": {1}}})
    doubt = stale(made, {"x.py": "0" * 64}, limit_days=14, now=AT + timedelta(days=1))
    assert (doubt.files, doubt.tests.tolist(), doubt.expired, doubt.reason) == ((), [], False, "")


def test_a_changed_or_removed_file_puts_the_tests_in_doubt_that_executed_it() -> None:
    made = recording_of({"t::a": {"x.py": {1}}, "t::b": {"y.py": {1}}, "t::c": {"z.py": {1}}})
    doubt = stale(made, {"x.py": "f" * 64, "z.py": "0" * 64}, limit_days=14, now=AT)
    assert doubt.files == ("x.py", "y.py")
    assert [made.tests[test] for test in doubt.tests] == ["t::a", "t::b"]
    assert "x.py, y.py changed since the recording" in doubt.reason


def test_a_recording_older_than_its_limit_puts_everything_in_doubt() -> None:
    made = recording_of({"t::a": {"x.py": {1}}, "t::b": {}})
    doubt = stale(made, {"x.py": "0" * 64}, limit_days=14, now=AT + timedelta(days=15))
    assert doubt.expired
    assert doubt.tests.tolist() == [0, 1]
    assert "15 days old" in doubt.reason


def test_a_test_that_took_the_recorder_away_is_always_in_doubt() -> None:
    made = recording_of({"t::a": {"x.py": {1}}, "t::b": {"x.py": {1}}})
    made.flags[1] = LOST
    assert stale(made, {"x.py": "0" * 64}, limit_days=14, now=AT).tests.tolist() == [1]
