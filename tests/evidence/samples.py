"""Contents of bundles for tests: a real store with real artifacts, findings by the shipped catalogue."""

from datetime import UTC, datetime
from pathlib import Path

from maestro import __version__
from maestro.artifacts import ArtifactStore
from maestro.assurance import Facts, GitFacts, PolicyFacts, QueryKind, TestsFacts, evaluate, load
from maestro.evidence.contents import Contents, Dossier, Landing
from maestro.ledger import Ledger
from maestro.model.decision import Decision, DecisionState, Links, Phase
from maestro.model.evidence import Evidence
from maestro.model.record import DecisionRecord, RecordKind, StoredRecord
from maestro.resources import resource_dir
from tests.render.sample_cards import GREEN, PULL_REQUEST

SEALED_AT = datetime(2026, 11, 23, 9, 40, tzinfo=UTC)
TREE = "7ee1" * 10

FACTS = Facts(
    tests=TestsFacts(applicable=True, executed=122, passed=120, failed=0, missing=0, problems=0, isolated=True),
    policy=PolicyFacts(placed=True, region_allowed=True, ran_where_allowed=True, digest_known=True),
    git=GitFacts(
        tree=TREE, head_contains_base=True, executables_added=(), private_keys_added=(), rule_files_changed=()
    ),
)


def store_at(folder: Path) -> ArtifactStore:
    return ArtifactStore(folder / "artifacts")


def dossier(folder: Path, *, facts: Facts = FACTS, state: DecisionState = DecisionState.GREEN) -> Dossier:
    """What was gathered for one pull request; its artifacts lie in ``store_at(folder)``."""
    store = store_at(folder)
    catalogue = load(resource_dir("controls"))
    stored = {
        kind: (store.put(f'{{"facts of":"{kind}"}}'.encode(), media_type="application/json", name=f"{kind}.json"),)
        for kind in QueryKind
    }
    body = store.put(b'{"selected":[]}', media_type="application/json", name="plan.json")
    findings = evaluate(catalogue, facts, stored)
    plan = GREEN.plan.model_copy(update={"body": body, "replay": None}) if GREEN.plan else None
    card = GREEN.model_copy(
        update={
            "findings": findings,
            "plan": plan,
            "report": GREEN.report.model_copy(update={"results": (), "logs": ()}) if GREEN.report else None,
            "links": Links(),
            "decision": GREEN.decision.model_copy(update={"state": state}),
            "phase": Phase.DONE,
        }
    )
    evidence = tuple(
        Evidence(ref=ref, kind=kind.value, summary=f"what was asked of {kind}", at=SEALED_AT)
        for kind, refs in stored.items()
        for ref in refs
    )
    return Dossier(
        contents=Contents(
            card=card,
            facts=facts,
            evidence=evidence,
            records=_records(folder, card.decision),
            tested_tree=TREE,
            landing=Landing(base_ref="main", commit=PULL_REQUEST.head_sha, tree=TREE),
            catalogue_digest=catalogue.digest,
            policy_digest="sha256:" + "d" * 64,
            maestro_version=__version__,
            sealed_at=SEALED_AT,
        ),
        catalogue=catalogue,
    )


def _records(folder: Path, decision: Decision) -> tuple[StoredRecord, ...]:
    with Ledger.open(f"sqlite:///{folder / 'ledger.sqlite'}") as ledger:
        for kind in (RecordKind.PLACEMENT, RecordKind.CONTROLS, RecordKind.DECISION):
            ledger.records.append(
                DecisionRecord(
                    key=PULL_REQUEST.key(kind.value),
                    kind=kind,
                    repo=PULL_REQUEST.repo,
                    pr=PULL_REQUEST.pr,
                    head_sha=PULL_REQUEST.head_sha,
                    actor=decision.actor,
                    outcome=decision.state.value,
                    reason="; ".join(decision.reasons),
                    inputs={"facts": "sha256:" + "e" * 64},
                    at=SEALED_AT,
                )
            )
        return ledger.records.list(repo=PULL_REQUEST.repo, pr=PULL_REQUEST.pr)
