"""A renamed suite keeps its past; what merely comes and goes is nobody's past."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.impact.history.exports import green_day, read, verdicts

STAYS = ["other.Suite.stays"]


def days(folder: Path, before: list[str], after: list[str]) -> tuple[list[str], list[list[str]]]:
    """The names of a history in which ``before`` ran for two days and then ``after``, and what ran on each day."""
    rows = [row for day in (1, 2) for row in green_day(day, STAYS + before)]
    rows += [row for day in (3, 4) for row in green_day(day, STAYS + after)]
    history = read(folder, *rows)
    notes = [note.what for note in history.problems.notes]
    assert all("followed" in note for note in notes)
    return notes, [sorted(verdicts(history, build)) for build in history.builds]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("shop.old.PriceTest.{}", "shop.new.PriceTest.{}", id="a package"),
        pytest.param("shop.PriceTest.{}", "shop.CostTest.{}", id="a class"),
        pytest.param("shop.PriceTest#{}", "shop.CostTest#{}", id="a class with methods after a hash"),
        pytest.param("tests/test_a.py::{}", "tests/test_b.py::{}", id="a file"),
        pytest.param("tests/test_a.py::{}[x/y.z]", "tests/unit/test_a.py::{}[x/y.z]", id="a folder, parametrized"),
        pytest.param("org.a.{}Suite", "org.b.{}Suite", id="the package of whole suites"),
    ],
)
def test_tests_that_move_together_are_followed(tmp_path: Path, before: str, after: str) -> None:
    old, new = ([form.format(name) for name in ("one", "two", "three")] for form in (before, after))
    notes, ran = days(tmp_path, old, new)
    assert len(notes) == 1
    assert ran == [sorted(STAYS + new)] * 4


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(["a.T.x", "a.T.y"], ["b.T.x", "b.T.y"], id="too few to be a pattern"),
        pytest.param(["a.T.x", "a.T.y", "a.T.z"], ["b.T.p", "b.T.q", "b.T.r"], id="no equal base names"),
        pytest.param([f"a.T.{n}" for n in range(9)], ["b.T.0", "b.T.1", "b.T.2"], id="most of them are just gone"),
        pytest.param(["a.T.0", "a.T.1", "a.T.2"], [f"b.T.{n}" for n in range(9)], id="most of them are just new"),
        pytest.param(["a.T.x", "a.T.y", "a.T.z"], [], id="deleted"),
        pytest.param([], ["a.T.x", "a.T.y", "a.T.z"], id="new"),
    ],
)
def test_what_is_deleted_or_new_is_not_taken_for_a_move(tmp_path: Path, before: list[str], after: list[str]) -> None:
    notes, ran = days(tmp_path, before, after)
    assert notes == []
    assert ran == [sorted(STAYS + before)] * 2 + [sorted(STAYS + after)] * 2


def test_a_package_with_suites_of_equal_method_names_is_followed_suite_by_suite(tmp_path: Path) -> None:
    before, after = (
        [f"{package}.{suite}.{method}" for suite in ("Cart", "Price") for method in ("setup", "runs", "ends")]
        for package in ("old", "new")
    )
    notes, ran = days(tmp_path, before, after)
    assert notes == ["test moved from old to new: followed"]
    assert ran[0] == sorted(STAYS + after)


def test_a_suite_that_moves_twice_is_known_by_its_last_name(tmp_path: Path) -> None:
    rows = []
    for day, package in enumerate("abc", start=1):
        rows += green_day(day, [*STAYS, *(f"{package}.T.{name}" for name in ("x", "y", "z"))])
    history = read(tmp_path, *rows)
    assert sorted(verdicts(history, history.builds[0])) == ["c.T.x", "c.T.y", "c.T.z", *STAYS]
    assert set(history.names) == {"c.T.x", "c.T.y", "c.T.z", *STAYS}


def test_a_suite_that_was_away_for_a_build_is_still_itself(tmp_path: Path) -> None:
    suite = ["a.T.x", "a.T.y", "a.T.z"]
    rows = [*green_day(1, STAYS + suite), *green_day(2, STAYS), *green_day(3, STAYS + suite)]
    assert read(tmp_path, *rows).names == (*STAYS, *suite)


any_test = st.builds("{}.{}.{}".format, st.sampled_from("ab"), st.sampled_from("PQ"), st.sampled_from("wxyz"))


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(builds=st.lists(st.lists(any_test, unique=True, min_size=1), min_size=1, max_size=6))
def test_for_all_histories_no_build_gains_or_loses_a_test(tmp_path: Path, builds: list[list[str]]) -> None:
    history = read(tmp_path, *(row for day, tests in enumerate(builds, start=1) for row in green_day(day, tests)))
    assert [build.tests.size for build in history.builds] == [len(tests) for tests in builds]
    assert set(verdicts(history, history.builds[-1])) == set(builds[-1])
