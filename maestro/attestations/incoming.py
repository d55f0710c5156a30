"""Judges the attestations that came with a pull request: believed, or refused with a sentence, never an exception.

Believed is what a key of the trust roots signed for this very head, and provenance only of a builder for which that key
may speak. What is refused also counts against its kind: a refused provenance beside a verified one leaves the
provenance refused, since one of the two is a lie or a mistake; and what nobody can read may have been either kind.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import JsonValue

from maestro.assurance.facts import AttestFacts
from maestro.attestations import strictjson
from maestro.attestations.carried import Carried, Refused, claimed_type, envelopes
from maestro.attestations.names import CYCLONEDX, OLD_PROVENANCE, PAYLOAD_TYPE, PROVENANCE, SUMMARY_TYPE
from maestro.attestations.statement import Statement, Subject, read_statement
from maestro.canonical import canonical_json
from maestro.errors import BadInput, MaestroError
from maestro.model.pull_request import PullRequest
from maestro.signing.roots import TrustRoots
from maestro.signing.trust import verify_envelope
from maestro.signing.trusted import Purpose, moment

VERIFIED: Final = "verified"
REFUSED: Final = "refused"
MISSING: Final = "missing"

SENTENCE_LIMIT: Final = 400
"""Characters of a refusal; it stands on a card."""

_NAMED_SUBJECTS: Final = 3

_PROVENANCE: Final = "provenance"
_BILL: Final = "bill of materials"
_TIMES: Final = {
    PROVENANCE: (("runDetails", "metadata", "finishedOn"), ("runDetails", "metadata", "startedOn")),
    OLD_PROVENANCE: (("metadata", "buildFinishedOn"), ("metadata", "buildStartedOn")),
    SUMMARY_TYPE: (("timeVerified",),),
    CYCLONEDX: (("metadata", "timestamp"),),
}
"""Where a predicate says when it was made, the later moment first."""


@dataclass(frozen=True)
class Accepted:
    """A statement that is believed: where it was found, whose key signed it, and its bytes."""

    where: str
    key_id: str
    key_name: str
    statement: Statement


@dataclass(frozen=True)
class Judged:
    """What is known by the attestations. ``sbom`` is the attested CycloneDX document as canonical JSON."""

    facts: AttestFacts
    sbom: bytes | None
    accepted: tuple[Accepted, ...]


def judge_attestations(
    provided: Sequence[tuple[str, bytes]],
    *,
    pull_request: PullRequest,
    tested_tree: str,
    trust: TrustRoots,
    now: datetime,
) -> Judged:
    """What the files, each by its name, prove about the head. ``tested_tree`` is its git tree, ``now`` bounds times."""
    head = _Head(pull_request.head_sha, tested_tree)
    found = [
        entry if isinstance(entry, Refused) else _judged(entry, head, trust=trust, now=now)
        for entry in envelopes(provided)
    ]
    accepted = tuple(each for each in found if isinstance(each, Accepted))
    refused = [each for each in found if isinstance(each, Refused)]
    bills = {_bill(each.statement): each.where for each in accepted if _kind(each.statement.predicate_type) == _BILL}
    if len(bills) > 1:
        reason = "these bills of materials differ, and nobody can say which one holds"
        refused.append(Refused(" and ".join(bills.values()), reason, CYCLONEDX))
    bill_state = _state(_BILL, accepted, refused)
    provenance_state = _state(_PROVENANCE, accepted, refused)
    builders = sorted({_builder(each.statement) for each in accepted} - {""})
    facts = AttestFacts(
        provided=len(found),
        verified=len(accepted),
        refused=tuple(_sentence(each) for each in refused),
        provenance=provenance_state,
        builder=", ".join(builders) if provenance_state == VERIFIED else None,
        sbom_statement=bill_state,
        predicate_types=tuple(sorted({each.statement.predicate_type for each in accepted})),
    )
    return Judged(facts, next(iter(bills)) if bill_state == VERIFIED else None, accepted)


@dataclass(frozen=True)
class _Head:
    """What a statement has to be about."""

    commit: str
    tree: str

    def is_named_by(self, subject: Subject) -> bool:
        """By commit or tree, where the subject has nothing that says otherwise."""
        expected = {"gitCommit": self.commit, "sha1": self.commit, "gitTree": self.tree}
        named = subject.digest.keys() & expected.keys()
        return bool(named) and all(subject.digest[name] == expected[name] for name in named)


def _judged(entry: Carried, head: _Head, *, trust: TrustRoots, now: datetime) -> Accepted | Refused:
    try:
        return _accepted(entry, head, trust=trust, now=now)
    except MaestroError as error:
        return Refused(entry.where, error.message, claimed_type(json.loads(entry.envelope).get("payload")))


def _accepted(entry: Carried, head: _Head, *, trust: TrustRoots, now: datetime) -> Accepted:
    verified = verify_envelope(
        entry.envelope,
        payload_type=PAYLOAD_TYPE,
        trust=trust,
        signed_at=lambda payload: _made_at(read_statement(payload, field=entry.where)),
        now=now,
        purpose=Purpose.ATTESTATIONS,
        field=entry.where,
    )
    statement = read_statement(verified.payload, field=entry.where)
    _require_about(statement, head, field=entry.where)
    kind = _kind(statement.predicate_type)
    if kind == _PROVENANCE:
        _require_allowed(_builder(statement), verified.builders, signer=verified.name, field=entry.where)
    if kind == _BILL and statement.predicate.get("bomFormat") != "CycloneDX":
        raise _refused("it states a CycloneDX bill of materials and holds none", entry.where)
    return Accepted(entry.where, verified.key_id, verified.name, statement)


def _require_about(statement: Statement, head: _Head, *, field: str) -> None:
    subjects = statement.body.subject
    if not any(head.is_named_by(subject) for subject in subjects):
        named = [f"{name} {value[:64]}" for subject in subjects for name, value in sorted(subject.digest.items())]
        more = f" and {len(named) - _NAMED_SUBJECTS} more" if len(named) > _NAMED_SUBJECTS else ""
        about = ", ".join(named[:_NAMED_SUBJECTS]) + more
        raise _refused(f"it is about {about}, not about this head {head.commit} with the tree {head.tree}", field)


def _require_allowed(builder: str, allowed: Sequence[str], *, signer: str, field: str) -> None:
    if not builder:
        raise _refused("its provenance names no builder", field)
    if builder not in allowed:
        may = f"for {', '.join(map(strictjson.shown, allowed))} only" if allowed else "for no builder"
        said = f"its builder is {strictjson.shown(builder)}"
        raise _refused(f"{said}, and the key {strictjson.shown(signer)} may speak {may}", field)


def _refused(reason: str, field: str) -> BadInput:
    return BadInput(reason, field=field, fix="attest this head by a key, and for a builder, of the trust roots")


def _made_at(statement: Statement) -> datetime | None:
    """When it claims to be made; None where it does not say."""
    for path in _TIMES.get(_base_type(statement.predicate_type), ()):
        value: JsonValue = dict(statement.predicate)
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        if value is not None:
            try:
                return moment(value if isinstance(value, str) else "")
            except ValueError as error:
                raise _refused(f"its {path[-1]} is no time", "predicate") from error
    return None


def _builder(statement: Statement) -> str:
    """The id of the builder that provenance names; empty where it is no provenance or names none."""
    place: JsonValue = dict(statement.predicate)
    path = {PROVENANCE: ("runDetails", "builder", "id"), OLD_PROVENANCE: ("builder", "id")}
    for name in path.get(statement.predicate_type, ("",)):
        place = place.get(name) if isinstance(place, dict) else None
    return place if isinstance(place, str) else ""


def _bill(statement: Statement) -> bytes:
    return canonical_json(dict(statement.predicate)).encode()


def _base_type(predicate_type: str) -> str:
    """Some tools write the version of CycloneDX behind its type."""
    return CYCLONEDX if predicate_type.startswith(f"{CYCLONEDX}/v") else predicate_type


def _kind(predicate_type: str) -> str:
    base = _base_type(predicate_type)
    return _PROVENANCE if base in {PROVENANCE, OLD_PROVENANCE} else _BILL if base == CYCLONEDX else ""


def _state(kind: str, accepted: Sequence[Accepted], refused: Sequence[Refused]) -> str:
    if any(not each.claimed_type or _kind(each.claimed_type) == kind for each in refused):
        return REFUSED
    return VERIFIED if any(_kind(each.statement.predicate_type) == kind for each in accepted) else MISSING


def _sentence(refused: Refused) -> str:
    text = f"{refused.where}: {refused.reason}"
    plain = "".join(character if character.isprintable() else " " for character in text)
    return plain if len(plain) <= SENTENCE_LIMIT else f"{plain[:SENTENCE_LIMIT]}…"
