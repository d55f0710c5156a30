"""Whether reviewers' actions are signed: each record that names a statement is held to it, as the ledger's are."""

from collections.abc import Iterator
from typing import Final

from pydantic import ValidationError

from maestro.attestations.actions import STATEMENT_INPUT, verify_action
from maestro.attestations.names import ENVELOPE_MEDIA_TYPE
from maestro.attestations.resource import without_places
from maestro.errors import BadInput, MaestroError
from maestro.evidence.case import Case, Unreadable
from maestro.evidence.contents import artifact_path
from maestro.evidence.gathered import RECORDS
from maestro.evidence.untrusted import read_object
from maestro.evidence.verdict import Problem
from maestro.model.artifact import ArtifactRef
from maestro.model.record import RecordKind, StoredRecord
from maestro.signing.envelope import SignatureRefused

_AGAIN: Final = "take the bundle again from where it was sealed, and ask there what `maestro ledger verify` says"
_NAMED_ONE_BY_ONE: Final = 5


def actions_are_signed(case: Case) -> Iterator[Problem]:
    """Every action of a reviewer that names a signed statement has its own here: a trusted key signed it, and it says
    what the record says.
    """
    met: dict[str, int] = {}
    for stored in _actions(case):
        named = stored.record.inputs.get(STATEMENT_INPUT)
        if named is None:
            continue
        # Each statement is verified once, however many records name it.
        if named in met:
            yield _problem(RECORDS, stored, f"it is that of record {met[named]}", fix=_AGAIN)
            continue
        met[named] = stored.sequence
        yield from _own_statement(case, stored, named)


def unsigned_actions(case: Case) -> str:
    """A sentence that names the actions without a statement, by their records; empty where there are none.

    Raises Unreadable.
    """
    found = [str(stored.sequence) for stored in _actions(case) if STATEMENT_INPUT not in stored.record.inputs]
    if not found:
        return ""
    more = f" and {len(found) - _NAMED_ONE_BY_ONE} more" if len(found) > _NAMED_ONE_BY_ONE else ""
    named = f"{', '.join(found[:_NAMED_ONE_BY_ONE])}{more}"
    return f"who took the actions of these records, which are of a release that signed none: {named}"


def _actions(case: Case) -> Iterator[StoredRecord]:
    for number, line in enumerate(case.content(RECORDS).splitlines(), start=1):
        place = f"{RECORDS}:{number}"
        try:
            body = read_object(line, file=place)
            record = body.get("record")
            if isinstance(record, dict) and record.get("kind") == RecordKind.ACTION.value:
                yield StoredRecord.model_validate(body)
        except (BadInput, ValidationError) as error:
            raise Unreadable(place, "it is no decision record with its hash") from error


def _own_statement(case: Case, stored: StoredRecord, named: str) -> Iterator[Problem]:
    try:
        path = artifact_path(ArtifactRef(digest=named, media_type=ENVELOPE_MEDIA_TYPE, bytes=0))
    except ValidationError:
        yield _problem(RECORDS, stored, "it is named by what is no digest", fix=_AGAIN)
        return
    found = case.opened.files.get(path)
    if found is None:
        yield _problem(path, stored, "it is missing", fix=_AGAIN)
    elif found.digest != named:
        yield _problem(path, stored, "it was changed: these are not the bytes that the record names", fix=_AGAIN)
    elif found.content is None:
        yield _problem(path, stored, "it is no envelope as Maestro writes them", fix=_AGAIN)
    else:
        yield from _verified(case, stored, path=path, envelope=found.content)


def _verified(case: Case, stored: StoredRecord, *, path: str, envelope: bytes) -> Iterator[Problem]:
    try:
        stated = verify_action(envelope, stored, trust=case.trust, now=case.expected.now)
    except SignatureRefused as error:
        yield _problem(path, stored, error.message, fix=error.fix)
    except MaestroError as error:
        yield _problem(path, stored, error.message, fix=_AGAIN)
    else:
        if stated.reason != without_places({"reason": stored.record.reason}, case.card.pull_request)["reason"]:
            yield _problem(path, stored, "the reason in it is not the record's", fix=_AGAIN)


def _problem(file: str, stored: StoredRecord, reason: str, *, fix: str) -> Problem:
    return Problem(file=file, reason=f"the signed statement of the action in record {stored.sequence}: {reason}; {fix}")
