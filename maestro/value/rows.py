"""What figures are computed from: the heads of a period, the actions, visits, failovers and escapes in it."""

from dataclasses import dataclass
from datetime import datetime

from maestro.ledger.failovers import FailoverRow
from maestro.ledger.usage import Visit, VisitAction
from maestro.model.tracing import Escape
from maestro.value.cards import CardFacts


@dataclass(frozen=True)
class Head:
    """One head as the ledger knows it. ``started_at`` is None where nothing was recorded before its verdict."""

    repo: str
    pr: str
    head_sha: str
    started_at: datetime | None
    verdict_at: datetime
    outcome: str
    needed_person: bool
    author_kind: str | None = None
    card: CardFacts | None = None


@dataclass(frozen=True)
class Action:
    """A reviewer's action by its record."""

    kind: str
    at: datetime


@dataclass(frozen=True)
class Rows:
    """Everything of a period. ``notes`` are sentences on what could not be read."""

    heads: tuple[Head, ...] = ()
    actions: tuple[Action, ...] = ()
    visits: tuple[Visit, ...] = ()
    visit_actions: tuple[VisitAction, ...] = ()
    failovers: tuple[FailoverRow, ...] = ()
    escapes: tuple[Escape, ...] = ()
    notes: tuple[str, ...] = ()
