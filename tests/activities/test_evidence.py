"""What sealing leaves behind: a bundle on record, and from time to time a signed checkpoint of the chain."""

from dataclasses import replace
from pathlib import Path

import pytest
from temporalio.testing import ActivityEnvironment

from activities.evidence import EvidenceActivities
from activities.services import Services
from maestro.assurance import load
from maestro.ledger.checkpoints_trust import believing
from maestro.model.conduct import SealRequest
from maestro.model.evidence import EvidenceSet
from maestro.model.record import RecordKind
from maestro.policy.engine import RegorusEngine
from maestro.render.documents import card_json
from maestro.resources import resource_dir
from maestro.signing.keys import open_evidence_keyring
from maestro.signing.roots import TrustRoots
from tests.evidence.samples import SEALED_AT
from tests.render.sample_cards import CANCELLED


@pytest.fixture
def sealing(services: Services) -> Services:
    return replace(
        services,
        catalogue=load(resource_dir("controls")),
        policy=RegorusEngine(resource_dir("policies")),
    )


async def test_a_sealed_bundle_is_on_record_and_the_chain_gets_its_first_checkpoint(
    sealing: Services, tmp_path: Path
) -> None:
    card = sealing.artifacts.put(card_json(CANCELLED).encode(), media_type="application/json", name="card.json")
    request = SealRequest(
        pull_request=CANCELLED.pull_request, card=card, evidence=EvidenceSet(), ordinal=0, at=SEALED_AT
    )
    first = await ActivityEnvironment().run(EvidenceActivities(sealing).seal, request)
    again = await ActivityEnvironment().run(EvidenceActivities(sealing).seal, request)
    assert first == again
    assert first.done
    assert f"maestro evidence export {CANCELLED.pull_request.repo}/{CANCELLED.pull_request.pr}" in first.detail
    [record] = sealing.ledger.records.list(kind=RecordKind.EVIDENCE)
    assert first.bundle is not None
    assert record.record.inputs["index"] == first.bundle.index.digest
    keys = tmp_path / "home" / "keys"
    trust = TrustRoots.of_folder(keys)
    checked = sealing.ledger.checkpoints.verify(believing(trust, now=sealing.ledger.now()))
    assert checked.problems == ()
    assert checked.covered == record.sequence
    assert open_evidence_keyring(keys).key_id in trust.by_id
