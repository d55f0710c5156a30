"""Bundles of a real repository's pull requests, sealed as the conductor seals them, in a home of their own."""

from datetime import UTC, datetime
from pathlib import Path

from maestro.artifacts import ArtifactStore
from maestro.assurance import Facts, QueryKind, evaluate, load
from maestro.evidence.sealing import Sealer
from maestro.ledger import Ledger
from maestro.model.decision import DecisionState, Links, Phase, Publication
from maestro.model.evidence import Bundle, Evidence, EvidenceSet
from maestro.model.record import DecisionRecord, RecordKind
from maestro.resources import resource_dir
from maestro.signing.algorithms import Algorithm
from maestro.signing.keys import open_evidence_keyring
from maestro.signing.rotation import create_key
from maestro.signing.trusted import Purpose
from tests.evidence.release_git import Clone
from tests.evidence.samples import FACTS
from tests.render.sample_cards import GREEN, PULL_REQUEST

REPO = "acme/shop"
SEALED_AT = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)


class Installation:
    """A home with ledger, artifacts and a key, where pull requests of one repository are decided and sealed."""

    def __init__(self, home: Path) -> None:
        self.home = home
        home.mkdir(mode=0o700, parents=True)
        create_key(home / "keys", purpose=Purpose.EVIDENCE, algorithm=Algorithm.ED25519)
        self.store = ArtifactStore(home / "artifacts")
        self.catalogue = load(resource_dir("controls"))

    def ledger(self) -> Ledger:
        return Ledger.open(f"sqlite:///{self.home / 'ledger.sqlite'}")

    def seal(
        self, clone: Clone, head: str, *, state: DecisionState = DecisionState.GREEN, landed: bool = False
    ) -> Bundle:
        """Decide and seal a head that merges into ``main`` as it is now; ``landed`` if Maestro forwarded the branch."""
        sha, tree = clone.head(head), clone.tree(head)
        assert FACTS.git is not None
        facts = FACTS.model_copy(update={"git": FACTS.git.model_copy(update={"tree": tree})})
        pull_request = PULL_REQUEST.model_copy(
            update={
                "repository": "https://forge.example/acme/shop.git",
                "repo": REPO,
                "pr": head,
                "base_sha": clone.head("main"),
                "merge_base_sha": clone.git("merge-base", "main", head),
                "head_sha": sha,
                "base_ref": "main",
                "title": f"Pull request {head}",
            }
        )
        evidence = self._evidence(facts)
        body = self.store.put(b'{"selected":[]}', media_type="application/json", name="plan.json")
        merge = Publication(kind="merge", done=True, detail="main moved", commit=sha, tree=tree)
        assert GREEN.plan is not None
        assert GREEN.report is not None
        card = GREEN.model_copy(
            update={
                "pull_request": pull_request,
                "findings": evidence.findings,
                "plan": GREEN.plan.model_copy(update={"body": body, "replay": None}),
                "report": GREEN.report.model_copy(update={"results": (), "logs": ()}),
                "links": Links(),
                "decision": GREEN.decision.model_copy(update={"state": state, "actor": "ada"}),
                "phase": Phase.DONE,
                "publications": (merge,) if landed else (),
            }
        )
        with self.ledger() as ledger:
            ledger.records.append(
                DecisionRecord(
                    key=pull_request.key("decision"),
                    kind=RecordKind.DECISION,
                    repo=REPO,
                    pr=head,
                    head_sha=sha,
                    actor=card.decision.actor,
                    outcome=state.value,
                    reason="; ".join(card.decision.reasons),
                    at=SEALED_AT,
                )
            )
            sealer = Sealer(
                ledger=ledger,
                store=self.store,
                catalogue=self.catalogue,
                controls=resource_dir("controls"),
                policy_digest=card.decision.policy_digest,
                keys=open_evidence_keyring(self.home / "keys"),
            )
            return sealer.seal(card, evidence, ordinal=0, at=SEALED_AT)

    def _evidence(self, facts: Facts) -> EvidenceSet:
        stored = {
            kind: (self.store.put(f"facts of {kind}".encode(), media_type="text/plain", name=f"{kind}.txt"),)
            for kind in QueryKind
        }
        return EvidenceSet(
            findings=evaluate(self.catalogue, facts, stored),
            evidence=tuple(
                Evidence(ref=ref, kind=kind.value, summary=f"what was asked of {kind}", at=SEALED_AT)
                for kind, refs in stored.items()
                for ref in refs
            ),
            catalogue_digest=self.catalogue.digest,
            facts=self.store.put_model(facts, name="facts.json"),
            gathered_at=SEALED_AT,
        )
