"""Reaching Temporal: which address wins, and what is said when nobody is there."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway import connection
from gateway.cli import cli
from maestro.errors import BadInput
from tests.localstack import LocalStack


@pytest.fixture(autouse=True)
def nothing_configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAESTRO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", "/dev/null")
    monkeypatch.delenv("TEMPORAL_ADDRESS", raising=False)
    monkeypatch.delenv("TEMPORAL_PROFILE", raising=False)


@pytest.fixture
def silent() -> Iterator[str]:
    """An address that takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def closed() -> str:
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"


def test_an_address_where_nobody_listens_is_named_with_the_fix(closed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", closed)
    refused = CliRunner().invoke(cli, ["pr", "list"])
    assert refused.exit_code == 3
    assert closed in refused.stderr
    assert "TEMPORAL_ADDRESS" in refused.stderr
    assert "maestro up" in refused.stderr


def test_a_silent_address_is_given_up(silent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 0.2)
    monkeypatch.setenv("TEMPORAL_ADDRESS", silent)
    refused = CliRunner().invoke(cli, ["pr", "show", "pr/a/1/b"])
    assert refused.exit_code == 3
    assert "does not answer" in refused.stderr


def test_a_profile_that_does_not_exist_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_PROFILE", "nowhere")
    with pytest.raises(BadInput, match="nowhere"):
        connection.is_elsewhere()


def test_an_address_in_the_environment_wins_over_a_stack_that_is_up(stack: LocalStack, closed: str) -> None:
    elsewhere = LocalStack(stack.home, {"TEMPORAL_ADDRESS": closed}).maestro("pr", "list")
    assert elsewhere.returncode == 3
    assert closed in elsewhere.stderr


def test_without_one_the_stack_that_is_up_is_used_on_whatever_port(stack: LocalStack) -> None:
    assert stack.maestro("pr", "list").returncode == 0
