"""``maestro tests import``: history comes in without a stack, whole or not at all, and what is left out is told."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli import cli
from maestro.home import ledger_url
from maestro.ledger import Ledger
from maestro.ledger.all_builds import history_of

CSV = """build,time,test,verdict,duration_seconds
1,2026-11-01T09:30:00Z,a,pass,1
1,2026-11-01T09:30:00Z,b,maybe,1
2,2026-11-02T09:30:00Z,a,fail,1
"""
JUNIT = '<testsuite name="s" timestamp="2026-11-03T09:30:00"><testcase classname="x.T" name="t"/></testsuite>'
CHECKS = {"name": "unit", "head_sha": "c" * 40, "conclusion": "success", "started_at": "2026-11-04T09:30:00Z"}


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("MAESTRO_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MAESTRO_LEDGER_URL", raising=False)
    return CliRunner()


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    path = tmp_path / "history.csv"
    path.write_text(CSV)
    return path


def import_(runner: CliRunner, *words: object) -> tuple[int, str]:
    told = runner.invoke(cli, ["tests", "import", *map(str, words), "--repo", "acme/shop"])
    return told.exit_code, told.output


def kept() -> list[str]:
    with Ledger.open(ledger_url()) as ledger:
        return [build.id for build in history_of(ledger, "acme/shop").builds]


def test_what_came_in_and_what_was_left_out_is_told(runner: CliRunner, csv: Path) -> None:
    code, told = import_(runner, csv)
    assert code == 0
    assert "2 builds came in, 0 were there" in told
    assert "left out: 1 × verdict is none of pass, fail, error, skip (line 3)" in told  # noqa: RUF001
    assert kept() == ["1", "2"]


def test_every_form_is_recognised_by_what_it_begins_with(runner: CliRunner, csv: Path, tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    reports.mkdir()
    (reports / "night.xml").write_text(JUNIT)
    checks = tmp_path / "checks"
    checks.write_text(json.dumps([CHECKS]))
    code, told = import_(runner, csv, reports, checks, "--json")
    assert code == 0
    imports = json.loads(told)["imports"]
    assert [each["format"] for each in imports] == ["csv", "junit", "checks"]
    assert [each["new_builds"] for each in imports] == [2, 1, 1]
    assert imports[0]["left_out"][0]["examples"] == ["line 3"]
    assert kept() == ["1", "2", "night", "c" * 40]


def test_importing_again_adds_nothing(runner: CliRunner, csv: Path) -> None:
    import_(runner, csv)
    assert "0 builds came in, 2 were there" in import_(runner, csv)[1]
    assert kept() == ["1", "2"]


def test_an_id_that_stands_for_two_builds_is_pointed_out(runner: CliRunner, csv: Path) -> None:
    import_(runner, csv)
    csv.write_text(CSV.replace("2026", "2025"))
    assert "builds that were there say something else here, and stay: 1, 2" in import_(runner, csv)[1]


def test_a_bad_path_among_good_ones_lets_nothing_in(runner: CliRunner, csv: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("build,time\n1,2\n")
    code, told = import_(runner, csv, bad)
    assert code == 2
    assert "bad.csv: test" in told
    assert kept() == []


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["missing.csv"], id="a path that is not there"),
        pytest.param([], id="no path"),
        pytest.param([".", "--format", "yaml"], id="an unknown format"),
    ],
)
def test_wrong_use_is_refused(runner: CliRunner, words: list[str]) -> None:
    assert import_(runner, *words)[0] == 2


def test_a_list_of_tests_for_a_form_that_needs_none_is_refused(runner: CliRunner, csv: Path, tmp_path: Path) -> None:
    (tmp_path / "night.xml").write_text(JUNIT)
    code, told = import_(runner, tmp_path / "night.xml", "--tests", csv)
    assert code == 2
    assert "--tests" in told
