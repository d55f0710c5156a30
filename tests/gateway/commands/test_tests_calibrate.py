"""``maestro tests calibrate``, ``report`` and ``rollback``: a model by command, without a stack."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import cli
from maestro.home import home, ledger_url
from maestro.ledger import Ledger
from maestro.model.record import RecordKind

REPO = ("--repo", "acme/shop")


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("MAESTRO_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MAESTRO_LEDGER_URL", raising=False)
    return CliRunner()


def maestro_tests(runner: CliRunner, *words: object) -> Result:
    return runner.invoke(cli, ["tests", *map(str, words)])


@pytest.fixture
def few(tmp_path: Path) -> Path:
    """A history of six builds, one of them red: too little to promise anything."""
    return written(tmp_path / "few.csv", builds=6, red_every=4)


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A history in which every second build is red by a test that passed the time before, always the same one."""
    return written(tmp_path / "many.csv", builds=240, red_every=2)


def written(path: Path, *, builds: int, red_every: int) -> Path:
    lines = ["build,time,test,verdict,duration_seconds"]
    for build in range(builds):
        time = f"2026-{1 + build // 28:02d}-{1 + build % 28:02d}T09:30:00Z"
        for test in range(10):
            red = test == 0 and build % red_every == red_every - 1
            lines.append(f"{build},{time},shop/test_{test},{'fail' if red else 'pass'},1.0")
    path.write_text("\n".join(lines) + "\n")
    return path


def test_too_little_history_promotes_nothing_and_says_what_is_missing(runner: CliRunner, few: Path) -> None:
    told = maestro_tests(runner, "calibrate", *REPO, "--history", few)
    assert told.exit_code == 0, told.output
    assert "nothing was promoted: too little data: 1 red builds" in told.output
    assert "model that selects: none, so everything runs" in told.output


def test_a_model_that_keeps_its_promise_is_promoted_reported_and_rolled_back(runner: CliRunner, many: Path) -> None:
    result = json.loads(maestro_tests(runner, "calibrate", *REPO, "--history", many, "--json").stdout)
    assert result["promoted"], result["reason"]
    assert result["promise"]["state"] == "kept"
    page = many.with_suffix(".html")
    assert maestro_tests(runner, "report", *REPO, "--out", page).exit_code == 0
    assert "Promise kept" in page.read_text()
    back = json.loads(maestro_tests(runner, "rollback", *REPO, "--reason", "a test", "--json").stdout)
    assert back["champion"] is None
    assert back["promise"]["state"] == "withdrawn"
    with Ledger.open(ledger_url()) as ledger:
        records = [stored.record for stored in ledger.records.list(kind=RecordKind.CALIBRATION)]
    assert [record.outcome for record in records] == ["promoted", "rolled back"]
    assert records[1].reason.endswith(": a test")


def test_what_was_imported_is_calibrated_without_naming_a_file(runner: CliRunner, few: Path) -> None:
    assert maestro_tests(runner, "import", few, *REPO).exit_code == 0
    told = json.loads(maestro_tests(runner, "calibrate", *REPO, "--json").stdout)
    assert told["figures"]["builds"] == 6
    other = maestro_tests(runner, "calibrate", "--repo", "acme/other")
    assert other.exit_code == 2
    assert "there is no build of acme/other" in other.output


def test_a_report_of_a_file_keeps_nothing(runner: CliRunner, few: Path) -> None:
    page = few.with_suffix(".html")
    told = maestro_tests(runner, "report", *REPO, "--history", few, "--out", page)
    assert told.exit_code == 0, told.output
    assert "Promise withdrawn" in page.read_text()
    assert not home().exists()


def test_a_report_of_a_history_whose_failures_change_withdraws_the_promise_openly(
    runner: CliRunner, tmp_path: Path
) -> None:
    """For 200 builds three tests fail in turn; for the last 30 others fail, each for the first time."""
    lines = ["build,time,test,verdict,duration_seconds"]
    for build in range(230):
        time = f"2026-{1 + build // 28:02d}-{1 + build % 28:02d}T09:30:00Z"
        failing = build % 3 if build < 200 else build - 190
        lines += [f"{build},{time},shop/test_{test},{'fail' if test == failing else 'pass'},1" for test in range(40)]
    history, page = tmp_path / "drift.csv", tmp_path / "drift.html"
    history.write_text("\n".join(lines) + "\n")
    told = maestro_tests(runner, "report", *REPO, "--history", history, "--out", page)
    assert told.exit_code == 0, told.output
    shown = page.read_text()
    assert "Promise withdrawn" in shown
    assert "red builds would have escaped at τ = 0.1: only the newest red builds are relied on" in shown


@pytest.mark.parametrize(
    ("words", "field"),
    [
        pytest.param(("report", "--out", "report.html"), "MAESTRO_LEDGER_URL", id="a report"),
        pytest.param(("rollback",), "MAESTRO_LEDGER_URL", id="a rollback"),
    ],
)
def test_looking_back_without_a_ledger_creates_none(runner: CliRunner, words: tuple[str, ...], field: str) -> None:
    told = maestro_tests(runner, *words, *REPO)
    assert told.exit_code == 2
    assert field in told.output
    assert not home().exists()


def test_a_repository_that_was_never_calibrated_has_no_report_and_no_way_back(runner: CliRunner, few: Path) -> None:
    maestro_tests(runner, "import", few, *REPO)
    report = maestro_tests(runner, "report", *REPO, "--out", few.with_suffix(".html"))
    assert (report.exit_code, "never calibrated" in report.output) == (2, True)
    back = maestro_tests(runner, "rollback", *REPO)
    assert (back.exit_code, "ever promoted" in back.output) == (2, True)
