"""A reviewer's action as a signed in-toto statement, made when it is taken and checked against its decision record.

The statement says everything of the action: who, on which way authenticated, why, on which card, and what it came to.
The record names the envelope by digest, so neither can be exchanged without the other.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import ConfigDict, Field, ValidationError

from maestro.artifacts import ArtifactStore
from maestro.attestations.names import ACTION, ENVELOPE_MEDIA_TYPE, PAYLOAD_TYPE
from maestro.attestations.resource import JsonObject, commit, instant, without_places
from maestro.attestations.statement import make_statement, read_statement
from maestro.canonical import digest, digest_of_bytes
from maestro.errors import IntegrityError, MaestroError
from maestro.model.artifact import ArtifactRef
from maestro.model.base import Model
from maestro.model.conduct import ActionRecord
from maestro.model.decision import ReviewerAction
from maestro.model.record import DecisionRecord, StoredRecord
from maestro.signing.envelope import seal
from maestro.signing.keys import Keyring
from maestro.signing.roots import TrustRoots
from maestro.signing.trust import time_at, verify_envelope
from maestro.signing.trusted import Purpose

STATEMENT_INPUT: Final = "statement"
"""The input of a record that is the digest of the signed statement; records of former releases have none."""

ACTION_INPUT: Final = "action"

RESULT_INPUT: Final = "result"

_LATER_FIELDS: Final = ("via", "role")
"""Fields that actions of former releases lack, left out where they say nothing so that the digest stays the same."""

_NOT_SAID: Final = "repeated"
"""How it is sent, and no part of what somebody asked for."""


class Actor(Model):
    """Who acted, and how that is known."""

    model_config = ConfigDict(extra="ignore")

    name: str
    kind: str
    via: str
    role: str


class StatedAction(Model):
    """What the predicate of an action's statement says."""

    model_config = ConfigDict(extra="ignore")

    action_id: str = Field(alias="actionId")
    action: str
    digest: str = Field(alias="actionDigest")
    actor: Actor
    reason: str
    card_version: int | None = Field(alias="cardVersion")
    changed: str
    new_card_version: int = Field(alias="newCardVersion")
    verdict_before: str = Field(alias="verdictBefore")
    at: datetime


@dataclass(frozen=True)
class ActionProblem:
    """An action whose statement is not what was signed when it was taken."""

    sequence: int
    message: str


@dataclass(frozen=True)
class CheckedActions:
    """What was found: how many statements hold, how many actions are of a release that signed none, the records whose
    statement is not stored here, and what does not hold.
    """

    holding: int
    unsigned: int
    missing: tuple[int, ...]
    problems: tuple[ActionProblem, ...]


def plain_action(action: ReviewerAction) -> JsonObject:
    """The action as it is recorded and digested."""
    plain: JsonObject = action.model_dump(mode="json")
    plain.pop(_NOT_SAID)
    return _without_later(plain)


def _without_later(plain: JsonObject) -> JsonObject:
    return {name: value for name, value in plain.items() if value or name not in _LATER_FIELDS}


def signed_action(record: ActionRecord, *, keys: Keyring) -> bytes:
    """The statement of an action in its envelope. Its subject is the head for which it was taken.

    Raises a MaestroError where the key cannot sign.
    """
    pull_request = record.pull_request
    subject: JsonObject = {
        "name": f"head of {pull_request.repo} {pull_request.pr}",
        **commit(pull_request, pull_request.head_sha),
        "annotations": {"pullRequest": pull_request.pr, "base": pull_request.base_sha},
    }
    statement = make_statement([subject], predicate_type=ACTION, predicate=_predicate(record))
    return seal(statement.payload, payload_type=PAYLOAD_TYPE, keys=keys)


def verify_action(envelope: bytes, stored: StoredRecord, *, trust: TrustRoots, now: datetime) -> StatedAction:
    """What the statement says, once it is shown to be the record's own, signed by a trusted key, of the same action.

    Its ``reason`` names the repository as statements do, so it is held to the record by the action's digest alone.
    Raises IntegrityError for another statement than the record names, SignatureRefused for one that is not believed.
    """
    record = stored.record
    field = f"record {stored.sequence}"
    if digest_of_bytes(envelope) != record.inputs.get(STATEMENT_INPUT):
        raise _other(field, "it is not the statement that the record names")
    verified = verify_envelope(
        envelope,
        payload_type=PAYLOAD_TYPE,
        trust=trust,
        signed_at=time_at("predicate", "at"),
        now=now,
        purpose=Purpose.EVIDENCE,
        field=field,
    )
    statement = read_statement(verified.payload, field=field)
    if statement.predicate_type != ACTION:
        raise _other(field, "it is no statement of an action")
    try:
        stated = StatedAction.model_validate(dict(statement.predicate))
    except ValidationError as error:
        raise _other(field, "it does not say what an action says") from error
    heads = [subject.digest.get("gitCommit") for subject in statement.body.subject]
    if heads != [record.head_sha]:
        raise _other(field, "it is about another head")
    for name, said, recorded in _compared(stated, record):
        if said != recorded:
            raise _other(field, f"its {name} is not the record's")
    return stated


def check_actions(
    records: Iterable[StoredRecord], *, store: ArtifactStore | None, trust: TrustRoots, now: datetime
) -> CheckedActions:
    """Hold each action to its signed statement, as far as that lies in this store."""
    holding, unsigned = 0, 0
    missing: list[int] = []
    problems: list[ActionProblem] = []
    for stored in records:
        named = stored.record.inputs.get(STATEMENT_INPUT)
        if named is None:
            unsigned += 1
            continue
        try:
            ref = ArtifactRef(digest=named, media_type=ENVELOPE_MEDIA_TYPE, bytes=0, name="action.dsse.json")
            envelope = None if store is None else _found(store, ref)
            if envelope is None:
                missing.append(stored.sequence)
                continue
            verify_action(envelope, stored, trust=trust, now=now)
            holding += 1
        except ValidationError:
            problems.append(ActionProblem(stored.sequence, "its statement is named by what is no digest"))
        except MaestroError as error:
            problems.append(ActionProblem(stored.sequence, error.message))
    return CheckedActions(holding, unsigned, tuple(missing), tuple(problems))


def _found(store: ArtifactStore, ref: ArtifactRef) -> bytes | None:
    try:
        return store.get(ref)
    except IntegrityError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return None
        raise


def _predicate(record: ActionRecord) -> JsonObject:
    action, result = record.action, record.result
    return {
        "actionId": action.action_id,
        "action": record.kind.value,
        "actionDigest": digest(plain_action(action)),
        "actor": {
            "name": action.actor,
            "kind": action.actor_kind.value,
            "via": action.via,
            "role": action.role,
        },
        **without_places({"reason": action.reason}, record.pull_request),
        "cardVersion": action.card_version,
        "changed": result.changed,
        "newCardVersion": result.card_version,
        "verdictBefore": result.state.value,
        "incidents": [incident.ordinal for incident in record.incidents],
        "at": instant(record.at),
        "tenant": record.pull_request.tenant,
    }


def _compared(stated: StatedAction, record: DecisionRecord) -> Iterator[tuple[str, object, object]]:
    yield "action", stated.digest, record.inputs.get(ACTION_INPUT)
    yield "outcome", f"{stated.action}: {stated.changed}", record.outcome
    yield "actor", stated.actor.name, record.actor
    yield "time", stated.at, record.at
    yield "id", f"action/{record.repo}/{record.pr}/{record.head_sha}/{stated.action_id}", record.key
    yield "reason, card version or way in", digest(_action_said(stated, reason=record.reason)), stated.digest
    yield "result", digest(_result_said(stated)), record.inputs.get(RESULT_INPUT)


# Spelled out, and not made by the models: a field that these get later is in no digest of before.
def _action_said(stated: StatedAction, *, reason: str) -> JsonObject:
    actor = stated.actor
    return _without_later(
        {
            "action_id": stated.action_id,
            "actor": actor.name,
            "actor_kind": actor.kind,
            "reason": reason,
            "card_version": stated.card_version,
            "via": actor.via,
            "role": actor.role,
        }
    )


def _result_said(stated: StatedAction) -> JsonObject:
    return {
        "action_id": stated.action_id,
        "kind": stated.action,
        "accepted": True,
        "changed": stated.changed,
        "card_version": stated.new_card_version,
        "state": stated.verdict_before,
    }


def _other(field: str, message: str) -> IntegrityError:
    return IntegrityError(message, field=field, fix="see what `maestro ledger verify` says, and restore from a backup")
