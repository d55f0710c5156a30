"""Packed builds: kept once, read in windows, the same on both databases."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
import sqlalchemy as sa

from maestro.impact.history.builds import Build, History
from maestro.ledger import Ledger
from maestro.ledger.builds import PAGE, Imported
from maestro.ledger.schema import metadata

REPO = "acme/shop"
NAMES = ("tests/test_a.py::test_one", "tests/test_a.py::test_two[\\ü\x00]", "c" * 5_000)


def build(name: str, time: float, verdicts: Sequence[int] = (0, 1, 3), **known: object) -> Build:
    count = len(verdicts)
    plain = Build(
        id=name,
        time=time,
        tests=np.arange(count, dtype=np.int32),
        verdicts=np.array(verdicts, np.uint8),
        seconds=np.linspace(0.0, 60.0, count, dtype=np.float32),
    )
    return replace(plain, **known)  # type: ignore[arg-type]


def history(*builds: Build, names: Sequence[str] = NAMES) -> History:
    return History(names=tuple(names), builds=builds)


def ids(ledger: Ledger, **bounds: object) -> list[str]:
    return [build.id for build in ledger.builds.window(REPO, **bounds)]  # type: ignore[arg-type]


def test_an_imported_build_comes_back_as_it_was_given(ledger: Ledger) -> None:
    given = build(
        "17\udce9",
        1_700_000_000.25,
        files=("src/a.py", "b ;\udce9.py"),
        revision="a" * 40,
        environment="env-1",
        retry=2,
        flaky=np.array([1], np.int32),
    )
    ledger.builds.put(history(given), repo=REPO)
    (found,) = ledger.builds.window(REPO)
    assert ledger.builds.names(REPO) == NAMES
    assert (found.id, found.time, found.files) == (given.id, given.time, given.files)
    assert (found.revision, found.environment, found.retry) == (given.revision, given.environment, given.retry)
    assert found.tests.tolist() == [0, 1, 2]
    assert found.verdicts.tolist() == [0, 1, 3]
    assert found.flaky.tolist() == [1]
    assert found.seconds == pytest.approx(given.seconds, rel=0.01)


def test_importing_again_adds_nothing_and_says_so(ledger: Ledger) -> None:
    assert ledger.builds.put(history(build("1", 1.0), build("2", 2.0)), repo=REPO) == Imported(new=2, known=0)
    assert ledger.builds.put(history(build("2", 2.0), build("3", 3.0)), repo=REPO) == Imported(new=1, known=1)
    assert ids(ledger) == ["1", "2", "3"]


def test_a_build_that_is_there_with_other_outcomes_or_times_stays_and_is_named(ledger: Ledger) -> None:
    ledger.builds.put(history(build("1", 1.0), build("2", 2.0), build("3", 3.0)), repo=REPO)
    again = history(build("1", 1.0), build("2", 2.5), build("3", 3.0, (0, 0, 0)), build("4", 4.0))
    assert ledger.builds.put(again, repo=REPO) == Imported(new=1, known=3, differing=("2", "3"))
    assert [each.time for each in ledger.builds.window(REPO)] == [1.0, 2.0, 3.0, 4.0]


def test_a_build_is_kept_apart_by_its_retry_and_environment(ledger: Ledger) -> None:
    ledger.builds.put(history(build("1", 1.0)), repo=REPO)
    ledger.builds.put(history(build("1", 2.0, retry=1), build("1", 3.0, environment="arm")), repo=REPO)
    assert ids(ledger) == ["1", "1", "1"]


def test_a_later_import_that_names_tests_in_another_order_means_the_same_tests(ledger: Ledger) -> None:
    ledger.builds.put(history(build("1", 1.0)), repo=REPO)
    ledger.builds.put(history(build("2", 2.0, (1, 0)), names=("new", NAMES[0])), repo=REPO)
    names = ledger.builds.names(REPO)
    second = list(ledger.builds.window(REPO))[1]
    assert {names[test]: int(code) for test, code in zip(second.tests, second.verdicts, strict=True)} == {
        "new": 1,
        NAMES[0]: 0,
    }


def test_a_window_has_the_last_builds_by_time_oldest_first_whatever_the_order_of_import(ledger: Ledger) -> None:
    numbers = range(2 * PAGE + 5)
    ledger.builds.put(history(*(build(str(number), float(number)) for number in reversed(numbers))), repo=REPO)
    assert ids(ledger) == [str(number) for number in numbers]
    assert ids(ledger, last=PAGE + 1) == [str(number) for number in numbers[-PAGE - 1 :]]
    assert ids(ledger, last=10_000) == [str(number) for number in numbers]
    assert ids(ledger, last=0) == []


def test_builds_of_one_time_keep_the_order_in_which_they_came(ledger: Ledger) -> None:
    ledger.builds.put(history(*(build(f"{number:03}", 5.0) for number in range(PAGE + 3))), repo=REPO)
    assert ids(ledger) == [f"{number:03}" for number in range(PAGE + 3)]
    assert ids(ledger, last=2) == ["033", "034"]


def test_a_window_begins_with_its_first_moment_and_ends_before_its_last(ledger: Ledger) -> None:
    ledger.builds.put(history(*(build(str(second), float(second)) for second in range(10))), repo=REPO)
    since, until = (datetime.fromtimestamp(second, UTC) for second in (3, 7))
    assert ids(ledger, since=since, until=until) == ["3", "4", "5", "6"]
    assert ids(ledger, since=since, until=until, last=2) == ["5", "6"]


def test_a_window_is_read_as_it_is_asked_for_and_needs_no_open_transaction(ledger: Ledger) -> None:
    ledger.builds.put(history(*(build(str(number), float(number)) for number in range(3 * PAGE))), repo=REPO)
    found = ledger.builds.window(REPO)
    assert next(found).id == "0"
    ledger.builds.put(history(build("later", 1e6)), repo=REPO)
    assert [build.id for build in found][-1] == "later"


def test_tenants_and_repositories_have_histories_of_their_own(ledger: Ledger) -> None:
    ledger.builds.put(history(build("1", 1.0)), repo=REPO, tenant="blue")
    assert ids(ledger) == []
    assert ledger.builds.names(REPO) == ()
    assert ledger.builds.history("acme/other", tenant="blue").builds == ()


def test_an_import_that_fails_midway_leaves_no_build_behind(ledger: Ledger) -> None:
    builds = [build(str(number), float(number)) for number in range(3 * PAGE)]
    broken = replace(builds[-1], time=None)  # type: ignore[arg-type]
    with pytest.raises(sa.exc.IntegrityError):
        ledger.builds.put(history(*builds[:-1], broken), repo=REPO)
    assert ids(ledger) == []


def test_an_export_of_failing_tests_only_is_kept_with_the_tests_that_passed(ledger: Ledger) -> None:
    red = build("1", 1.0, (1,))
    green = build("2", 2.0, ())
    ledger.builds.put(replace(history(red, green), sparse=True), repo=REPO)
    first, second = ledger.builds.window(REPO)
    assert first.verdicts.tolist() == [1, 0, 0]
    assert second.verdicts.tolist() == [0, 0, 0]


def test_a_test_that_failed_and_passed_in_a_retry_is_flaky_in_the_history(ledger: Ledger) -> None:
    ledger.builds.put(history(build("1", 1.0, (1, 1, 0)), build("1", 2.0, (0,), retry=1)), repo=REPO)
    (joined,) = ledger.builds.history(REPO).builds
    assert joined.flaky.tolist() == [0]
    assert joined.failed.tolist() == [1]


def test_the_file_of_a_test_is_remembered(ledger: Ledger) -> None:
    ledger.builds.put(replace(history(build("1", 1.0)), test_files={NAMES[0]: "tests/test_a.py"}), repo=REPO)
    assert ledger.builds.history(REPO).test_files == {NAMES[0]: "tests/test_a.py"}


def test_the_tables_of_builds_belong_to_the_schema() -> None:
    assert {"build_series", "build_tests", "builds"} <= set(metadata.tables)
