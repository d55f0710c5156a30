"""What figures read of many heads at once: first verdicts, whose heads they are, escapes by when they were found."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from maestro.ledger import Ledger
from maestro.model.pull_request import PullRequest
from maestro.model.record import DecisionRecord, RecordKind
from maestro.model.tracing import Escape, Sight

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)

PullRequestAt = Callable[[str], PullRequest]
RecordOf = Callable[[str], DecisionRecord]


def decided(ledger: Ledger, record: DecisionRecord, letter: str, kind: RecordKind = RecordKind.DECISION) -> int:
    changed = record.model_copy(update={"head_sha": letter * 40, "kind": kind})
    return ledger.records.append(changed).sequence


def heads(ledger: Ledger, *, after: int = 0, repo: str | None = None, limit: int = 10) -> list[str]:
    return [head[:1] for _, _, head in ledger.figures.first_verdicts(after=after, repo=repo, limit=limit)]


def test_heads_are_found_by_their_first_verdict_the_newest_first(ledger: Ledger, record_of: RecordOf) -> None:
    decided(ledger, record_of("1"), "a")
    decided(ledger, record_of("2"), "b", RecordKind.PLACEMENT)
    old = decided(ledger, record_of("3"), "c")
    decided(ledger, record_of("4"), "d", RecordKind.EVIDENCE)
    decided(ledger, record_of("5"), "a")
    decided(ledger, record_of("6"), "b")
    assert heads(ledger) == ["b", "d", "c", "a"]
    assert heads(ledger, after=old) == ["b", "d"]
    assert heads(ledger, limit=1) == ["b"]
    assert heads(ledger, repo="acme/other") == []


def test_a_conducted_head_is_found_with_each_tenant_that_it_had(ledger: Ledger, pull_request_at: PullRequestAt) -> None:
    ours = pull_request_at("a")
    theirs = ours.model_copy(update={"tenant": "blue"})
    for one in (theirs, ours):
        ledger.night.leave_out(one, ())
    many = [f"pr/acme/shop/{number}/{'0' * 40}" for number in range(1_200)]
    assert ledger.figures.conducted([*many, ours.workflow_id]) == {ours.workflow_id: (theirs, ours)}
    assert ledger.figures.conducted([]) == {}


def test_escapes_are_read_by_when_they_were_found(ledger: Ledger) -> None:
    escape = Escape(
        test="t[\ud800\0]",
        repo="acme/shop",
        pr="12",
        head_sha="a" * 40,
        first_bad_head="b" * 40,
        base_verdict=Sight.PASSED,
        evidence=("failed",),
        changed_files=("shop.py",),
        left_out=True,
        false_green=True,
    )
    ledger.escapes.add(escape)
    assert ledger.figures.escapes(since=LONG_AGO) == (escape,)
    assert ledger.figures.escapes(since=ledger.now() + timedelta(hours=1)) == ()
