"""Dossiers for tests of statements, and what a statement's envelope says once its signature was verified."""

import base64
import json
import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from maestro.assurance import Facts
from maestro.attestations.names import PAYLOAD_TYPE
from maestro.canonical import canonical_json
from maestro.evidence.contents import Contents, Dossier, Member
from maestro.evidence.index import Index
from maestro.model.decision import DecisionState
from maestro.model.evidence import Evidence
from maestro.model.pull_request import PullRequest
from maestro.model.tests import TestOutcome, TestReport
from maestro.signing.envelope import unseal
from maestro.signing.keys import Keyring
from tests.evidence import samples
from tests.evidence.samples import FACTS, SEALED_AT, store_at

BILL = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.6",
    "components": [{"type": "library", "name": "requests", "version": "2.32.0", "purl": "pkg:pypi/requests@2.32.0"}],
}


def dossier(folder: Path, *, facts: Facts = FACTS, state: DecisionState = DecisionState.GREEN) -> Dossier:
    """As ``samples.dossier``, which asks all controls: here once for each state and set of facts."""
    made, stored = _asked(facts.model_dump_json(), state)
    shutil.copytree(stored, folder, dirs_exist_ok=True)
    return made


@cache
def _asked(facts: str, state: DecisionState) -> tuple[Dossier, Path]:
    folder = Path(mkdtemp(prefix="dossier-"))
    return samples.dossier(folder, facts=Facts.model_validate_json(facts), state=state), folder


def with_contents(dossier: Dossier, **changed: object) -> Dossier:
    return Dossier(contents=dossier.contents.model_copy(update=changed), catalogue=dossier.catalogue)


def with_card(dossier: Dossier, **changed: object) -> Dossier:
    return with_contents(dossier, card=dossier.contents.card.model_copy(update=changed))


def with_pull_request(dossier: Dossier, **changed: object) -> Dossier:
    pull_request = dossier.contents.card.pull_request.model_copy(update=changed)
    return with_card(dossier, pull_request=PullRequest.model_validate(pull_request.model_dump()))


def with_outcomes(dossier: Dossier, folder: Path, *outcomes: TestOutcome, **changed: object) -> Dossier:
    """A report with stored results."""
    listing = canonical_json([each.model_dump(mode="json") for each in outcomes]).encode()
    results = store_at(folder).put(listing, media_type="application/json", name="results.json")
    return with_card(dossier, report=TestReport.model_validate({"results": (results,), **changed}))


def with_bill(dossier: Dossier, folder: Path, *, kind: str = "sbom", bill: object = BILL) -> Dossier:
    content = bill if isinstance(bill, bytes) else json.dumps(bill).encode()
    ref = store_at(folder).put(content, media_type="application/vnd.cyclonedx+json", name="sbom.cdx.json")
    added = Evidence(ref=ref, kind=kind, summary="what the head depends on", at=SEALED_AT)
    return with_contents(dossier, evidence=(*dossier.contents.evidence, added))


def index_of(contents: Contents) -> bytes:
    """An index as small as one can be."""
    pull_request = contents.card.pull_request
    return canonical_json(
        Index.model_validate(
            {
                "subject": pull_request.model_dump() | {"tested_tree": contents.tested_tree},
                "decision": contents.card.decision.state,
                "decided_by": contents.card.decision.actor,
                "reasons": contents.card.decision.reasons,
                "controls": (),
                "files": (),
                "catalogue_digest": contents.catalogue_digest,
                "policy_digest": contents.policy_digest,
                "maestro_version": contents.maestro_version,
                "sealed_at": contents.sealed_at,
            }
        )
    ).encode()


def said(member: Member, keys: Keyring) -> dict[str, Any]:
    """The statement, once its signature was verified."""
    payload = unseal(member.content, payload_type=PAYLOAD_TYPE, keys=keys, field=member.path)
    statement: dict[str, Any] = json.loads(payload)
    return statement


def payload_of(envelope: bytes) -> bytes:
    return base64.b64decode(json.loads(envelope)["payload"])
