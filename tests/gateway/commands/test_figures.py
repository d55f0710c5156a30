"""``maestro figures``: from the ledger and the sealed cards alone, without a stack."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli import cli
from tests.value.past import Past, plan, pull_request


@pytest.fixture
def past(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Past]:
    monkeypatch.setenv("MAESTRO_HOME", str(tmp_path))
    monkeypatch.delenv("MAESTRO_LEDGER_URL", raising=False)
    made = Past.within(tmp_path)
    yield made
    made.ledger.close()


def test_figures_are_printed_with_what_they_come_from(past: Past) -> None:
    past.decided(pull_request(1), "green")
    past.sealed(pull_request(1), planned=plan())
    result = CliRunner().invoke(cli, ["figures", "--since", "7d"])
    assert result.exit_code == 0, result.output
    lines = {line.split("  ")[0].strip(): line for line in result.output.splitlines()}
    assert "5 min" in lines["Test time left out"]
    assert "1 of 1 heads with a sealed plan" in lines["Test time left out"]
    assert "not known" in lines["Card open before an action"]


def test_json_has_every_figure_by_day(past: Past) -> None:
    past.decided(pull_request(1), "green")
    result = CliRunner().invoke(cli, ["figures", "--json", "--repo", "acme/shop", "--tenant", "default"])
    answer = json.loads(result.output)
    assert answer["figures"]["conducted"]["heads"] == 1
    assert len(answer["figures"]["spans"]) == 31
    assert answer["usage_counted"] is True


def test_a_time_that_there_is_not_is_refused(past: Past) -> None:
    result = CliRunner().invoke(cli, ["figures", "--since", "soon"])
    assert result.exit_code == 2
    assert "say 24h, 30d or 12w" in result.stderr


def test_without_a_ledger_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAESTRO_HOME", str(tmp_path))
    monkeypatch.delenv("MAESTRO_LEDGER_URL", raising=False)
    result = CliRunner().invoke(cli, ["figures"])
    assert result.exit_code == 2
    assert "there is no ledger" in result.stderr
