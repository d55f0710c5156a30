"""What is left in the ledger of a reviewer's action: its record, its signed statement, and the incidents."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment

from activities.decision import DecisionActivities
from activities.services import Services
from maestro.artifacts import ArtifactStore
from maestro.attestations.actions import (
    CheckedActions,
    StatedAction,
    check_actions,
    plain_action,
    signed_action,
    verify_action,
)
from maestro.canonical import digest, digest_of_bytes
from maestro.errors import BadInput, IntegrityError
from maestro.home import keys_dir
from maestro.model.artifact import ArtifactRef
from maestro.model.conduct import ActionRecord
from maestro.model.decision import ActionKind, ActionResult, DecisionState, Incident, IncidentAnswer, ReviewerAction
from maestro.model.record import RecordKind, StoredRecord
from maestro.signing.envelope import SignatureRefused, TrustProblem
from maestro.signing.keys import open_evidence_keyring
from maestro.signing.roots import TrustRoots
from tests.workflows.fakes import pull_request

AT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
NOW = datetime(2026, 11, 23, 9, 31, tzinfo=UTC)


def action_record(
    kind: ActionKind = ActionKind.REJECT, *, incidents: tuple[Incident, ...] = (), **changes: Any
) -> ActionRecord:
    action = ReviewerAction(
        action_id="one", actor="grace", reason="the table is gone", card_version=3, via="forge:github", role="reviewer"
    ).model_copy(update=changes)
    result = ActionResult(
        action_id=action.action_id,
        kind=kind,
        accepted=True,
        changed="the pull request is blocked",
        card_version=4,
        state=DecisionState.NEEDS_PERSON,
    )
    return ActionRecord(
        pull_request=pull_request(), kind=kind, action=action, result=result, incidents=incidents, at=AT
    )


def record(services: Services, asked: ActionRecord) -> ActionResult | None:
    return ActivityEnvironment().run(DecisionActivities(services).record_action, asked)


def stored_action(services: Services) -> StoredRecord:
    [stored] = services.ledger.records.list(kind=RecordKind.ACTION)
    return stored


def envelope_of(services: Services, stored: StoredRecord) -> bytes:
    ref = ArtifactRef(digest=stored.record.inputs["statement"], media_type="", bytes=0)
    return services.artifacts.get(ref)


def verified(services: Services, envelope: bytes, stored: StoredRecord) -> StatedAction:
    return verify_action(envelope, stored, trust=TrustRoots.of_folder(keys_dir()), now=NOW)


def test_an_action_is_signed_with_all_that_is_known_of_it(services: Services) -> None:
    record(services, action_record())
    stored = stored_action(services)
    stated = verified(services, envelope_of(services, stored), stored)
    assert (stated.action, stated.action_id, stated.card_version) == ("reject", "one", 3)
    assert stated.actor.model_dump() == {"name": "grace", "kind": "human", "via": "forge:github", "role": "reviewer"}
    assert (stated.reason, stated.changed, stated.at) == ("the table is gone", "the pull request is blocked", AT)


def _with_one_byte_changed(envelope: bytes) -> bytes:
    at = envelope.index(b'"sig":"') + len(b'"sig":"')
    other = b"A" if envelope[at : at + 1] != b"A" else b"B"
    return envelope[:at] + other + envelope[at + 1 :]


def test_a_changed_byte_is_refused_by_the_record_and_by_the_signature(services: Services) -> None:
    record(services, action_record())
    stored = stored_action(services)
    changed = _with_one_byte_changed(envelope_of(services, stored))
    with pytest.raises(IntegrityError, match="not the statement that the record names"):
        verified(services, changed, stored)
    # Even where somebody who can rewrite the ledger names the changed bytes.
    inputs = stored.record.inputs | {"statement": digest_of_bytes(changed)}
    rewritten = stored.model_copy(update={"record": stored.record.model_copy(update={"inputs": inputs})})
    with pytest.raises(SignatureRefused) as refused:
        verified(services, changed, rewritten)
    assert refused.value.problem is TrustProblem.CHANGED


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"actor": "mallory"}, "its actor is not", id="whoever acted"),
        pytest.param({"outcome": "approve: the approval is weighed by policy now"}, "its outcome", id="what was done"),
        pytest.param({"at": NOW}, "its time", id="when"),
        pytest.param({"head_sha": "c" * 40}, "another head", id="for which head"),
        pytest.param({"reason": "all is well"}, "its reason", id="why"),
        pytest.param({"key": "action/acme/shop/7/other"}, "its id", id="under which id"),
    ],
)
def test_a_record_that_was_rewritten_does_not_fit_its_statement(
    services: Services, changes: dict[str, Any], message: str
) -> None:
    record(services, action_record())
    stored = stored_action(services)
    rewritten = stored.model_copy(update={"record": stored.record.model_copy(update=changes)})
    with pytest.raises(IntegrityError, match=message):
        verified(services, envelope_of(services, stored), rewritten)


def test_a_statement_of_another_action_does_not_pass_for_this_one(services: Services) -> None:
    record(services, action_record())
    stored = stored_action(services)
    other = signed_action(action_record(reason="all is well"), keys=open_evidence_keyring(keys_dir()))
    inputs = stored.record.inputs | {"statement": digest_of_bytes(other)}
    rewritten = stored.model_copy(update={"record": stored.record.model_copy(update={"inputs": inputs})})
    with pytest.raises(IntegrityError, match="its action is not the record's"):
        verified(services, other, rewritten)


def test_statements_are_counted_as_holding_unsigned_missing_or_changed(services: Services) -> None:
    record(services, action_record())
    stored = stored_action(services)
    named = ArtifactRef(digest=stored.record.inputs["statement"], media_type="", bytes=0)
    old_inputs = {name: value for name, value in stored.record.inputs.items() if name != "statement"}
    of_a_former_release = stored.model_copy(
        update={"record": stored.record.model_copy(update={"inputs": old_inputs}), "sequence": 2}
    )

    def checked(store: ArtifactStore | None = services.artifacts) -> CheckedActions:
        trust = TrustRoots.of_folder(keys_dir())
        return check_actions([stored, of_a_former_release], store=store, trust=trust, now=NOW)

    assert checked() == CheckedActions(holding=1, unsigned=1, missing=(), problems=())
    assert checked(None).missing == (1,)
    file = services.artifacts.path(named)
    content = file.read_bytes()
    file.unlink()
    assert checked().missing == (1,)
    file.write_bytes(_with_one_byte_changed(content))
    [problem] = checked().problems
    assert problem.sequence == 1
    assert "not those that were stored" in problem.message


def test_what_cannot_be_signed_is_refused_once_and_leaves_nothing(services: Services) -> None:
    keys_dir().parent.mkdir(parents=True, exist_ok=True)
    keys_dir().write_text("no folder", encoding="utf-8")
    with pytest.raises(BadInput, match="it cannot be signed"):
        record(services, action_record())
    assert not BadInput.retryable
    assert services.ledger.records.list() == ()
    assert services.ledger.effects.recorded(pull_request().key("action", "one")) is None


def test_an_action_that_is_recorded_needs_no_key_to_be_answered(services: Services) -> None:
    first = record(services, action_record())
    for file in keys_dir().iterdir():
        file.unlink()
    keys_dir().rmdir()
    keys_dir().write_text("no folder", encoding="utf-8")
    assert record(services, action_record()) == first


def test_an_action_without_the_new_fields_is_the_request_that_a_former_release_recorded() -> None:
    plain = {
        "action_id": "one",
        "actor": "grace",
        "actor_kind": "human",
        "reason": "",
        "card_version": None,
    }
    assert plain_action(ReviewerAction(action_id="one", actor="grace")) == plain
    assert digest(plain_action(ReviewerAction.model_validate(plain))) == digest(json.loads(json.dumps(plain)))


def test_an_action_that_a_failover_has_repeated_is_the_one_that_was_recorded(services: Services) -> None:
    assert record(services, action_record(repeated=True)) == record(services, action_record())
    effect = services.ledger.effects.recorded(pull_request().key("action", "one"))
    assert effect is not None
    assert "repeated" not in str(effect.result)


def test_an_incident_and_its_answer_are_records_of_their_own(services: Services) -> None:
    opened = Incident(ordinal=0, actor="eve", reason="it deleted a table", at=AT)
    record(services, action_record(ActionKind.INCIDENT, incidents=(opened,), action_id="a", actor="eve"))
    answer = IncidentAnswer(actor="grace", reason="the table was a copy", at=AT)
    answered = opened.model_copy(update={"answer": answer})
    record(services, action_record(ActionKind.APPROVE, incidents=(answered,), action_id="b"))
    found = [one.record for one in services.ledger.records.list(kind=RecordKind.INCIDENT)]
    assert [(one.key, one.outcome, one.actor, one.reason) for one in found] == [
        (pull_request().key("incident", 0), "reported", "eve", "it deleted a table"),
        (pull_request().key("incident", "0.answered"), "answered", "grace", "the table was a copy"),
    ]


def test_an_incident_whose_number_was_given_before_a_failover_is_recorded_all_the_same(services: Services) -> None:
    for action_id, reason in (("a", "it deleted a table"), ("b", "it is slow")):
        opened = Incident(ordinal=0, actor="eve", reason=reason, at=AT)
        record(services, action_record(ActionKind.INCIDENT, incidents=(opened,), action_id=action_id))
    found = [one.record for one in services.ledger.records.list(kind=RecordKind.INCIDENT)]
    assert [one.reason for one in found] == ["it deleted a table", "it is slow"]
    assert len({one.key for one in found}) == 2
