"""``maestro tests evaluate-cases``: the table, the JSON, and what is said of wrong use."""

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import cli
from tests.execution.recorded import PLAIN
from tests.impact.evaluation.shop import DISCOUNT, Shop, case_file


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return Shop(tmp_path_factory.mktemp("shop") / "repository")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def runner(home: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("MAESTRO_HOME", str(home))
    return CliRunner()


def evaluated(runner: CliRunner, shop: Shop, folder: Path, lines: list[str], *words: str) -> Result:
    project = folder / "project.yaml"
    project.write_text(json.dumps({"tests": {"arguments": PLAIN}}))
    cases = case_file(folder / "cases.jsonl", lines)
    options = ("--repo", shop.folder, "--cases", cases, "--python", sys.executable, "--project", project)
    return runner.invoke(cli, ["tests", "evaluate-cases", *map(str, options), "--no-testmon", *words])


def test_the_figures_and_every_case_are_json_and_progress_goes_elsewhere(
    runner: CliRunner, shop: Shop, tmp_path: Path
) -> None:
    told = evaluated(runner, shop, tmp_path, [shop.executed_line(), shop.module_level(), "{"], "--json")
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    assert (found["lines"], found["cases"], len(found["left_out"])) == (3, 2, 1)
    assert [row["tau"] for row in found["taus"]] == [0.01, 0.02, 0.05, 0.1]
    assert found["testmon"] is None
    [first, _] = found["outcomes"]
    assert first["failing"] == [DISCOUNT]
    assert first["rank"] == 1
    assert {"selected", "time_share", "caught", "everything", "certified", "random_caught"} <= set(first["taus"][0])
    assert "line 1: " in told.stderr


def test_the_table_has_a_row_for_each_way(runner: CliRunner, shop: Shop, tmp_path: Path) -> None:
    told = evaluated(runner, shop, tmp_path, [shop.executed_line(), "{"], "--tau", "0.05,0.2")
    assert told.exit_code == 0, told.output
    assert "1 cases of 2 lines" in told.stdout
    assert "line 2: the line: it is no JSON" in told.stdout
    rows = [line.strip() for line in told.stdout.splitlines()]
    for title in ("τ 0.05", "τ 0.2", "file coverage", "function coverage", "function coverage or named symbol"):
        assert any(row.startswith(title) for row in rows), title
    assert sum(row.startswith("random, same time") for row in rows) == 2


@pytest.mark.parametrize("tau", ["0", "1", "often"])
def test_a_tau_that_is_no_probability_is_refused_before_anything_runs(
    runner: CliRunner, shop: Shop, tmp_path: Path, tau: str
) -> None:
    told = evaluated(runner, shop, tmp_path, ["{"], "--tau", tau)
    assert told.exit_code == 2
    assert "--tau" in told.stderr
