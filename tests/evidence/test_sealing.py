"""What is sealed can be taken away and verified, is sealed once, and is not sealed where something is missing."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from maestro.artifacts import ArtifactStore
from maestro.assurance import load
from maestro.attestations.actions import signed_action, verify_action
from maestro.attestations.names import ENVELOPE_MEDIA_TYPE
from maestro.errors import IntegrityError
from maestro.evidence import sealing
from maestro.evidence.sealing import Sealer
from maestro.evidence.storing import read_bundle, read_index
from maestro.evidence.verification import verify
from maestro.evidence.writing import export_folder
from maestro.ledger import Ledger
from maestro.model.artifact import ArtifactRef
from maestro.model.decision import DecisionCard, Publication
from maestro.model.evidence import EvidenceSet
from maestro.model.record import RecordKind
from maestro.resources import resource_dir
from maestro.signing.keys import open_evidence_keyring
from maestro.signing.roots import TrustRoots
from tests.evidence.acting import asked_of, recorded
from tests.evidence.samples import SEALED_AT, TREE, dossier, store_at

NOW = SEALED_AT + timedelta(minutes=1)


class Scene:
    """A decided pull request with everything that its decision rests on."""

    def __init__(self, folder: Path, ledger: Ledger) -> None:
        contents = dossier(folder).contents
        self.folder = folder
        self.store: ArtifactStore = store_at(folder)
        self.ledger = ledger
        merged = Publication(kind="merge", done=True, detail="main is at it", commit="9ac3" * 10, tree=TREE)
        self.card: DecisionCard = contents.card.model_copy(update={"publications": (merged,)})
        facts = self.store.put_model(contents.facts, name="facts.json")
        self.evidence = EvidenceSet(
            evidence=contents.evidence, facts=facts, catalogue_digest=contents.catalogue_digest, gathered_at=SEALED_AT
        )
        self.sealer = Sealer(
            ledger=ledger,
            store=self.store,
            catalogue=load(resource_dir("controls")),
            controls=resource_dir("controls"),
            policy_digest=contents.policy_digest,
            keys=open_evidence_keyring(folder / "keys"),
        )


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}") as ledger:
        yield Scene(tmp_path, ledger)


def test_a_sealed_bundle_holds_for_whoever_trusts_the_key(scene: Scene) -> None:
    bundle = scene.sealer.seal(scene.card, scene.evidence, ordinal=0, at=SEALED_AT)
    target = scene.folder / "bundle"
    export_folder(read_bundle(bundle, scene.store), target=target)
    found = verify(target, trust=TrustRoots.of_folder(scene.folder / "keys"), now=NOW)
    assert found.holds, [problem for check in found.checks for problem in check.problems]
    subject = read_index(scene.store.get(bundle.index)).subject
    assert subject.landing is not None
    assert (subject.landing.commit, subject.landing.tree) == ("9ac3" * 10, subject.tested_tree)


def _act(scene: Scene) -> str:
    """A signed action on the head, in the ledger; the digest of its statement."""
    asked = asked_of(scene.card.pull_request)
    statement = scene.store.put(signed_action(asked, keys=scene.sealer.keys), media_type=ENVELOPE_MEDIA_TYPE)
    scene.ledger.records.append(recorded(asked, statement=statement.digest))
    return statement.digest


def test_the_signed_actions_of_reviewers_are_in_the_bundle_and_hold_there(scene: Scene) -> None:
    statement = _act(scene)
    bundle = scene.sealer.seal(scene.card, scene.evidence, ordinal=0, at=SEALED_AT)
    target = scene.folder / "bundle"
    export_folder(read_bundle(bundle, scene.store), target=target)
    trust = TrustRoots.of_folder(scene.folder / "keys")
    found = verify(target, trust=trust, now=NOW)
    assert found.holds, [problem for check in found.checks for problem in check.problems]
    envelope = (target / "artifacts" / statement.removeprefix("sha256:")).read_bytes()
    [stored] = scene.ledger.records.list(kind=RecordKind.ACTION)
    assert verify_action(envelope, stored, trust=trust, now=NOW).actor.via == "api"


def test_nothing_is_sealed_where_the_statement_of_an_action_is_gone(scene: Scene) -> None:
    scene.store.remove(ArtifactRef(digest=_act(scene), media_type=ENVELOPE_MEDIA_TYPE, bytes=0))
    with pytest.raises(IntegrityError, match=r"action\.dsse\.json is not in the store"):
        scene.sealer.seal(scene.card, scene.evidence, ordinal=0, at=SEALED_AT)


def test_whoever_seals_a_second_time_gets_the_bundle_that_is_on_record(scene: Scene) -> None:
    first = scene.sealer.seal(scene.card, scene.evidence, ordinal=0, at=SEALED_AT)
    again = scene.sealer.seal(scene.card, scene.evidence, ordinal=0, at=NOW)
    other = scene.sealer.seal(scene.card, scene.evidence, ordinal=1, at=NOW)
    assert first == again
    assert other != first
    records = scene.ledger.records.list(kind=RecordKind.EVIDENCE)
    assert [record.record.inputs["index"] for record in records] == [first.index.digest, other.index.digest]


def test_nothing_is_sealed_and_nothing_recorded_where_an_artifact_is_gone(scene: Scene) -> None:
    gone = scene.evidence.evidence[0].ref
    scene.store.remove(gone)
    with pytest.raises(IntegrityError) as refused:
        scene.sealer.seal(scene.card, scene.evidence, ordinal=0, at=SEALED_AT)
    assert gone.digest in str(refused.value)
    assert scene.ledger.records.list(kind=RecordKind.EVIDENCE) == ()


def test_a_pull_request_that_was_blocked_before_anything_was_gathered_is_sealed_as_well(scene: Scene) -> None:
    card = scene.card.model_copy(update={"findings": (), "report": None, "plan": None, "publications": ()})
    bundle = scene.sealer.seal(card, EvidenceSet(), ordinal=0, at=SEALED_AT)
    target = scene.folder / "bundle"
    export_folder(read_bundle(bundle, scene.store), target=target)
    found = verify(target, trust=TrustRoots.of_folder(scene.folder / "keys"), now=NOW)
    assert found.holds, [problem for check in found.checks for problem in check.problems]


def test_a_head_with_more_records_than_one_answer_of_the_ledger_is_sealed_with_all_of_them(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = scene.ledger.records.list(head_sha=scene.card.pull_request.head_sha)
    listed = scene.ledger.records.list
    monkeypatch.setattr(sealing, "LIST_LIMIT", 2)
    monkeypatch.setattr(scene.ledger.records, "list", lambda **wanted: listed(limit=2, **wanted))
    bundle = scene.sealer.seal(scene.card, scene.evidence, ordinal=0, at=SEALED_AT)
    lines = dict(read_bundle(bundle, scene.store))["records.jsonl"].splitlines()
    assert len(whole) == 3
    assert len(lines) == len(whole)
