"""Writes down that a test flipped, and puts it into quarantine once there is enough evidence: once, and recorded."""

from dataclasses import dataclass
from pathlib import Path

from maestro.canonical import digest
from maestro.execution.git import ask
from maestro.impact.risk.quarantine import quarantine_of
from maestro.impact.selection import file_of
from maestro.ledger import Ledger
from maestro.ledger.schema import test_digest
from maestro.model.flaky import Quarantine
from maestro.model.pull_request import PullRequest
from maestro.model.record import DecisionRecord, RecordKind

NOBODY = "nobody that git knows"


@dataclass(frozen=True)
class Seen:
    """A test that failed and passed at the head of ``tested``. ``key`` is the business key of what showed it,
    ``evidence`` the sentence on it; ``on_main`` says that the head is a main branch's.
    """

    tested: PullRequest
    test: str
    key: str
    evidence: str
    on_main: bool


def note_flip(ledger: Ledger, mirror: Path, seen: Seen) -> None:
    """Record the flip; where that makes enough of them since the last quarantine, a new one begins."""
    tested, test = seen.tested, seen.test
    repo, tenant = tested.repo, tested.tenant
    ledger.flips.add(tested, test, key=seen.key, evidence=seen.evidence, on_main=seen.on_main)
    if test in ledger.quarantines.standing(repo, tenant=tenant):
        return
    since = ledger.quarantines.last_entered(repo, test, tenant=tenant)
    flips = [flip for flip in ledger.flips.of(repo, tenant=tenant)[test] if since is None or flip.at > since]
    owner = _newest_author(mirror, tested.head_sha, file_of(test))
    quarantine = quarantine_of(test, flips, repo=repo, tenant=tenant, owner=owner)
    if quarantine is not None:
        _enter(ledger, tested, quarantine)


def _enter(ledger: Ledger, tested: PullRequest, quarantine: Quarantine) -> None:
    key = tested.key("quarantine", test_digest(quarantine.test).hex())
    record = DecisionRecord(
        key=key,
        kind=RecordKind.QUARANTINE,
        repo=tested.repo,
        pr=tested.pr,
        head_sha=tested.head_sha,
        actor="quarantine",
        outcome=f"{quarantine.test} does not block until {quarantine.expires_at:%Y-%m-%d}; owner: {quarantine.owner}",
        reason="; ".join(quarantine.evidence),
        inputs={"quarantine": digest(quarantine)},
        at=quarantine.entered_at,
    )
    ledger.quarantines.enter(
        quarantine, key=key, also=lambda connection: ledger.records.append(record, within=connection)
    )


def _newest_author(mirror: Path, revision: str, file: str) -> str:
    """Who changed the test's file last; the ids of other runners than pytest may name no file."""
    answer = ask(mirror, "log", "-1", "--format=%an", revision, "--", file)
    return answer.output.strip() or NOBODY
