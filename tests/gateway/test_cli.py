"""The command as somebody meets it who types it: help, wrong use, errors with their exit codes, and no waiting."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli import COMMANDS, EVIDENCE, LEDGER, PULL_REQUESTS, REGIONS, cli
from maestro.model.decision import ActionKind
from workflows import contract
from workflows.pull_request import PullRequestWorkflow

HEAVY = {"temporalio", "sqlalchemy", "rich", "pydantic", "yaml", "jinja2"}
GROUPS = {"": COMMANDS, "pr": PULL_REQUESTS, "regions": REGIONS, "ledger": LEDGER, "evidence": EVIDENCE}
LISTED = [(group, name) for group, commands in GROUPS.items() for name in commands]


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("MAESTRO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", "/dev/null")
    for name in ("MAESTRO_TOPOLOGY", "MAESTRO_LEDGER_URL", "TEMPORAL_ADDRESS", "TEMPORAL_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    return CliRunner()


@pytest.mark.parametrize("words", [["--help"], ["pr", "--help"], ["--version"], ["bogus"]], ids=" ".join)
def test_help_and_misspelt_commands_import_nothing_that_takes_time(words: list[str]) -> None:
    script = "import sys; from gateway.cli import cli\ntry: cli.main(sys.argv[1:])\nexcept SystemExit: pass\n"
    script += "print('imported', *sys.modules, file=sys.stderr)"
    told = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=True)
    imported = told.stderr.rpartition("imported")[2].split()
    assert "gateway.cli" in imported
    assert HEAVY.isdisjoint(imported)


@pytest.mark.parametrize(("group", "name"), LISTED, ids=str)
def test_every_command_opens_its_help_with_the_line_that_the_list_shows(
    runner: CliRunner, group: str, name: str
) -> None:
    place, line = GROUPS[group][name]
    shown = runner.invoke(cli, [*([group] if group else []), name, "--help"])
    assert shown.exit_code == 0, place
    assert line in " ".join(shown.output.split())


def test_the_workflow_is_reached_by_the_names_that_it_has() -> None:
    definition = PullRequestWorkflow.__temporal_workflow_definition  # type: ignore[attr-defined]
    assert definition.name == contract.WORKFLOW
    assert contract.CARD_QUERY in definition.queries
    assert set(definition.updates) == {kind.value for kind in ActionKind}


def test_an_error_is_told_with_its_field_and_fix_and_without_a_traceback(runner: CliRunner, tmp_path: Path) -> None:
    refused = runner.invoke(cli, ["run", "--repo", str(tmp_path)])
    assert refused.exit_code == 2
    assert "is not a git repository" in refused.stderr
    assert "fix:" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_debug_shows_where_an_error_came_from(runner: CliRunner, tmp_path: Path) -> None:
    refused = runner.invoke(cli, ["--debug", "run", "--repo", str(tmp_path)])
    assert refused.exception is not None
    assert refused.exc_info is not None
    assert refused.exc_info[2].tb_next is not None


@pytest.mark.parametrize(
    ("words", "told"),
    [
        pytest.param(["pr", "act", "praise", "pr/a/1/b"], "'praise' is not one of", id="an unknown action"),
        pytest.param(["pr", "start", "--mode", "brave"], "'brave' is not one of", id="an unknown mode"),
        pytest.param(["pr", "start", "--timeout", "0"], "--timeout", id="no time at all"),
        pytest.param(["evidence", "show"], "a digest", id="no artifact named"),
        pytest.param(["evidence", "show", "sha256:12"], "is no digest", id="half a digest"),
        pytest.param(["ledger", "show"], "there is no ledger", id="a ledger that does not exist"),
        pytest.param(["ledger", "verify", "--anchor", "x"], "--anchor", id="an anchor without a number"),
        pytest.param(["pr", "act", "cancel", "a/1", "--actor", "a" * 201], "--actor", id="an actor of 201 characters"),
    ],
)
def test_wrong_use_ends_with_2_and_names_what_was_wrong(runner: CliRunner, words: list[str], told: str) -> None:
    refused = runner.invoke(cli, words)
    assert refused.exit_code == 2
    assert told in refused.stderr


def test_a_ledger_is_not_created_by_looking_for_it(runner: CliRunner, tmp_path: Path) -> None:
    assert runner.invoke(cli, ["ledger", "verify"]).exit_code == 2
    assert not (tmp_path / "home" / "ledger.sqlite").exists()


def test_a_home_that_cannot_be_written_is_named_with_the_fix(
    runner: CliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("MAESTRO_HOME", str(tmp_path / "file" / "home"))
    refused = runner.invoke(cli, ["up"])
    assert refused.exit_code == 3
    assert "cannot be written" in refused.stderr
    assert "MAESTRO_HOME" in refused.stderr
