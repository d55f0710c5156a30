"""``maestro keys``: what a person who answers for the keys does with them."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.cli import cli
from maestro.home import keys_dir
from maestro.signing.keys import KEY_VARIABLE, open_evidence_keyring
from maestro.signing.roots import TrustRoots
from tests.signing.statements import signer


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MAESTRO_HOME", str(tmp_path / "home"))
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    return tmp_path / "home"


def keys(*words: object) -> Result:
    return CliRunner().invoke(cli, ["keys", *map(str, words)])


def done(*words: object) -> str:
    result = keys(*words)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(*words: object) -> str:
    result = keys(*words)
    assert result.exit_code == 2, result.output
    assert "fix:" in result.stderr
    return result.stderr


def listed() -> dict[str, dict[str, Any]]:
    return {key["key_id"]: key for key in json.loads(done("list", "--json"))}


def made(*words: object) -> str:
    """The id of the key that the command says it made."""
    line = next(line for line in done(*words).splitlines() if line.startswith("made "))
    return line.split()[1]


def test_looking_makes_no_key(home: Path) -> None:
    told = keys("list")
    assert told.exit_code == 0
    assert "there is no key yet" in told.stderr
    assert "there is no key yet" in refused("export")
    assert not home.exists()


def test_a_key_is_made_once_by_the_algorithm_that_is_chosen() -> None:
    key = made("create", "--algorithm", "ecdsa")
    assert open_evidence_keyring(keys_dir()).key_id == key
    assert "ecdsa-p256-sha256" in done("list")
    assert "there is a key for evidence" in refused("create")
    assert made("create", "--purpose", "models") != key
    assert {one["state"] for one in listed().values()} == {"active"}


def test_the_usual_evidence_key_is_rsa() -> None:
    made("create")
    assert "rsa-pkcs1v15-sha256" in done("list")


def test_a_rotated_key_is_retired_and_the_new_one_active() -> None:
    old = made("create", "--algorithm", "ed25519")
    new = made("rotate")
    assert {key: one["state"] for key, one in listed().items()} == {old: "retired", new: "active"}


@pytest.mark.parametrize("reason", ["superseded", "compromised"])
def test_an_own_key_that_is_revoked_is_replaced(reason: str) -> None:
    old = made("create", "--algorithm", "ed25519")
    new = made("revoke", old, "--reason", reason, "--at", "2026-01-01T00:00:00Z")
    assert {key: one["state"] for key, one in listed().items()} == {old: reason, new: "active"}
    assert listed()[old]["revoked_at"] == "2026-01-01T00:00:00Z"
    assert "already" in refused("revoke", old, "--reason", reason)


def test_what_cannot_be_revoked_is_refused() -> None:
    key = made("create", "--algorithm", "ed25519")
    assert "no key 'sha256:12' is known" in refused("revoke", "sha256:12", "--reason", "superseded")
    assert "it is no time" in refused("revoke", key, "--reason", "superseded", "--at", "yesterday")
    assert "in the past" in refused("revoke", key, "--reason", "superseded", "--at", "9999-01-01T00:00:00Z")
    assert listed()[key]["state"] == "active"


def test_an_auditor_gets_every_public_key_and_nothing_secret(tmp_path: Path) -> None:
    old = made("create", "--algorithm", "ed25519")
    new = made("rotate")
    done("export", "--out", tmp_path / "roots.json")
    assert set(TrustRoots.load(tmp_path / "roots.json").by_id) == {old, new}
    assert "PRIVATE" not in (tmp_path / "roots.json").read_text()
    assert done("export") == (tmp_path / "roots.json").read_text()
    assert done("export", "--pem") == open_evidence_keyring(keys_dir()).public_pem().decode()
    assert done("export", "--pem", old) == TrustRoots.load(tmp_path / "roots.json").by_id[old].public_key
    assert "no key 'x' is known" in refused("export", "--pem", "x")
    assert "cannot be written" in refused("export", "--out", tmp_path / "nowhere" / "roots.json")


def test_another_ones_key_is_trusted_by_its_pem_or_by_its_roots(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = signer()
    (tmp_path / "plant.pub.pem").write_bytes(other.public_pem())
    builder = ("--purpose", "attestations", "--builder", "https://b.example.org")
    assert f"trusts {other.key_id} (plant) for attestations\n" in done("trust", tmp_path / "plant.pub.pem", *builder)
    assert listed()[other.key_id]["builders"] == ["https://b.example.org"]
    own = made("create", "--algorithm", "ed25519")
    done("export", "--out", tmp_path / "roots.json")
    assert "own key" in refused("trust", keys_pem(tmp_path))

    monkeypatch.setenv("MAESTRO_HOME", str(tmp_path / "elsewhere"))
    assert own in done("trust", tmp_path / "roots.json")
    assert set(listed()) == {own, other.key_id}
    assert "all of it was known" in keys("trust", tmp_path / "roots.json").stderr
    assert "says itself" in refused("trust", tmp_path / "roots.json", "--name", "x")
    assert "no such file" in refused("trust", tmp_path / "nothing")
    assert "can be printed" in refused("trust", tmp_path / "plant.pub.pem", "--name", "\x1b[2J")


def keys_pem(folder: Path) -> Path:
    (folder / "own.pem").write_text(done("export", "--pem"))
    return folder / "own.pem"


def test_a_key_that_the_environment_names_is_listed_and_neither_made_nor_rotated_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made("create", "--algorithm", "ed25519")
    moved = (keys_dir() / "evidence.pem").rename(tmp_path / "key.pem")
    monkeypatch.setenv(KEY_VARIABLE, str(moved))
    key = open_evidence_keyring(keys_dir()).key_id
    assert listed()[key]["state"] == "active"
    for command in ("create", "rotate"):
        assert KEY_VARIABLE in refused(command)
    done("revoke", key, "--reason", "superseded")
    assert listed()[key]["state"] == "superseded"
