"""Each figure of its rows, with the numbers of rows that it comes from. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal

from maestro.ledger.failovers import FailoverRow
from maestro.ledger.usage import Visit, VisitAction
from maestro.model.tracing import Escape
from maestro.value.model import (
    ActionFigures,
    Conducted,
    FailoverFigures,
    NeededPerson,
    ReviewerTime,
    RiskKept,
    Spread,
    TestTime,
)
from maestro.value.rows import Action, Head

NOT_KNOWN = "not_known"
"""The kind of an author of whom nothing is recorded."""


def conducted(heads: Sequence[Head]) -> Conducted:
    """How many heads, of how many pull requests, and how they stand."""
    told = [head.card for head in heads if head.card]
    return Conducted(
        heads=len(heads),
        pull_requests=len({(head.repo, head.pr) for head in heads}),
        by_outcome=_counted(head.outcome for head in heads),
        by_author=_counted(head.author_kind or NOT_KNOWN for head in heads),
        merged=sum(card.merged for card in told) if told else None,
        sealed=len(told),
    )


def time_to_verdict(heads: Sequence[Head]) -> Spread:
    """From the start of a head to its first verdict."""
    return spread(seconds_to_verdict(heads), of=len(heads))


def seconds_to_verdict(heads: Iterable[Head]) -> list[float]:
    """For each head of which the start is known."""
    return [(head.verdict_at - head.started_at).total_seconds() for head in heads if head.started_at]


def test_time(heads: Sequence[Head]) -> TestTime:
    """Expected test time selected and left out, by the plans on sealed cards; money and carbon where it was priced."""
    planned = [head.card for head in heads if head.card and head.card.selected_seconds is not None]
    selected = sum(card.selected_seconds or 0.0 for card in planned)
    left_out = sum(card.left_out_seconds or 0.0 for card in planned)
    priced = [card for card in planned if card.cost_usd is not None]
    return TestTime(
        selected_seconds=selected if planned else None,
        left_out_seconds=left_out if planned else None,
        share=left_out / (selected + left_out) if selected + left_out else None,
        rows=len(planned),
        of=len(heads),
        cost_usd=sum((card.cost_usd or Decimal(0) for card in priced), Decimal(0)) if priced else None,
        carbon_g=sum(card.carbon_g or 0.0 for card in priced) if priced else None,
        priced_rows=len(priced),
    )


def risk_kept(heads: Sequence[Head], escapes: Iterable[Escape]) -> RiskKept:
    """The bounds that selections promised, added up, against the heads of which something escaped that was left out."""
    escaped: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    for escape in escapes:
        if escape.left_out:
            escaped[escape.repo, escape.pr, escape.head_sha] += 1
    planned = [(head, head.card) for head in heads if head.card and head.card.left_out_count is not None]
    risky = [(head, card) for head, card in planned if card.left_out_count]
    bounded = [(head, card) for head, card in risky if card.promised is not None]
    unbounded = [head for head, card in risky if card.promised is None]
    return RiskKept(
        promised_escapes=sum(card.promised or 0.0 for _, card in bounded) if bounded else None,
        bounded=len(bounded),
        escaped_bounded=sum(_key(head) in escaped for head, _ in bounded),
        unbounded=len(unbounded),
        escaped_unbounded=sum(_key(head) in escaped for head in unbounded),
        complete=len(planned) - len(risky),
        escaped_tests=sum(escaped[_key(head)] for head in heads if _key(head) in escaped),
        rows=len(planned),
        of=len(heads),
    )


def needed_person(heads: Sequence[Head]) -> NeededPerson:
    """The share of heads for which policy asked for a person."""
    needed = sum(head.needed_person for head in heads)
    return NeededPerson(share=needed / len(heads) if heads else None, needed=needed, rows=len(heads))


def actions(taken: Sequence[Action]) -> ActionFigures:
    """Reviewers' actions by kind, most frequent first."""
    return ActionFigures(by_kind=_counted(action.kind for action in taken), rows=len(taken))


def reviewer_time(visits: Sequence[Visit], linked: Sequence[VisitAction], *, of: int) -> ReviewerTime:
    """How long cards were visible before an action, and in all."""
    by_person: defaultdict[str, list[Visit]] = defaultdict(list)
    for visit in visits:
        by_person[visit.who].append(visit)
    return ReviewerTime(
        before_action=spread(_before_actions(linked), of=of),
        open_seconds=sum(_open_seconds(own) for own in by_person.values()) if visits else None,
        visits=len(visits),
        people=len(by_person),
        pull_requests=len({visit.pull_request for visit in visits}),
    )


def failovers(found: Sequence[FailoverRow]) -> FailoverFigures:
    """Failovers by kind, and how long they took."""
    took = [(row.ended_at - row.started_at).total_seconds() for row in found if row.ended_at]
    return FailoverFigures(
        by_kind=_counted(row.kind.value for row in found), took=spread(took, of=len(found)), rows=len(found)
    )


def spread(seconds: Sequence[float], *, of: int) -> Spread:
    """Median and 95th percentile (nearest rank), None where there is nothing."""
    ordered = sorted(max(0.0, one) for one in seconds)
    if not ordered:
        return Spread(of=of)
    return Spread(p50_seconds=_rank(ordered, 50), p95_seconds=_rank(ordered, 95), rows=len(ordered), of=of)


def _rank(ordered: Sequence[float], per_cent: int) -> float:
    """The smallest value that at least ``per_cent`` of them do not exceed."""
    return ordered[max(0, -(-len(ordered) * per_cent // 100) - 1)]


def _before_actions(linked: Iterable[VisitAction]) -> list[float]:
    """The visible time before each action; of a visit with several, since the one before."""
    by_visit: defaultdict[str, list[float]] = defaultdict(list)
    for action in linked:
        by_visit[action.visit].append(action.open_seconds)
    found: list[float] = []
    for seconds in by_visit.values():
        ordered = sorted(seconds)
        found += [after - before for before, after in zip((0.0, *ordered), ordered, strict=False)]
    return found


def _open_seconds(visits: Iterable[Visit]) -> float:
    """A person's visits added up, but never more than the time that passed: two cards side by side count once."""
    passed = seconds = until = 0.0
    for visit in sorted(visits, key=lambda one: one.opened_at):
        opened, seen = visit.opened_at.timestamp(), visit.seen_at.timestamp()
        passed += max(0.0, seen - max(opened, until))
        until = max(until, seen)
        seconds += visit.open_seconds
    return min(passed, seconds)


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items(), key=lambda one: (-one[1], one[0])))


def _key(head: Head) -> tuple[str, str, str]:
    return head.repo, head.pr, head.head_sha
