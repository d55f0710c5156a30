"""The signed statements of a bundle, each about the head's commit and tree. The same contents give the same bytes."""

import json
from collections.abc import Iterator, Sequence

from pydantic import TypeAdapter, ValidationError

from maestro.artifacts import ArtifactStore
from maestro.assurance.facts import QueryKind
from maestro.attestations import predicates, strictjson
from maestro.attestations.names import (
    CYCLONEDX,
    CYCLONEDX_MEDIA_TYPE,
    DECISION,
    ENVELOPE_MEDIA_TYPE,
    PAYLOAD_TYPE,
    PROVENANCE,
    TEST_RESULT,
)
from maestro.attestations.resource import JsonObject, commit, without_places
from maestro.attestations.statement import Statement, make_statement
from maestro.errors import IntegrityError
from maestro.evidence.contents import STATEMENTS, Contents, Dossier, Member, Role
from maestro.model.artifact import ArtifactRef
from maestro.model.tests import TestOutcome, TestReport
from maestro.signing.envelope import seal
from maestro.signing.keys import Keyring

_OUTCOMES = TypeAdapter(tuple[TestOutcome, ...])


def signed_statements(dossier: Dossier, *, store: ArtifactStore, keys: Keyring) -> tuple[Member, ...]:
    """Test result, decision, bills of materials and provenance, as far as there is something to state.

    Nothing is stated of tests where none were to run, nor of materials where no bill of them was made. Raises
    IntegrityError where a stored artifact is gone or is not what it was stored as, BadInput for a key that cannot sign.
    """
    contents = dossier.contents
    return tuple(
        sealed(statement, path=f"{STATEMENTS}/{name}.dsse.json", shows=shows, keys=keys)
        for name, shows, statement in _statements(contents, store)
    )


def sealed(statement: Statement, *, path: str, shows: str, keys: Keyring) -> Member:
    """A statement in its envelope, as a file of a bundle."""
    content = seal(statement.payload, payload_type=PAYLOAD_TYPE, keys=keys)
    return Member(path=path, content=content, media_type=ENVELOPE_MEDIA_TYPE, role=Role.STATEMENT, shows=shows)


def head_subject(contents: Contents) -> JsonObject:
    """The commit and the tree that everything was done with."""
    pull_request = contents.card.pull_request
    found = commit(pull_request, pull_request.head_sha, tree=contents.tested_tree)
    # The same commit can be proposed for two bases: what was decided for one says nothing of the other.
    about: JsonObject = {"pullRequest": pull_request.pr, "base": pull_request.base_sha}
    return {"name": f"head of {pull_request.repo} {pull_request.pr}", **found, "annotations": about}


def _statements(contents: Contents, store: ArtifactStore) -> Iterator[tuple[str, str, Statement]]:
    def about_head(predicate_type: str, predicate: JsonObject) -> Statement:
        return make_statement([head_subject(contents)], predicate_type=predicate_type, predicate=predicate)

    def own(predicate_type: str, predicate: JsonObject) -> Statement:
        return about_head(predicate_type, without_places(predicate, contents.card.pull_request))

    report = contents.card.report
    if report and (report.counts or not report.green):
        predicate = predicates.test_result(contents, report, outcomes=_outcomes(report, store))
        yield "test-result", "what the tests said of the head", own(TEST_RESULT, predicate)
    yield "decision", "what was decided, by whom and why", own(DECISION, predicates.decision(contents))
    for ordinal, ref in enumerate(_materials(contents), start=1):
        name = "sbom" if ordinal == 1 else f"sbom-{ordinal}"
        yield name, "what the head depends on", about_head(CYCLONEDX, _bill(ref, store))
    yield "provenance", "how the head was tested", own(PROVENANCE, predicates.provenance(contents))


def _outcomes(report: TestReport, store: ArtifactStore) -> Iterator[TestOutcome]:
    for ref in report.results:
        try:
            # Not validate_json: it refuses names that are not UTF-8, which tests can have.
            yield from _OUTCOMES.validate_python(json.loads(store.get(ref)))
        except (ValidationError, ValueError) as error:
            raise IntegrityError(
                f"the stored results {ref.name} are no list of verdicts", field=ref.digest, fix="test the head again"
            ) from error


def _materials(contents: Contents) -> Sequence[ArtifactRef]:
    """Bills that Maestro made. One that came with the pull request is signed by somebody else already."""
    found = {
        each.ref.digest: each.ref
        for each in contents.evidence
        if each.ref.media_type.partition(";")[0].strip() == CYCLONEDX_MEDIA_TYPE and each.kind != QueryKind.ATTEST
    }
    return tuple(found.values())


def _bill(ref: ArtifactRef, store: ArtifactStore) -> JsonObject:
    document = strictjson.read(store.get(ref), field=ref.name or ref.digest)
    if not isinstance(document, dict) or document.get("bomFormat") != "CycloneDX":
        raise IntegrityError(f"{ref.name} is no CycloneDX document", field=ref.digest, fix="gather the evidence again")
    return document
