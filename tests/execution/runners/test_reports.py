"""JUnit XML is read as what it is: a file that untrusted code wrote."""

from pathlib import Path
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.errors import BadInput
from maestro.execution.runners.reports import Case, outcomes_of, own_report, read_cases
from maestro.model.tests import MESSAGE_LIMIT, Verdict

REPORT = """<?xml version="1.0"?>
<testsuites><testsuite name="s">
<testcase classname="pkg.Suite" name="passes" time="1,234.5"/>
<testcase classname="pkg.Suite" name="fails" time="0.1"><failure message="boom">at line 3</failure></testcase>
<testcase classname="pkg.Suite" name="breaks"><error message="bang"/><system-out>noise</system-out></testcase>
<testcase classname="pkg.Suite" name="skips" time="nonsense"><skipped message="later"/></testcase>
</testsuite></testsuites>
"""


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "junit.xml"
    path.write_text(REPORT)
    return path


def test_every_kind_of_case_is_read(report: Path) -> None:
    cases = {case.name: case for case in read_cases(report)}
    assert {name: case.verdict.value for name, case in cases.items()} == {
        "passes": "pass",
        "fails": "fail",
        "breaks": "error",
        "skips": "skip",
    }
    assert cases["passes"].seconds == 1234.5
    assert cases["skips"].seconds == 0.0
    assert cases["fails"].message == "boom\nat line 3"
    assert cases["breaks"].message == "bang"


@pytest.mark.parametrize(
    "test",
    ["passes", "pkg.Suite.passes", "pkg.Suite::passes"],
    ids=["by its name", "by class and name with a dot", "by class and name with colons"],
)
def test_a_case_is_found_by_the_ids_that_runners_print(report: Path, test: str) -> None:
    (outcome,) = outcomes_of(read_cases(report), [test])
    assert (outcome.test, outcome.verdict) == (test, Verdict.PASS)


def test_a_test_with_several_cases_gets_the_worst_verdict() -> None:
    cases = [Case(name="a", verdict=verdict) for verdict in (Verdict.PASS, Verdict.FAIL, Verdict.SKIP)]
    assert [outcome.verdict for outcome in outcomes_of(cases, ["a"])] == [Verdict.FAIL]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('<!DOCTYPE x [<!ENTITY a "b">]><testsuite/>', id="an entity"),
        pytest.param('<!DOCTYPE x SYSTEM "file:///etc/passwd"><testsuite/>', id="a document type elsewhere"),
        pytest.param("<testsuite>", id="cut off"),
        pytest.param("all tests passed", id="no XML"),
        pytest.param("", id="empty"),
    ],
)
def test_what_is_no_plain_report_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "junit.xml").write_text(text)
    with pytest.raises(BadInput) as caught:
        read_cases(tmp_path / "junit.xml")
    assert caught.value.field == "runner.junit"


def test_a_report_is_only_taken_from_inside_and_through_no_link(tmp_path: Path, report: Path) -> None:
    inside = tmp_path / "tree"
    inside.mkdir()
    (inside / "link.xml").symlink_to(report)
    (inside / "out").symlink_to(tmp_path)
    assert own_report(inside / "link.xml", under=inside) is None
    assert own_report(inside / "out" / "junit.xml", under=inside) is None
    assert own_report(inside / "nothing.xml", under=inside) is None
    assert own_report(report, under=tmp_path) == report


@given(
    name=st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn")), min_size=1, max_size=20),
    message=st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn")), max_size=3 * MESSAGE_LIMIT),
)
def test_any_name_and_message_come_through(tmp_path_factory: pytest.TempPathFactory, name: str, message: str) -> None:
    path = tmp_path_factory.mktemp("report") / "junit.xml"
    case = f"<testcase name={quoteattr(name)}><failure message={quoteattr(message)}/></testcase>"
    path.write_text(f"<testsuite>{case}</testsuite>", encoding="utf-8")
    (outcome,) = outcomes_of(read_cases(path), [name])
    assert (outcome.test, outcome.verdict) == (name, Verdict.FAIL)
    assert len(outcome.message) <= MESSAGE_LIMIT
