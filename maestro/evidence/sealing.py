"""Seals the evidence of a decision: everything that a bundle holds is put together, signed, stored and put on record.

The record in the ledger is what makes a bundle *the* bundle: whoever seals a second time gets the one on record.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from maestro import __version__
from maestro.artifacts import ArtifactStore
from maestro.assurance.catalogue import Catalogue
from maestro.assurance.facts import Facts
from maestro.attestations.outgoing import signed_statements
from maestro.attestations.summary import verification_summary
from maestro.evidence.contents import Contents, Dossier, Landing
from maestro.evidence.exports.formats import export_members
from maestro.evidence.gathered import artifact_members
from maestro.evidence.guide import guide_members
from maestro.evidence.indexing import index_of
from maestro.evidence.storing import bundle_of, store_bundle
from maestro.ledger import Ledger
from maestro.ledger.records import LIST_LIMIT
from maestro.model.decision import DecisionCard, Links, Phase, Publication
from maestro.model.evidence import Bundle, EvidenceSet
from maestro.model.pull_request import PullRequest
from maestro.model.record import DecisionRecord, RecordKind, StoredRecord
from maestro.render.narrative import narrative_members
from maestro.signing.keys import Keyring


@dataclass(frozen=True)
class Sealer:
    """What sealing needs beside the evidence itself. ``controls`` is the folder that ``catalogue`` was read from."""

    ledger: Ledger
    store: ArtifactStore
    catalogue: Catalogue
    controls: Path
    policy_digest: str
    keys: Keyring

    def seal(self, card: DecisionCard, evidence: EvidenceSet, *, ordinal: int, at: datetime) -> Bundle:
        """The bundle of this head under this ordinal, sealed now or before.

        Raises IntegrityError where an artifact that the decision rests on is gone or was changed.
        """
        key = card.pull_request.key("evidence", ordinal)
        known = self.ledger.records.find(key)
        if known is None:
            bundle = self._make(self._dossier(card, evidence, at=at))
            known = self.ledger.records.append(_record(card, bundle, key=key, at=at))
        return bundle_of(known, self.store)

    def _dossier(self, card: DecisionCard, evidence: EvidenceSet, *, at: datetime) -> Dossier:
        pull_request = card.pull_request
        facts = self.store.read_model(evidence.facts, Facts) if evidence.facts else Facts()
        records = tuple(self._records(pull_request))
        contents = Contents(
            card=final(card),
            facts=facts,
            evidence=evidence.evidence,
            records=records,
            tested_tree=(facts.git.tree if facts.git else None) or "",
            landing=_landing(card),
            catalogue_digest=self.catalogue.digest,
            policy_digest=self.policy_digest,
            maestro_version=__version__,
            sealed_at=at,
        )
        return Dossier(contents, self.catalogue)

    def _records(self, pull_request: PullRequest) -> Iterator[StoredRecord]:
        """All of this head, however many answers of the ledger they take."""
        page: tuple[StoredRecord, ...] = ()
        while not page or len(page) == LIST_LIMIT:
            page = self.ledger.records.list(
                repo=pull_request.repo,
                pr=pull_request.pr,
                head_sha=pull_request.head_sha,
                after=page[-1].sequence if page else 0,
            )
            if not page:
                return
            yield from page

    def _make(self, dossier: Dossier) -> Bundle:
        statements = signed_statements(dossier, store=self.store, keys=self.keys)
        members = (
            *artifact_members(dossier, self.store, catalogue=self.controls),
            *guide_members(dossier.contents, keys=self.keys),
            *narrative_members(dossier),
            *export_members(dossier),
            *statements,
        )
        index = index_of(dossier.contents, members)
        summary = verification_summary(dossier, index=index, statements=statements, keys=self.keys)
        return store_bundle(members, index=index, summary=summary, store=self.store)


def final(card: DecisionCard) -> DecisionCard:
    """The card as it is once nothing can be done any more; what it says of its own sealing is not sealed."""
    links = Links(temporal_ui=card.links.temporal_ui)
    return card.model_copy(update={"phase": Phase.DONE, "actions": (), "links": links, "sealing": None})


def _landing(card: DecisionCard) -> Landing | None:
    merged = _merge_of(card)
    if merged is None or not merged.tree:
        return None
    return Landing(base_ref=card.pull_request.base_ref, commit=merged.commit, tree=merged.tree)


def _merge_of(card: DecisionCard) -> Publication | None:
    return next((one for one in card.publications if one.kind == "merge" and one.done), None)


def _record(card: DecisionCard, bundle: Bundle, *, key: str, at: datetime) -> DecisionRecord:
    pull_request = card.pull_request
    merged = _merge_of(card)
    landed = merged.detail if merged else "nothing was merged"
    return DecisionRecord(
        key=key,
        kind=RecordKind.EVIDENCE,
        repo=pull_request.repo,
        pr=pull_request.pr,
        head_sha=pull_request.head_sha,
        actor="maestro",
        outcome=card.decision.state.value,
        reason=f"sealed what was decided; {landed}",
        inputs={"index": bundle.index.digest, "summary": bundle.summary.digest},
        version=__version__,
        at=at,
    )
