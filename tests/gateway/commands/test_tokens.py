"""``maestro tokens``: what a person who lets programs in does with them."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.cli import cli
from maestro.access.principals import Permission
from maestro.access.refused import CredentialRefused
from maestro.home import ledger_url
from maestro.ledger import Ledger
from maestro.ledger.tokens import ServiceToken


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MAESTRO_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MAESTRO_LEDGER_URL", raising=False)
    return tmp_path / "home"


def tokens(*words: str) -> Result:
    return CliRunner().invoke(cli, ["tokens", *words])


def create(*more: str) -> Result:
    return tokens("create", "--name", "ci", "--role", "operator", "--tenant", "acme", "--actor", "ada", *more)


def refused(result: Result) -> str:
    assert result.exit_code == 2, result.output
    assert "fix:" in result.stderr
    return result.stderr


def believed(token: str) -> ServiceToken:
    with Ledger.open(ledger_url()) as ledger:
        return ledger.service_tokens.believed(token)


def listed() -> list[dict[str, Any]]:
    result = tokens("list", "--json")
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def test_a_token_is_shown_once_alone_on_standard_output_and_comes_in() -> None:
    made = create("--scope", "start", "--scope", "read", "--expires", "12h")
    assert made.exit_code == 0, made.output
    token = made.stdout.strip()
    kept = believed(token)
    assert (kept.name, kept.role, kept.tenants, kept.created_by) == ("ci", "operator", ("acme",), "ada")
    assert kept.scopes == frozenset({Permission.START, Permission.READ})
    assert (kept.expires_at - kept.created_at).total_seconds() == pytest.approx(12 * 3_600, abs=1)
    assert token not in tokens("list").output
    assert token not in json.dumps(listed())


def test_without_a_word_a_token_lasts_ninety_days_and_has_what_its_role_has() -> None:
    made = json.loads(create("--json").stdout)
    kept = believed(made["token"])
    assert kept.scopes is None
    assert (kept.expires_at - kept.created_at).days in {89, 90}
    assert made["id"] == kept.id


def test_a_revoked_token_is_listed_as_that_and_comes_in_no_more() -> None:
    first, second = (create().stdout.strip() for _ in range(2))
    done = tokens("revoke", believed(first).id, "--actor", "bob")
    assert done.exit_code == 0, done.output
    with pytest.raises(CredentialRefused):
        believed(first)
    assert believed(second).revoked_at is None
    assert {one["id"]: one["state"] for one in listed()} == {first[4:12]: "revoked", second[4:12]: "active"}
    assert "revoked" in tokens("list").stdout


def test_who_made_and_ended_a_token_is_in_the_ledger() -> None:
    token_id = create().stdout.strip()[4:12]
    tokens("revoke", token_id, "--actor", "bob")
    shown = CliRunner().invoke(cli, ["ledger", "show", "--kind", "access", "--json"])
    records = [stored["record"] for stored in json.loads(shown.stdout)]
    assert [(record["outcome"], record["actor"]) for record in records] == [("created", "ada"), ("revoked", "bob")]
    assert all(token_id in record["reason"] for record in records)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        pytest.param(["--scope", "review"], "--scope", id="approvals are a person's"),
        pytest.param(["--scope", "administer"], "--scope", id="more than the role has"),
        pytest.param(["--expires", "never"], "--expires", id="for ever"),
        pytest.param(["--expires", "400d"], "--expires", id="for very long"),
        pytest.param(["--expires", "0d"], "--expires", id="for no time"),
        pytest.param(["--expires", "-1d"], "--expires", id="until yesterday"),
        pytest.param(["--name", "ada@example.org"], "--name", id="a name that is an address"),
        pytest.param(["--name", "x" * 64], "--name", id="a very long name"),
        pytest.param(["--tenant", ""], "--tenant", id="an empty tenant"),
        pytest.param(["--tenant", "a b"], "--tenant", id="a tenant that is none"),
    ],
)
def test_a_token_that_makes_no_sense_is_refused_before_anything_is_written(
    more: list[str], field: str, home: Path
) -> None:
    assert field in refused(create(*more))
    assert not home.exists()


def test_looking_makes_no_ledger(home: Path) -> None:
    assert "no ledger" in refused(tokens("list"))
    assert not home.exists()


def test_revoking_what_is_not_there_is_refused() -> None:
    create()
    assert "no service token" in refused(tokens("revoke", "00000000"))
