"""Actions of reviewers for tests of bundles: signed, on record, and in chains that somebody wrote anew."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from maestro.attestations.actions import plain_action, signed_action
from maestro.attestations.names import ENVELOPE_MEDIA_TYPE
from maestro.canonical import digest
from maestro.evidence.contents import Dossier
from maestro.ledger.chain import GENESIS_HASH
from maestro.model.conduct import ActionRecord
from maestro.model.decision import ActionKind, ActionResult, DecisionState, ReviewerAction
from maestro.model.pull_request import PullRequest
from maestro.model.record import DecisionRecord, RecordKind, StoredRecord
from maestro.signing.keys import Keyring, open_evidence_keyring
from tests.evidence.bundles import Sealed, seal_bundle
from tests.evidence.samples import SEALED_AT, dossier, store_at


def asked_of(pull_request: PullRequest, **changes: Any) -> ActionRecord:
    """An approval of Grace; ``changes`` are of the action."""
    action = ReviewerAction(
        action_id="one", actor="grace", reason="looked at it", card_version=1, via="api", role="reviewer"
    ).model_copy(update=changes)
    result = ActionResult(
        action_id=action.action_id,
        kind=ActionKind.APPROVE,
        accepted=True,
        changed="the approval is weighed by policy now",
        card_version=2,
        state=DecisionState.NEEDS_PERSON,
    )
    return ActionRecord(pull_request=pull_request, kind=result.kind, action=action, result=result, at=SEALED_AT)


def recorded(asked: ActionRecord, *, statement: str) -> DecisionRecord:
    """The action's decision record; without ``statement``, one of a release that signed none."""
    pull_request, action = asked.pull_request, asked.action
    inputs = {"action": digest(plain_action(action)), "result": digest(asked.result)}
    return DecisionRecord(
        key=pull_request.key("action", action.action_id),
        kind=RecordKind.ACTION,
        repo=pull_request.repo,
        pr=pull_request.pr,
        head_sha=pull_request.head_sha,
        actor=action.actor,
        outcome=f"{asked.kind.value}: {asked.result.changed}",
        reason=action.reason,
        inputs=inputs | ({"statement": statement} if statement else {}),
        at=asked.at,
    )


class Scene:
    """One pull request whose bundle is sealed with the actions that a test puts on record."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.dossier: Dossier = dossier(folder)
        self.pull_request = self.dossier.contents.card.pull_request
        self.keys: Keyring = open_evidence_keyring(folder / "keys")

    def signed(self, *, keys: Keyring | None = None, **changes: Any) -> bytes:
        return signed_action(asked_of(self.pull_request, **changes), keys=keys or self.keys)

    def kept(self, envelope: bytes) -> str:
        """Its digest, once it is stored."""
        return store_at(self.folder).put(envelope, media_type=ENVELOPE_MEDIA_TYPE, name="action.dsse.json").digest

    def record(self, envelope: bytes | None, **changes: Any) -> DecisionRecord:
        return recorded(asked_of(self.pull_request, **changes), statement=self.kept(envelope) if envelope else "")

    def sealed(self, *records: DecisionRecord, keys: Keyring | None = None) -> Sealed:
        """With these records at the end of a chain that fits, whatever they say."""
        contents = self.dossier.contents
        chain = tuple(_chained([*(one.record for one in contents.records), *records]))
        made = replace(self.dossier, contents=contents.model_copy(update={"records": chain}))
        return seal_bundle(made, self.folder, keys=keys or self.keys)


def envelope_path(made: Sealed) -> str:
    """Where the statement of the bundle's only action lies."""
    return f"artifacts/{made.contents.records[-1].record.inputs['statement'].removeprefix('sha256:')}"


def _chained(records: Iterable[DecisionRecord]) -> Iterable[StoredRecord]:
    before = GENESIS_HASH
    for sequence, record in enumerate(records, start=1):
        body = {"sequence": sequence, "previous_hash": before, "record": record.model_dump(mode="json")}
        found = digest(body)
        yield StoredRecord(sequence=sequence, previous_hash=before, hash=found, record=record)
        before = found
