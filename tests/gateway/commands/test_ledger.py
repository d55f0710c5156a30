"""``maestro ledger checkpoint`` and ``verify``: what is signed, what is found, and what is said to be unchecked."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from gateway.cli import cli
from maestro.artifacts import ArtifactStore
from maestro.attestations.actions import plain_action, signed_action
from maestro.canonical import digest
from maestro.home import artifacts_dir, keys_dir, ledger_url
from maestro.ledger import Ledger
from maestro.ledger.checkpoints import MEDIA_TYPE
from maestro.ledger.schema import chain_head, checkpoint_head, checkpoints, records
from maestro.model.artifact import ArtifactRef
from maestro.model.conduct import ActionRecord
from maestro.model.decision import ActionKind, ActionResult, DecisionState, ReviewerAction
from maestro.model.record import DecisionRecord, RecordKind
from maestro.signing.algorithms import Algorithm
from maestro.signing.keys import open_evidence_keyring
from maestro.signing.rotation import create_key
from maestro.signing.trusted import Purpose
from tests.workflows.fakes import pull_request


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("MAESTRO_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MAESTRO_LEDGER_URL", raising=False)
    monkeypatch.delenv("MAESTRO_EVIDENCE_KEY", raising=False)
    (tmp_path / "home").mkdir(mode=0o700)
    create_key(keys_dir(), purpose=Purpose.EVIDENCE, algorithm=Algorithm.ED25519)
    append(1, 2, 3)
    return CliRunner()


def append(*numbers: int, outcome: str = "green") -> None:
    with Ledger.open(ledger_url()) as ledger:
        for number in numbers:
            ledger.records.append(
                DecisionRecord(
                    key=f"decision/{number}",
                    kind=RecordKind.DECISION,
                    repo="acme/shop",
                    pr="7",
                    head_sha="a" * 40,
                    actor="policy",
                    outcome=outcome,
                    reason="every selected test passed",
                    at=datetime(2026, 11, 28, tzinfo=UTC),
                )
            )


def execute(*statements: sa.Executable) -> None:
    with Ledger.open(ledger_url()) as ledger, ledger._database.write() as connection:
        for statement in statements:
            connection.execute(statement)


def hash_of(sequence: int) -> str:
    with Ledger.open(ledger_url()) as ledger:
        return ledger.records.list(after=sequence - 1, limit=1)[0].hash


def ledger(runner: CliRunner, *words: object) -> Result:
    return runner.invoke(cli, ["ledger", *map(str, words)])


def rewrite(*, keep: int, upto: int) -> None:
    execute(
        sa.delete(records).where(records.c.sequence > keep),
        sa.update(chain_head).values(sequence=keep, hash=hash_of(keep)),
    )
    append(*range(keep + 1, upto + 1), outcome="blocked")


def test_a_ledger_without_checkpoints_says_what_only_the_chain_holds(runner: CliRunner) -> None:
    told = ledger(runner, "verify")
    assert told.exit_code == 0
    assert told.stdout.startswith("3 records, none changed; the head is 3:sha256:")
    assert "no checkpoint has been made" in told.stdout
    assert "not checked: whether records 1 to 3 were rewritten" in told.stdout


def test_a_checkpoint_is_signed_stored_and_written(runner: CliRunner, tmp_path: Path) -> None:
    out = tmp_path / "kept" / "checkpoint.json"
    told = ledger(runner, "checkpoint", "--out", out)
    assert told.exit_code == 0
    assert told.stdout.startswith("checkpoint 1 covers records 1 to 3: sha256:")
    digest = told.stdout.split(": ")[-1].strip()
    ref = ArtifactRef(digest=digest, media_type=MEDIA_TYPE, bytes=0)
    assert ArtifactStore(artifacts_dir()).get(ref) == out.read_bytes()
    verified = ledger(runner, "verify", "--checkpoint", out)
    assert verified.exit_code == 0
    assert "checkpoints that hold: 1;" in verified.stdout
    assert "were rewritten" not in verified.stdout


def test_a_second_checkpoint_of_the_same_head_is_the_first(runner: CliRunner) -> None:
    assert ledger(runner, "checkpoint").stdout == ledger(runner, "checkpoint").stdout


def test_records_after_the_last_checkpoint_are_named_as_unchecked(runner: CliRunner) -> None:
    ledger(runner, "checkpoint")
    append(4, 5)
    assert "not checked: whether records 4 to 5 were rewritten" in ledger(runner, "verify").stdout


def test_a_rewritten_ledger_is_told_by_its_checkpoint(runner: CliRunner) -> None:
    ledger(runner, "checkpoint")
    rewrite(keep=1, upto=3)
    told = ledger(runner, "verify")
    assert told.exit_code == 1
    assert "record 3: changed: record 3 is not the one that checkpoint 1 names" in told.stderr
    assert "does not hold what was recorded" in told.stderr


def test_a_ledger_rewritten_with_its_checkpoints_is_told_by_a_copy(runner: CliRunner, tmp_path: Path) -> None:
    out = tmp_path / "checkpoint.json"
    ledger(runner, "checkpoint", "--out", out)
    execute(sa.delete(checkpoints), sa.update(checkpoint_head).values(sequence=0, hash="sha256:" + "0" * 64))
    rewrite(keep=1, upto=3)
    assert ledger(runner, "verify").exit_code == 0
    told = ledger(runner, "verify", "--checkpoint", out)
    assert told.exit_code == 1
    assert "which the ledger does not have" in told.stderr
    assert "record 3: changed" in told.stderr


def test_a_changed_copy_is_not_believed(runner: CliRunner, tmp_path: Path) -> None:
    out = tmp_path / "checkpoint.json"
    ledger(runner, "checkpoint", "--out", out)
    out.write_bytes(out.read_bytes().replace(b'"payload":"ey', b'"payload":"fy'))
    told = ledger(runner, "verify", "--checkpoint", out)
    assert told.exit_code == 1
    assert "not believed" in told.stderr


def test_trust_roots_decide_whose_checkpoints_are_believed(runner: CliRunner, tmp_path: Path) -> None:
    ledger(runner, "checkpoint")
    roots = tmp_path / "roots.json"
    roots.write_text('{"version": 1, "keys": []}')
    told = ledger(runner, "verify", "--trust", roots)
    assert told.exit_code == 1
    assert "checkpoint 1: not believed" in told.stderr
    exported = tmp_path / "exported.json"
    assert runner.invoke(cli, ["keys", "export", "--out", str(exported)]).exit_code == 0
    assert ledger(runner, "verify", "--trust", exported).exit_code == 0


def test_a_compromised_key_takes_its_checkpoints_back(runner: CliRunner) -> None:
    ledger(runner, "checkpoint")
    assert runner.invoke(cli, ["keys", "rotate"]).exit_code == 0
    assert ledger(runner, "verify").exit_code == 0
    listed = json.loads(runner.invoke(cli, ["keys", "list", "--json"]).stdout)
    old = next(key for key in listed if key["state"] != "active" and "evidence" in key["purposes"])
    assert runner.invoke(cli, ["keys", "revoke", old["key_id"], "--reason", "compromised"]).exit_code == 0
    told = ledger(runner, "verify")
    assert told.exit_code == 1
    assert "compromised" in told.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        pytest.param(["verify", "--checkpoint", "nowhere.json"], "nowhere.json", id="a copy that is not there"),
        pytest.param(["verify", "--trust", "nowhere.json"], "nowhere.json", id="trust roots that are not there"),
        pytest.param(["checkpoint", "--out", "/dev/null/x"], "--out", id="a place where nothing can be written"),
    ],
)
def test_wrong_use_ends_with_2(runner: CliRunner, words: list[str], told: str) -> None:
    refused = ledger(runner, *words)
    assert refused.exit_code == 2
    assert told in refused.stderr


def test_an_empty_ledger_has_nothing_to_sign(runner: CliRunner) -> None:
    execute(sa.delete(records), sa.update(chain_head).values(sequence=0, hash="sha256:" + "0" * 64))
    refused = ledger(runner, "checkpoint")
    assert refused.exit_code == 2
    assert "no record yet" in refused.stderr


def test_a_chain_that_does_not_hold_is_not_signed(runner: CliRunner) -> None:
    execute(sa.delete(records).where(records.c.sequence == 2))
    refused = ledger(runner, "checkpoint")
    assert refused.exit_code == 3
    assert "record 2" in refused.stderr


def act_as_grace() -> str:
    """A signed action in the ledger; the digest of its statement."""
    action = ReviewerAction(action_id="one", actor="grace", reason="the table is gone", via="cli")
    result = ActionResult(
        action_id="one",
        kind=ActionKind.REJECT,
        accepted=True,
        changed="the pull request is blocked",
        card_version=4,
        state=DecisionState.NEEDS_PERSON,
    )
    at = datetime(2026, 11, 28, tzinfo=UTC)
    asked = ActionRecord(pull_request=pull_request(), kind=ActionKind.REJECT, action=action, result=result, at=at)
    envelope = signed_action(asked, keys=open_evidence_keyring(keys_dir()))
    ref = ArtifactStore(artifacts_dir()).put(envelope, media_type="application/json")
    with Ledger.open(ledger_url()) as ledger:
        ledger.records.append(
            DecisionRecord(
                key=pull_request().key("action", "one"),
                kind=RecordKind.ACTION,
                repo="acme/shop",
                pr="7",
                head_sha="a" * 40,
                actor="grace",
                outcome="reject: the pull request is blocked",
                reason=action.reason,
                inputs={
                    "action": digest(plain_action(action)),
                    "result": digest(result),
                    "statement": ref.digest,
                },
                at=at,
            )
        )
    return ref.digest


def test_the_statements_of_actions_are_held_to_their_records(runner: CliRunner) -> None:
    named = ArtifactRef(digest=act_as_grace(), media_type="", bytes=0)
    assert "signed actions of reviewers that hold: 1" in ledger(runner, "verify").stdout
    file = ArtifactStore(artifacts_dir()).path(named)
    content = file.read_bytes()
    file.unlink()
    told = ledger(runner, "verify")
    assert told.exit_code == 0
    assert "not checked: 1 signed actions whose statement is not stored here (record 4)" in told.stdout
    file.write_bytes(content.replace(b"sig", b"gis"))
    told = ledger(runner, "verify")
    assert told.exit_code == 1
    assert "record 4: its statement: the stored bytes" in told.stderr


def test_an_action_signed_by_a_key_that_is_not_trusted_is_told(runner: CliRunner) -> None:
    act_as_grace()
    for file in keys_dir().iterdir():
        file.unlink()
    create_key(keys_dir(), purpose=Purpose.EVIDENCE, algorithm=Algorithm.ED25519)
    told = ledger(runner, "verify")
    assert told.exit_code == 1
    assert "which this installation does not trust" in told.stderr
