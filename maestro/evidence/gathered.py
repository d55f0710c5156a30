"""The files of a bundle that come straight from its contents: card, facts, evidence, records, catalogue, artifacts.

A bundle that lacks a stored artifact is never built: the error names it.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from maestro.artifacts import ArtifactStore
from maestro.attestations.actions import STATEMENT_INPUT
from maestro.attestations.names import ENVELOPE_MEDIA_TYPE
from maestro.canonical import canonical_json, digest, digest_of_bytes
from maestro.errors import BadInput, IntegrityError
from maestro.evidence.contents import Contents, Dossier, Member, Role, artifact_path
from maestro.model.artifact import ArtifactRef
from maestro.model.decision import DecisionCard, Links
from maestro.model.record import RecordKind, StoredRecord
from maestro.render.documents import card_json, pretty
from maestro.resources import resource_dir

CARD = "card.json"
FACTS = "facts.json"
EVIDENCE = "evidence.json"
RECORDS = "records.jsonl"
CATALOGUE = "catalogue"
"""The folder of the controls' files, as they were when they were asked."""

JSON = "application/json"
JSON_LINES = "application/jsonl"
YAML = "application/yaml"


def artifact_members(dossier: Dossier, store: ArtifactStore, *, catalogue: Path | None = None) -> tuple[Member, ...]:
    """Card, facts, evidence, records, the catalogue's files (from its folder, else the shipped one), and every stored
    artifact that the contents name, each once and read from the store.

    Raises IntegrityError, naming it, for an artifact that is missing, damaged or not of the size that was noted, for a
    record that does not fit its hash, and for a catalogue that is not the one that was asked.
    """
    contents = dossier.contents
    files = catalogue_files(catalogue or resource_dir("controls"))
    return (
        Member(CARD, card_json(_standing_alone(contents.card)).encode(), JSON, Role.CARD, "the Decision Card"),
        Member(FACTS, pretty(contents.facts.model_dump(mode="json")).encode(), JSON, Role.FACTS, "what was known"),
        Member(EVIDENCE, _evidence(contents), JSON, Role.FACTS, "what each artifact shows, and when it was so"),
        Member(RECORDS, _records(contents.records), JSON_LINES, Role.RECORDS, "the decision records of this head"),
        *_catalogue(files, expected=contents.catalogue_digest),
        *_artifacts(contents, store),
    )


def catalogue_files(directory: Path) -> dict[str, bytes]:
    """The files of a control catalogue by name. Raises BadInput for one that cannot be read."""
    try:
        return {path.name: path.read_bytes() for path in (*directory.glob("*.yaml"), *directory.glob("*.yml"))}
    except OSError as error:
        raise BadInput(
            f"the control catalogue cannot be read: {error.strerror}",
            field=str(error.filename),
            fix="let this user read it",
        ) from error


def catalogue_digest(files: Mapping[str, bytes]) -> str:
    """The digest under which a catalogue of these files is known: that of the digests of its files by name."""
    return digest({name: digest_of_bytes(content) for name, content in files.items()})


def record_body(stored: StoredRecord) -> dict[str, Any]:
    """What a record's hash covers. Raises IntegrityError where the hash fits none of the forms that it can have.

    A record that a former release wrote lacks the fields that were added since; the hash covers it without them.
    """
    chained = {"sequence": stored.sequence, "previous_hash": stored.previous_hash}
    for unset in (False, True):
        body = chained | {"record": stored.record.model_dump(mode="json", exclude_unset=unset)}
        if digest(body) == stored.hash:
            return body
    raise IntegrityError(
        f"the decision record {stored.sequence} ({stored.record.key}) does not fit its hash",
        field=RECORDS,
        fix="see what `maestro ledger verify` says of the chain",
    )


def _artifacts(contents: Contents, store: ArtifactStore) -> Iterator[Member]:
    found: dict[str, tuple[ArtifactRef, str]] = {}
    for ref, shows in _named(contents):
        found.setdefault(artifact_path(ref), (ref, shows))
    for path, (ref, shows) in sorted(found.items()):
        yield Member(path, _read(ref, store), ref.media_type, Role.ARTIFACT, shows)
    for ref, shows in _signed_actions(contents.records):
        # A record names the digest alone, so there is no size to hold it to.
        if artifact_path(ref) not in found:
            yield Member(artifact_path(ref), store.get(ref), ref.media_type, Role.ARTIFACT, shows)


def _signed_actions(records: tuple[StoredRecord, ...]) -> Iterator[tuple[ArtifactRef, str]]:
    named = {
        statement: stored.record.actor
        for stored in records
        if stored.record.kind is RecordKind.ACTION and (statement := stored.record.inputs.get(STATEMENT_INPUT))
    }
    for statement, actor in sorted(named.items()):
        ref = ArtifactRef(digest=statement, media_type=ENVELOPE_MEDIA_TYPE, bytes=0, name="action.dsse.json")
        yield ref, f"the signed statement of an action of {actor}"


def _named(contents: Contents) -> Iterator[tuple[ArtifactRef, str]]:
    card = contents.card
    for evidence in contents.evidence:
        yield evidence.ref, evidence.summary
    for finding in card.findings:
        for ref in finding.evidence:
            yield ref, f"evidence of the control {finding.control}"
    if card.plan is not None:
        yield card.plan.body, "the test plan"
    if card.report is not None:
        yield from ((ref, "verdicts of the tests") for ref in card.report.results)
        yield from ((ref, "a log of the tests") for ref in card.report.logs)
    yield from ((ref, "named on the Decision Card") for ref in _references(_standing_alone(card)))


def _references(value: object) -> Iterator[ArtifactRef]:
    if isinstance(value, ArtifactRef):
        yield value
    elif isinstance(value, BaseModel):
        for field in type(value).model_fields:
            yield from _references(getattr(value, field))
    elif isinstance(value, tuple):
        for item in value:
            yield from _references(item)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _references(item)


def _standing_alone(card: DecisionCard) -> DecisionCard:
    """The card without its own former renderings and bundles: this bundle has a narrative, and is the bundle."""
    return card.model_copy(update={"links": Links(temporal_ui=card.links.temporal_ui), "sealing": None})


def _read(ref: ArtifactRef, store: ArtifactStore) -> bytes:
    content = store.get(ref)
    if len(content) != ref.bytes:
        raise IntegrityError(
            f"the artifact {ref.name or ref.media_type} has {len(content)} bytes, and {ref.bytes} were noted",
            field=ref.digest,
            fix="find who noted it; the bytes themselves fit their digest",
        )
    return content


def _evidence(contents: Contents) -> bytes:
    return pretty({"evidence": [evidence.model_dump(mode="json") for evidence in contents.evidence]}).encode()


def _records(records: tuple[StoredRecord, ...]) -> bytes:
    lines = (canonical_json(record_body(stored) | {"hash": stored.hash}) + "\n" for stored in records)
    return "".join(lines).encode()


def _catalogue(files: Mapping[str, bytes], *, expected: str) -> Iterator[Member]:
    found = catalogue_digest(files)
    if found != expected:
        raise IntegrityError(
            f"the control catalogue has the digest {found}, and {expected} was asked",
            field=CATALOGUE,
            fix="seal with the catalogue that was asked, or gather the evidence again",
        )
    for name in sorted(files):
        yield Member(f"{CATALOGUE}/{name}", files[name], YAML, Role.CATALOGUE, "controls that were asked")
