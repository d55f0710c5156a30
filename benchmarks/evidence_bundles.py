"""How long it takes to verify a bundle, by the number of its artifacts: ``python -m benchmarks.evidence_bundles``.

The floor is what no verifier can do without: reading every file, SHA-256 over its bytes, and one check of a signature.
Both are timed in turn in the same run, on the same files, which were read before. The goal is 2 seconds for 1,000
artifacts, and time that grows with their number and no faster.
"""

import argparse
import base64
import hashlib
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from maestro.attestations.outgoing import signed_statements
from maestro.attestations.summary import verification_summary
from maestro.evidence.contents import INDEX, SUMMARY, Dossier, Member, Role, artifact_path
from maestro.evidence.exports.formats import export_members
from maestro.evidence.gathered import artifact_members
from maestro.evidence.guide import guide_members
from maestro.evidence.indexing import index_of
from maestro.evidence.verification import verify
from maestro.model.artifact import ArtifactRef
from maestro.model.evidence import Evidence
from maestro.render.narrative import narrative_members
from maestro.signing.envelope import pre_authentication_encoding
from maestro.signing.keys import Keyring, open_evidence_keyring
from maestro.signing.roots import TrustRoots
from tests.evidence.samples import SEALED_AT, dossier, store_at

SIZES = (10, 100, 1_000, 10_000)
ARTIFACT_BYTES = 4_096
GOAL_SECONDS = 2.0
GOAL_ARTIFACTS = 1_000
NOW = SEALED_AT + timedelta(days=1)


def wide(folder: Path, artifacts: int) -> tuple[Dossier, tuple[Member, ...]]:
    """Contents with so many logs more, each of them named as evidence, and their files; the store is left out."""
    made = dossier(folder)
    report = made.contents.card.report
    assert report is not None
    logs = [hashlib.shake_128(b"%d" % number).hexdigest(ARTIFACT_BYTES // 2).encode() for number in range(artifacts)]
    refs = tuple(
        ArtifactRef(digest=f"sha256:{hashlib.sha256(log).hexdigest()}", media_type="text/plain", bytes=len(log))
        for log in logs
    )
    card = made.contents.card.model_copy(update={"report": report.model_copy(update={"logs": refs})})
    evidence = tuple(Evidence(ref=ref, kind="tests", summary="a log", at=SEALED_AT) for ref in refs)
    contents = made.contents.model_copy(update={"card": card, "evidence": (*made.contents.evidence, *evidence)})
    members = tuple(
        Member(artifact_path(ref), log, ref.media_type, Role.ARTIFACT) for ref, log in zip(refs, logs, strict=True)
    )
    return replace(made, contents=contents), (*artifact_members(made, store_at(folder)), *members)


def seal(folder: Path, artifacts: int) -> tuple[Path, Keyring]:
    """A whole bundle as a folder, and the keys that signed it."""
    made, members = wide(folder, artifacts)
    keys = open_evidence_keyring(folder / "keys")
    own = artifact_members(made, _Bytes(members))  # type: ignore[arg-type]
    statements = signed_statements(made, store=store_at(folder), keys=keys)
    every = (
        *own,
        *statements,
        *narrative_members(made),
        *export_members(made),
        *guide_members(made.contents, keys=keys),
    )
    index = index_of(made.contents, every)
    summary = verification_summary(made, index=index, statements=statements, keys=keys)
    target = folder / "bundle"
    for path, content in [*((one.path, one.content) for one in every), (INDEX, index), (SUMMARY, summary.content)]:
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_bytes(content)
    return target, keys


class _Bytes:
    """A store of artifacts in memory: writing 10,000 to a disk that is waited for is not what is measured."""

    def __init__(self, members: tuple[Member, ...]) -> None:
        self._by_path = {member.path: member.content for member in members}

    def get(self, ref: ArtifactRef) -> bytes:
        return self._by_path[artifact_path(ref)]


def floor(folder: Path, keys: Keyring) -> None:
    """Read and hash every file, and check the one signature."""
    for path in folder.rglob("*"):
        if path.is_file():
            hashlib.sha256(path.read_bytes()).digest()
    envelope = json.loads((folder / SUMMARY).read_bytes())
    payload = base64.b64decode(envelope["payload"])
    message = pre_authentication_encoding(envelope["payloadType"], payload)
    signature = base64.b64decode(envelope["signatures"][0]["sig"])
    assert keys.verifies(message, signature=signature, key_id=keys.key_id)


def measured(rounds: int, sizes: tuple[int, ...]) -> Iterator[tuple[int, float, float]]:
    """Artifacts, and the median seconds of verifying and of the floor."""
    for artifacts in sizes:
        with tempfile.TemporaryDirectory() as name:
            bundle, keys = seal(Path(name), artifacts)
            trust = TrustRoots.of_folder(Path(name) / "keys")

            def ours(bundle: Path = bundle, trust: TrustRoots = trust) -> None:
                found = verify(bundle, trust=trust, now=NOW)
                assert found.holds, found.problems[:3]

            def least(bundle: Path = bundle, keys: Keyring = keys) -> None:
                floor(bundle, keys)

            least()
            times = [(seconds(ours), seconds(least)) for _ in range(rounds)]
        yield artifacts, *(statistics.median(column) for column in zip(*times, strict=True))


def seconds(work: Callable[[], None]) -> float:
    """How long it took."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--most", type=int, default=SIZES[-1], help="artifacts of the largest bundle")
    asked = parser.parse_args()
    print(f"{'artifacts':>10} {'verify, s':>10} {'floor, s':>10} {'ratio':>7} {'ms each':>8}")
    for artifacts, ours, least in measured(asked.rounds, tuple(size for size in SIZES if size <= asked.most)):
        print(f"{artifacts:>10,} {ours:>10.3f} {least:>10.3f} {ours / least:>7.1f} {1_000 * ours / artifacts:>8.3f}")
        if artifacts == GOAL_ARTIFACTS:
            print(f"{'':>10} the goal is {GOAL_SECONDS} s: {'met' if ours <= GOAL_SECONDS else 'MISSED'}")


if __name__ == "__main__":
    main()
