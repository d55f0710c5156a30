"""Reads what figures are computed from: records of the period, who the heads belong to, and their sealed cards.

A record names no tenant. Whose a head is, its plan says or its sealed card; one of which neither is there is counted
only for those who may see every tenant.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from maestro.ledger import Ledger
from maestro.ledger.figure_rows import HeadKey
from maestro.ledger.records import LIST_LIMIT
from maestro.model.decision import DecisionState
from maestro.model.pull_request import PullRequest
from maestro.model.record import DecisionRecord, RecordKind, StoredRecord
from maestro.value.cards import CardFacts, SealedCards
from maestro.value.rows import Action, Head, Rows

HEADS_LIMIT = 20_000
"""The newest heads of a period; an answer has to come while somebody waits for it."""

CARDS_LIMIT = 5_000
"""The newest heads whose sealed cards are read."""

LATE = timedelta(days=1)
"""A record may be appended this long after the time that it carries: its worker died, or the ledger was away."""

FAILOVERS_LIMIT = 1_000


@dataclass(frozen=True)
class Wanted:
    """What figures are asked for. ``tenants`` None stands for every one, ``repo`` None for every repository."""

    since: datetime
    repo: str | None = None
    tenants: frozenset[str] | None = None
    namespace: str = ""

    def admits(self, owners: Collection[str]) -> bool:
        """Whether something that belongs to these tenants (none: nobody knows) may be counted."""
        return self.tenants is None or (bool(owners) and self.tenants.issuperset(owners))


@dataclass
class _Told:
    """What the records of one head say, first and last."""

    verdict_at: datetime
    outcome: str = ""
    needed_person: bool = False
    index: str = ""


def read(ledger: Ledger, cards: SealedCards, wanted: Wanted) -> Rows:
    """The rows. Raises IntegrityError for a record that does not fit its hash, PlatformUnavailable."""
    after = _sequence_before(ledger, wanted.since - LATE)
    told = _verdicts(ledger, wanted, after=after)
    heads, notes = _heads(ledger, cards, wanted, told)
    actions = _actions(ledger, wanted, after=after)
    prefix = f"pr/{wanted.repo}/" if wanted.repo is not None else "pr/"
    return Rows(
        heads=heads,
        actions=tuple(actions.values()),
        visits=tuple(
            visit
            for visit in ledger.usage.visits(since=wanted.since)
            if wanted.admits((visit.tenant,)) and visit.pull_request.startswith(prefix)
        ),
        visit_actions=tuple(
            one
            for one in ledger.usage.actions(since=wanted.since)
            if f"action/{one.pull_request.removeprefix('pr/')}/{one.action_id}" in actions
        ),
        failovers=tuple(
            row for row in ledger.failovers.recent(wanted.namespace, FAILOVERS_LIMIT) if row.started_at >= wanted.since
        ),
        escapes=ledger.figures.escapes(since=wanted.since),
        notes=notes,
    )


def _sequence_before(ledger: Ledger, at: datetime) -> int:
    """The number of the last record before ``at``: records are appended nearly in the order of their times."""
    low, high = 0, ledger.records.head().sequence
    while low < high:
        middle = (low + high) // 2
        found = ledger.records.list(after=middle, limit=1)
        if not found or found[0].record.at >= at:
            high = middle
        else:
            low = middle + 1
    return low


def _verdicts(ledger: Ledger, wanted: Wanted, *, after: int) -> dict[HeadKey, _Told]:
    """What was decided of each head whose first verdict is after that record, the newest heads first."""
    keys = ledger.figures.first_verdicts(after=after, repo=wanted.repo, limit=HEADS_LIMIT)
    told: dict[HeadKey, _Told] = {}
    counted = frozenset(keys)
    # A decision is made before its evidence is sealed, and what is sealed last stands.
    for kind in (RecordKind.DECISION, RecordKind.EVIDENCE):
        for stored in _records(ledger, wanted, kind, after=after):
            record = stored.record
            key = (record.repo, record.pr, record.head_sha)
            if key not in counted:
                continue
            known = told.setdefault(key, _Told(verdict_at=record.at))
            known.outcome = record.outcome
            known.needed_person |= record.outcome == DecisionState.NEEDS_PERSON.value
            known.index = record.inputs.get("index", known.index)
    return {key: told[key] for key in keys if key in told and told[key].verdict_at >= wanted.since}


def _heads(
    ledger: Ledger, cards: SealedCards, wanted: Wanted, told: dict[HeadKey, _Told]
) -> tuple[tuple[Head, ...], tuple[str, ...]]:
    conducted = ledger.figures.conducted([_workflow_id(key) for key in told])
    heads: list[Head] = []
    unread = lost = 0
    for key, known in told.items():
        pull_requests = conducted.get(_workflow_id(key), ())
        owners = {pull_request.tenant for pull_request in pull_requests}
        if owners and not wanted.admits(owners):
            continue
        card: CardFacts | None = None
        if known.index and len(heads) >= CARDS_LIMIT:
            unread += 1
        elif known.index:
            card = cards.facts(known.index)
            lost += card is None
        if not wanted.admits(owners | ({card.tenant} if card else set())):
            continue
        heads.append(_head(ledger, key, known, card=card, pull_requests=pull_requests))
    notes = []
    if len(told) >= HEADS_LIMIT:
        notes.append(f"Only the newest {HEADS_LIMIT:,} heads of the period were counted.")
    if unread:
        notes.append(f"Only the newest {CARDS_LIMIT:,} sealed cards were read.")
    if lost:
        notes.append(f"Sealed cards that are not in the artifact store, or are damaged: {lost}.")
    return tuple(heads), tuple(notes)


def _head(
    ledger: Ledger, key: HeadKey, known: _Told, *, card: CardFacts | None, pull_requests: Collection[PullRequest]
) -> Head:
    repo, pr, head_sha = key
    kinds = {pull_request.author_kind.value for pull_request in pull_requests} | ({card.author_kind} if card else set())
    return Head(
        repo=repo,
        pr=pr,
        head_sha=head_sha,
        started_at=_started_at(ledger, key, known, card),
        verdict_at=known.verdict_at,
        outcome=known.outcome,
        needed_person=known.needed_person,
        author_kind=kinds.pop() if len(kinds) == 1 else None,
        card=card,
    )


def _started_at(ledger: Ledger, key: HeadKey, known: _Told, card: CardFacts | None) -> datetime | None:
    """The start on the card; where it is of a later run, or not sealed, the first placement."""
    if card and card.started_at and card.started_at <= known.verdict_at:
        return card.started_at
    repo, pr, head_sha = key
    placed = ledger.records.list(repo=repo, pr=pr, head_sha=head_sha, kind=RecordKind.PLACEMENT, limit=1)
    return placed[0].record.at if placed and placed[0].record.at <= known.verdict_at else None


def _actions(ledger: Ledger, wanted: Wanted, *, after: int) -> dict[str, Action]:
    """The actions of the period by the key of their record."""
    records = [
        stored.record
        for stored in _records(ledger, wanted, RecordKind.ACTION, after=after)
        if stored.record.at >= wanted.since
    ]
    owners: defaultdict[str, set[str]] = defaultdict(set)
    if wanted.tenants is not None:
        ids = {_workflow_id((record.repo, record.pr, record.head_sha)) for record in records}
        for workflow_id, pull_requests in ledger.figures.conducted(ids).items():
            owners[workflow_id].update(pull_request.tenant for pull_request in pull_requests)
    return {
        record.key: Action(kind=_kind_of(record), at=record.at)
        for record in records
        if wanted.admits(owners[_workflow_id((record.repo, record.pr, record.head_sha))])
    }


def _kind_of(record: DecisionRecord) -> str:
    """An action's record says ``approve: the approval is weighed by policy now``."""
    return record.outcome.partition(":")[0]


def _records(ledger: Ledger, wanted: Wanted, kind: RecordKind, *, after: int) -> Iterator[StoredRecord]:
    while page := ledger.records.list(repo=wanted.repo, kind=kind, after=after, limit=LIST_LIMIT):
        yield from page
        after = page[-1].sequence


def _workflow_id(key: HeadKey) -> str:
    return "pr/" + "/".join(key)
