"""Whole bundles for tests, as they are sealed: with statements, exports, narrative, guide, index and summary."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from hypothesis import strategies as st

from maestro.attestations.outgoing import signed_statements
from maestro.attestations.summary import verification_summary
from maestro.canonical import canonical_json
from maestro.evidence.contents import INDEX, SUMMARY, Contents, Dossier, Member
from maestro.evidence.exports import export_members
from maestro.evidence.gathered import artifact_members
from maestro.evidence.guide import guide_members
from maestro.evidence.indexing import index_of
from maestro.evidence.writing import export_archive, export_folder
from maestro.ledger import Ledger
from maestro.model.decision import DecisionState
from maestro.model.record import DecisionRecord, RecordKind, StoredRecord
from maestro.render.narrative import narrative_members
from maestro.signing.envelope import seal
from maestro.signing.keys import Keyring, open_evidence_keyring
from maestro.signing.roots import TrustRoots
from tests.evidence.samples import SEALED_AT, dossier, store_at

PAYLOAD_TYPE = "application/vnd.in-toto+json"


@dataclass(frozen=True)
class Sealed:
    """A bundle's files by path, and the keys that signed it."""

    files: Mapping[str, bytes]
    contents: Contents
    keys: Keyring
    trust: TrustRoots

    def folder(self, target: Path) -> Path:
        export_folder(sorted(self.files.items()), target=target)
        return target

    def archive(self, target: Path) -> Path:
        export_archive(sorted(self.files.items()), target=target)
        return target

    def put(self, path: str, content: bytes) -> "Sealed":
        return replace(self, files={**self.files, path: content})

    def drop(self, path: str) -> "Sealed":
        return replace(self, files={name: content for name, content in self.files.items() if name != path})

    def json(self, path: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.files[path])
        return found

    def statement(self, path: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(base64.b64decode(self.json(path)["payload"]))
        return found

    def resigned(self, path: str, statement: dict[str, Any]) -> "Sealed":
        """As a signer would have it who lies: everything is signed, and does not agree."""
        content = seal(canonical_json(statement).encode(), payload_type=PAYLOAD_TYPE, keys=self.keys)
        return self.put(path, content)

    def reindexed(self, index: dict[str, Any]) -> "Sealed":
        """With another index, and a summary that names it."""
        content = canonical_json(index).encode()
        summary = self.statement(SUMMARY)
        for subject in summary["subject"]:
            if subject["name"] == INDEX:
                subject["digest"]["sha256"] = _hex(content)
        return self.put(INDEX, content).resigned(SUMMARY, summary)

    def replaced(self, path: str, content: bytes) -> "Sealed":
        """With another content of a file, which the index and the summary name as if it were right."""
        index = self.json(INDEX)
        entry = next(file for file in index["files"] if file["path"] == path)
        entry["digest"], entry["bytes"] = f"sha256:{_hex(content)}", len(content)
        changed = self.put(path, content)
        if path.startswith("statements/"):
            summary = changed.statement(SUMMARY)
            for each in summary["predicate"]["inputAttestations"]:
                if each["uri"] == path:
                    each["digest"]["sha256"] = _hex(content)
            changed = changed.resigned(SUMMARY, summary)
        return changed.reindexed(index)


def _hex(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def seal_bundle(made: Dossier, folder: Path, *, keys: Keyring) -> Sealed:
    """The bundle of a dossier whose artifacts lie in ``store_at(folder)``."""
    store = store_at(folder)
    statements = signed_statements(made, store=store, keys=keys)
    members: tuple[Member, ...] = (
        *artifact_members(made, store),
        *statements,
        *narrative_members(made),
        *export_members(made),
        *guide_members(made.contents, keys=keys),
    )
    index = index_of(made.contents, members)
    summary = verification_summary(made, index=index, statements=statements, keys=keys)
    files = {member.path: member.content for member in members} | {INDEX: index, SUMMARY: summary.content}
    return Sealed(files, made.contents, keys, TrustRoots.of_folder(folder / "keys"))


def sealed_in(folder: Path, *, state: DecisionState = DecisionState.GREEN, head: str = "") -> Sealed:
    """A new bundle by a new key."""
    made = dossier(folder, state=state)
    if head:
        contents = made.contents
        pull_request = contents.card.pull_request.model_copy(update={"head_sha": head})
        records = ()
        card = contents.card.model_copy(update={"pull_request": pull_request})
        made = replace(made, contents=contents.model_copy(update={"card": card, "records": records, "landing": None}))
    return seal_bundle(made, folder, keys=open_evidence_keyring(folder / "keys"))


def on_record(made: Sealed, folder: Path, *, ordinal: int = 0) -> StoredRecord:
    """Keep the bundle in the store and the ledger of this folder, as sealing does."""
    store = store_at(folder)
    refs = {path: store.put(content, media_type="x", name=path) for path, content in made.files.items()}
    pull_request = made.contents.card.pull_request
    with Ledger.open(f"sqlite:///{folder / 'ledger.sqlite'}") as ledger:
        return ledger.records.append(
            DecisionRecord(
                key=pull_request.key("evidence", ordinal),
                kind=RecordKind.EVIDENCE,
                repo=pull_request.repo,
                pr=pull_request.pr,
                head_sha=pull_request.head_sha,
                actor="maestro",
                outcome=made.contents.card.decision.state.value,
                reason="sealed what was decided",
                inputs={"index": refs[INDEX].digest, "summary": refs[SUMMARY].digest},
                at=SEALED_AT,
            )
        )


@cache
def sealed() -> Sealed:
    """One bundle for all tests that only read it."""
    return sealed_in(Path(mkdtemp(prefix="sealed-")))


A_PATH = st.deferred(lambda: st.sampled_from(sorted(sealed().files)))
"""Made when it is asked for: the key of the bundle, and so the name of a file, is another one in each process."""
