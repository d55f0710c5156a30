"""``maestro tests evaluate``: whatever the export is like, figures that add up or a clear error, never a traceback."""

import json
import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.cli import cli
from maestro.errors import BadInput

HEADER = "build,time,test,verdict,duration_seconds"
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to_file(rows: Iterable[str], *, header: str = HEADER, name: str = "history.csv") -> Path:
        path = tmp_path / name
        path.write_text("\n".join((header, *rows, "")), encoding="utf-8")
        return path

    return to_file


def evaluate(path: Path, *words: object) -> Result:
    return CliRunner().invoke(cli, ["tests", "evaluate", "--history", str(path), *map(str, words)])


def figures(path: Path, *words: object) -> dict[str, Any]:
    """The JSON of a run that must succeed; a number that JSON does not have fails here."""

    def refuse(constant: str) -> float:
        raise AssertionError(f"{constant} is no JSON")

    told = evaluate(path, *words, "--json")
    assert told.exit_code == 0, told.output
    found: dict[str, Any] = json.loads(told.stdout, parse_constant=refuse)
    return found


def rows(builds: int, *, tests: int = 6, red_every: int = 3, folder: str = "shop") -> list[str]:
    """One build a day; every so many a test fails, in turn."""
    return [
        f"{build},{day_of(build)},{folder}/test_{test},{verdict_of(build, test, tests, red_every)},{test + 1}.5"
        for build in range(builds)
        for test in range(tests)
    ]


def day_of(build: int) -> str:
    return f"2026-{1 + build // 28:02d}-{1 + build % 28:02d}T09:30:00Z"


def verdict_of(build: int, test: int, tests: int, red_every: int) -> str:
    red = red_every and build % red_every == red_every - 1 and test == (build // red_every) % tests
    return "fail" if red else "pass"


def test_every_figure_of_the_issue_is_in_the_json(write: Write) -> None:
    found = figures(write(rows(90)), "--tau", "0.05,0.1")
    assert set(found) == {"all", "new"}
    for one in found.values():
        assert (one["builds"], one["red_builds"], one["outcomes"]) == (90, 30, 540)
        assert 0 <= one["brier"] <= 1
        assert 0 <= one["ece"] <= 1
        assert [row["tau"] for row in one["taus"]] == [0.05, 0.1]
        for row in one["taus"]:
            rate = row["false_green"]
            assert 0 <= rate["low"] <= rate["rate"] <= rate["high"] <= 1
            assert row["any_missed"]["count"] >= rate["count"]
            assert row["per_build"]["of"] == 90
            assert set(row["baselines"]) == set(one["baselines"])
        names = {"all", "random", "recent failures per second", "logistic regression per second"}
        assert set(one["baselines"]) == names
        assert all(set(each["saved_at_caught"]) == {"0.9", "0.95", "0.99"} for each in one["baselines"].values())


def test_the_tables_say_what_the_json_says(write: Write) -> None:
    path = write(rows(90))
    told = evaluate(path, "--tau", "0.1", "--failures", "all")
    assert told.exit_code == 0, told.output
    (row,) = figures(path, "--tau", "0.1", "--failures", "all")["all"]["taus"]
    assert f"{row['false_green']['count']} of 30" in told.output
    assert "new failures" not in told.output


def test_the_same_history_gives_the_same_bytes(write: Write) -> None:
    path = write(rows(40))
    assert evaluate(path, "--json").stdout == evaluate(path, "--json").stdout


@pytest.mark.parametrize(
    ("builds", "red_every", "red"),
    [
        pytest.param(1, 0, 0, id="one green build"),
        pytest.param(1, 1, 1, id="one red build"),
        pytest.param(30, 0, 0, id="all green"),
        pytest.param(30, 1, 30, id="all red"),
    ],
)
def test_a_history_that_cannot_certify_runs_everything(write: Write, builds: int, red_every: int, red: int) -> None:
    found = figures(write(rows(builds, red_every=red_every)), "--tau", "0.02", "--failures", "all")["all"]
    (row,) = found["taus"]
    assert (found["red_builds"], row["false_green"]["count"]) == (red, 0)
    assert (row["saved"], row["builds_run_whole"], row["certifiable"]) == (0, builds, False)
    assert row["saved_when_certified"] is None
    if not red:
        assert found["baselines"]["random"]["saved_at_caught"]["0.9"] is None


@pytest.mark.parametrize(
    ("text", "field"),
    [
        pytest.param("", "history.csv: build", id="an empty file"),
        pytest.param(HEADER + "\n", "--history", id="a header alone"),
        pytest.param("build,time,test\n1,2026-01-01,a\n", "verdict", id="a column is missing"),
        pytest.param(HEADER + "\n" + "1,yesterday,a,pass,1\n" * 3, "time", id="no usable time"),
        pytest.param(HEADER + "\n" + "1,2026-01-01,a,maybe,1\n" * 3, "verdict", id="no known verdict"),
        pytest.param(HEADER + "\n" + "1,2026-01-01,a,pass,nan\n" * 3, "duration_seconds", id="no duration"),
    ],
)
def test_what_cannot_be_a_history_is_refused_with_the_field_and_the_fix(tmp_path: Path, text: str, field: str) -> None:
    path = tmp_path / "history.csv"
    path.write_text(text)
    told = evaluate(path)
    assert told.exit_code == BadInput.exit_code
    assert field in told.output
    assert "fix:" in told.output


@pytest.mark.parametrize("tau", ["0", "1", "-0.1", "nan", "inf", "five", "", "0.05,", "0.05;0.1", "1e-400"])
def test_a_tau_that_is_no_probability_is_refused(write: Write, tau: str) -> None:
    told = evaluate(write(rows(3)), "--tau", tau)
    assert told.exit_code == BadInput.exit_code
    assert "--tau" in told.output


def test_a_tau_beyond_every_certificate_runs_everything(write: Write) -> None:
    (row,) = figures(write(rows(60)), "--tau", "1e-12", "--failures", "all")["all"]["taus"]
    assert (row["saved"], row["false_green"]["count"]) == (0, 0)


def test_a_history_that_is_not_there_is_wrong_use(tmp_path: Path) -> None:
    told = evaluate(tmp_path / "none.csv")
    assert told.exit_code == BadInput.exit_code
    assert "none.csv" in told.output


def test_one_row_in_ten_that_is_corrupt_is_counted_named_and_left_out(write: Write) -> None:
    good = rows(60)
    bad = [
        f"{number},{day_of(number)},shop/test_0,{verdict},{seconds}"
        for number, (verdict, seconds) in enumerate(
            [("pass", "-3"), ("pass", "nan"), ("pass", "soon"), ("broken", "1"), ("pass", "1e99")] * 8
        )
    ]
    path = write([*good, *bad, "only two,fields"])
    told = evaluate(path, "--failures", "all", "--json")
    assert told.exit_code == 0, told.output
    assert "8 × verdict is none of" in told.stderr  # noqa: RUF001 - a multiplication sign
    assert "24 × duration is not a number between" in told.stderr  # noqa: RUF001
    assert "line 362" in told.stderr
    assert json.loads(told.stdout) == figures(write(good, name="good.csv"), "--failures", "all")


def test_rows_and_builds_that_come_twice_count_once(write: Write) -> None:
    once = rows(40)
    assert figures(write([*once, *once], name="twice.csv")) == figures(write(once))


def test_a_clock_that_goes_backwards_is_named_and_builds_are_taken_by_time(write: Write) -> None:
    lines = rows(30)
    shuffled = [*lines[90:], *lines[:90]]
    told = evaluate(write(shuffled, name="shuffled.csv"), "--json")
    assert told.exit_code == 0, told.output
    assert "earlier than the one before it: ordered by time" in told.stderr
    assert json.loads(told.stdout)["all"]["taus"] == figures(write(lines))["all"]["taus"]


def test_a_renamed_suite_keeps_its_past(write: Write) -> None:
    before, after = rows(40), rows(60, folder="store")[40 * 6 :]
    moved = evaluate(write([*before, *after]), "--json")
    assert moved.exit_code == 0, moved.output
    assert "test moved from shop to store: followed" in moved.stderr.replace("/", "")
    stayed = figures(write(rows(60), name="stayed.csv"))
    assert json.loads(moved.stdout)["all"]["taus"] == stayed["all"]["taus"]


def test_an_export_of_failing_tests_only_counts_every_known_test_as_run(write: Write, tmp_path: Path) -> None:
    universe = tmp_path / "tests.json"
    universe.write_text(json.dumps({f"shop/test_{test}": f"shop/test_{test}.py" for test in range(6)}))
    header = HEADER + ",changed_files"

    def export(name: str, *, seconds: str) -> Path:
        return write(
            (
                f"{build},{day_of(build)},{f'shop/test_{build % 6}' if build % 3 else ''},"
                f"{'fail' if build % 3 else 'pass'},{seconds if build % 3 else ''},shop/part_{build % 6}.py;/odd//path"
                for build in range(60)
            ),
            header=header,
            name=name,
        )

    told = evaluate(export("red.csv", seconds="2.5"), "--tests", universe, "--json")
    assert told.exit_code == 0, told.output
    assert "rows of failing tests only" in told.stderr
    found = json.loads(told.stdout)
    assert (found["all"]["builds"], found["all"]["red_builds"], found["all"]["outcomes"]) == (60, 40, 40)
    # The seconds of failing tests alone would make them the whole cost of a build.
    assert found == figures(export("untimed.csv", seconds=""), "--tests", universe)


def test_ids_and_folders_of_any_shape_can_be_walked(write: Write) -> None:
    odd = ["1", "a::b[x/y]", "é", "org.example.A#b", "//", "..", "T" * 3_000, '"quoted, name"']
    lines = [
        f"{build},{day_of(build)},{test},{'fail' if (build + place) % 5 == 0 else 'pass'},0"
        for build in range(30)
        for place, test in enumerate(odd)
    ]
    found = figures(write(lines))
    assert found["all"]["builds"] == 30
    assert all(math.isfinite(row["saved"]) for one in found.values() for row in one["taus"])
