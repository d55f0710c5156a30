"""JUnit XML becomes builds: by file or folder, with ids as the runner lists them, and nothing that could harm."""

import os
from pathlib import Path

import pytest

from maestro.errors import BadInput
from maestro.impact.history.junit import BuildIs, read_junit
from tests.impact.history.exports import verdicts

CASE = '<testcase classname="tests.test_a.TestPrice" name="test_sum[1]" time="0.25"/>'
BOMB = '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><testsuite>&c;</testsuite>'


def write(path: Path, *cases: str, suite: str = "pytest", timestamp: str = "2026-11-23T09:30:00") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    body = "".join(cases)
    path.write_text(f'<testsuites><testsuite name="{suite}" timestamp="{timestamp}">{body}</testsuite></testsuites>')
    return path


def test_one_file_is_one_build(tmp_path: Path) -> None:
    red = '<testcase classname="tests.test_a" name="test_x" time="1"><failure message="no"/></testcase>'
    history = read_junit(write(tmp_path / "night-7.xml", CASE, red))
    (build,) = history.builds
    assert build.id == "night-7"
    assert build.time == 1_795_426_200
    assert verdicts(history, build) == {
        "tests/test_a.py::TestPrice::test_sum[1]": "pass",
        "tests/test_a.py::test_x": "fail",
    }
    assert build.seconds.tolist() == [0.25, 1.0]


@pytest.mark.parametrize(
    ("suite", "attributes", "test"),
    [
        pytest.param("pytest", 'classname="tests.test_a" name="t"', "tests/test_a.py::t", id="pytest's function"),
        pytest.param("pytest", 'classname="" name="tests.test_a"', "tests.test_a", id="pytest's collection error"),
        pytest.param(
            "unit",
            'file="tests/test_a.py" classname="tests.test_a.TestB" name="t"',
            "tests/test_a.py::TestB::t",
            id="pytest's old form, which names the file",
        ),
        pytest.param("x.BTest", 'classname="x.BTest" name="t"', "x.BTest::t", id="a Java method"),
        pytest.param("jest", 'file="a.js" classname="adds" name="one"', "a.js::adds::one", id="a JavaScript test"),
    ],
)
def test_a_case_is_known_by_the_id_that_its_runner_lists(
    tmp_path: Path, suite: str, attributes: str, test: str
) -> None:
    history = read_junit(write(tmp_path / "a.xml", f"<testcase {attributes}/>", suite=suite))
    assert history.names == (test,)


@pytest.mark.parametrize(
    ("build_is", "builds"),
    [
        ("auto", ["12", "13", "extra", "reports"]),
        ("file", ["12/a", "12/deep/b", "13/a", "TEST-x", "TEST-y", "extra"]),
        ("folder", ["12", "12/deep", "13", "reports"]),
    ],
)
def test_a_build_is_a_file_or_a_folder_as_it_is_asked_for(tmp_path: Path, build_is: BuildIs, builds: list[str]) -> None:
    top = tmp_path / "reports"
    for name in ("12/a", "12/deep/b", "13/a", "extra", "TEST-x", "TEST-y"):
        write(top / f"{name}.xml", CASE)
    history = read_junit(top, build_is=build_is)
    assert sorted(build.id for build in history.builds) == builds


def test_a_test_that_passed_only_when_its_runner_ran_it_again_is_flaky(tmp_path: Path) -> None:
    flaky = '<testcase classname="x.BTest" name="t"><flakyFailure message="no"/></testcase>'
    (build,) = read_junit(write(tmp_path / "a.xml", flaky)).builds
    assert build.verdicts.tolist() == [0]
    assert build.flaky.tolist() == [0]


def test_a_file_that_cannot_be_used_is_named_and_left_out(tmp_path: Path) -> None:
    for number in range(5):
        write(tmp_path / f"{number}.xml", CASE)
    (tmp_path / "bomb.xml").write_text(BOMB)
    (tmp_path / "broken.xml").write_text("<testsuite>")
    (tmp_path / "coverage.xml").write_text("<coverage/>")
    (tmp_path / "link.xml").symlink_to(tmp_path / "0.xml")
    history = read_junit(tmp_path)
    assert [build.id for build in history.builds] == ["0", "1", "2", "3", "4"]
    named = "; ".join(example for remark in history.problems.left_out for example in remark.examples)
    assert history.problems.left_out_count == 4
    assert all(name in named for name in ("bomb.xml", "broken.xml", "coverage.xml", "link.xml"))


@pytest.mark.parametrize("text", [BOMB, "", "build,time\n", "<coverage/>"])
def test_what_is_no_report_at_all_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.xml"
    path.write_text(text)
    with pytest.raises(BadInput, match="no test reports"):
        read_junit(path)


def test_a_folder_without_reports_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no XML file"):
        read_junit(tmp_path)


def test_a_report_without_a_time_is_as_old_as_its_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xml", CASE, timestamp="")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    history = read_junit(path)
    assert history.builds[0].time == 1_700_000_000
    assert any("oldest file" in note.what for note in history.problems.notes)


@pytest.mark.parametrize("seconds", ["nan", "-1", "inf", "soon"])
def test_a_duration_that_is_none_is_mentioned_and_its_verdict_kept(tmp_path: Path, seconds: str) -> None:
    history = read_junit(write(tmp_path / "a.xml", f'<testcase classname="a" name="t" time="{seconds}"/>'))
    assert history.builds[0].seconds.tolist() == [0.0]
    assert [(note.count, note.examples) for note in history.problems.notes] == [(1, ("a.xml",))]
