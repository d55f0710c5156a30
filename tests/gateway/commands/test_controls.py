"""``maestro controls``: a catalogue that can be used, one that cannot, and what is answered by it."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli import cli
from maestro.errors import BadInput
from maestro.resources import resource_dir

SHARED = "id: X-1\nquery: [{kind: tests, where: failed == 0}]\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(resource_dir("controls"), tmp_path / "controls"))


def test_the_shipped_catalogue_is_counted() -> None:
    told = CliRunner().invoke(cli, ["controls", "check"])
    assert told.exit_code == 0, told.output
    assert "31 controls: 5 of tier 1, 10 of tier 2, 16 of tier 3" in told.stdout
    assert "osps-baseline: 65 requirements: 2 answered" in told.stdout


def test_the_catalogue_in_force_is_the_one_that_the_environment_names(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "local.yaml").write_text(SHARED)
    monkeypatch.setenv("MAESTRO_CONTROLS", str(folder))
    told = CliRunner().invoke(cli, ["controls", "check"])
    assert "32 controls" in told.stdout
    assert "X-1 leaves out title, fix, tier, owner, evidence_max_age_hours: its defaults hold (tier 1)" in told.stdout


def test_a_mistake_is_told_with_file_line_column_and_caret(folder: Path) -> None:
    (folder / "local.yaml").write_text(SHARED.replace("failed", "faild"))
    told = CliRunner().invoke(cli, ["controls", "check", "--controls", str(folder)])
    assert isinstance(told.exception, BadInput) or told.exit_code == 2
    said = f"{told.exception}{told.output}"
    assert f"{folder}/local.yaml:2:30: query[0].where: kind tests has no 'faild'\n  | faild == 0\n  | ^" in said


def test_a_requirement_that_nobody_accounts_for_is_told(folder: Path) -> None:
    path = folder / "not-visible.yaml"
    path.write_text(path.read_text().replace("OSPS-AC-01.01", "OSPS-QA-06.01", 1))
    told = CliRunner().invoke(cli, ["controls", "check", "--controls", str(folder)])
    assert "OSPS-QA-06.01, which is listed as not visible" in f"{told.exception}{told.output}"
    entries = path.read_text().split("  - requirement: ")
    path.write_text("  - requirement: ".join(e for e in entries if not e.startswith("OSPS-QA-06.01")))
    told = CliRunner().invoke(cli, ["controls", "check", "--controls", str(folder)])
    assert "neither a control nor a reason for osps-baseline OSPS-AC-01.01" in f"{told.exception}{told.output}"


def test_each_requirement_is_shown_with_what_answers_it_or_why_nothing_does() -> None:
    told = CliRunner().invoke(cli, ["controls", "coverage"])
    assert told.exit_code == 0, told.output
    assert "OSPS-QA-06.01" in told.stdout
    assert "MC-QA-02 (tier 2: tests)" in told.stdout
    assert "Whether accounts have a second factor is a setting of the forge" in told.stdout


def test_the_coverage_is_json_for_a_program() -> None:
    told = CliRunner().invoke(cli, ["controls", "coverage", "--json", "--framework", "osps-baseline"])
    found = {entry["id"]: entry for entry in json.loads(told.stdout)}
    assert len(found) == 65
    assert found["OSPS-QA-06.01"]["answered"] == "answered"
    assert found["OSPS-QA-06.01"]["controls"][0]["id"] == "MC-QA-02"
    assert found["OSPS-AC-01.01"] == {
        "id": "OSPS-AC-01.01",
        "title": "A second factor protects what is sensitive in the repository",
        "answered": "not visible",
        "controls": [],
        "reason": "Whether accounts have a second factor is a setting of the forge; no pull request shows it.",
    }
