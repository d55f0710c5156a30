"""Usage: how long a person had a card open, and which actions they took meanwhile. Kept for a while, then removed.

Time is the ledger's. What a browser says can only make a visit shorter than the time that passed here, never longer.
"""

import math
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

import sqlalchemy as sa

from maestro.errors import BadInput, Conflict
from maestro.ledger.clock import moment
from maestro.ledger.engine import Database
from maestro.ledger.schema import SECONDS_PER_DAY, now_seconds
from maestro.ledger.usage_tables import visit_actions, visits
from maestro.model.base import Model

KEEP_DAYS = 90.0
"""A visit and its actions are removed this long after it was opened."""

VISIT_LIMIT_SECONDS = 8 * 3_600.0
"""A card that was visible for longer than a working day was left open, not read."""

VISITS_PER_DAY = 500
"""Visits that one person can begin within 24 hours; more than that is a program, and is not counted."""

Source = Literal["page", "frame", "script"]


class VisitEvent(StrEnum):
    """What a browser tells of a card: it was opened, came to the front, went to the back, or was closed."""

    OPENED = "opened"
    SHOWN = "shown"
    HIDDEN = "hidden"
    CLOSED = "closed"

    @property
    def is_visible(self) -> bool:
        return self in {VisitEvent.OPENED, VisitEvent.SHOWN}


class Visitor(Model):
    """Who looks: the name under which they are known, and the role that they have for the tenant."""

    name: str
    role: str


class Visit(Model):
    """A card that somebody opened. ``open_seconds`` is how long it was visible; ``is_visible`` says whether it was when
    the browser spoke last, at ``seen_at``.
    """

    visit: str
    pull_request: str
    tenant: str
    who: str
    role: str
    source: str
    card_version: int
    is_visible: bool
    open_seconds: float
    opened_at: datetime
    seen_at: datetime


class VisitAction(Model):
    """An action that was taken in a visit, which had been visible for ``open_seconds`` by then."""

    pull_request: str
    action_id: str
    visit: str
    kind: str
    actor: str
    open_seconds: float
    at: datetime


class Usage:
    """Visits and their actions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def visited(
        self,
        visit: str,
        event: VisitEvent,
        *,
        pull_request: str,
        tenant: str,
        visitor: Visitor,
        card_version: int,
        open_seconds: float,
        source: Source,
    ) -> bool:
        """Note what happened to a card that is open; the visit begins with whatever is noted of it first.

        Repeated and late events do no harm: version and seconds only rise, and never beyond the time since the visit
        began or ``VISIT_LIMIT_SECONDS``. False where the person has begun too many visits, so that it is not counted.
        Raises BadInput for what is no visit's id or no time, Conflict for a visit of another person or pull request.
        """
        key = _visit_id(visit)
        if not math.isfinite(open_seconds) or open_seconds < 0 or card_version < 0:
            raise BadInput("no card was open for so long", field="open_seconds", fix="send seconds, 0 or more")
        row = {
            "visit": key,
            "pull_request": pull_request,
            "tenant": tenant,
            "who": visitor.name,
            "role": visitor.role,
            "source": source,
            "card_version": card_version,
            "is_visible": event.is_visible,
            "open_seconds": 0.0,
        }
        with self._database.write() as connection:
            _forget_old(connection)
            if _is_new(connection, key) and _begun_today(connection, visitor.name) >= VISITS_PER_DAY:
                return False
            insert = self._database.insert(visits).values(**row, opened_at=now_seconds(), seen_at=now_seconds())
            connection.execute(insert.on_conflict_do_nothing())
            known = connection.execute(sa.select(visits).where(visits.c.visit == key).with_for_update()).one()
            if (known.pull_request, known.who) != (pull_request, visitor.name):
                raise Conflict("this visit is another one's", field="visit", fix="begin a visit of its own per card")
            connection.execute(_update(key, event, card_version=card_version, open_seconds=open_seconds))
        return True

    def acted(self, visit: str, action_id: str, kind: str, actor: str, at: datetime, *, pull_request: str = "") -> bool:
        """Link an action to the visit in which it was taken; whether it is linked now. Again is the same as once.

        A visit that nobody knows, of another person than ``actor``, or of another pull request than the one given, is
        no visit of this action. Raises BadInput for what is no visit's id.
        """
        key = _visit_id(visit)
        with self._database.write() as connection:
            query = sa.select(visits, now_seconds().label("now")).where(visits.c.visit == key)
            known = connection.execute(query.with_for_update()).one_or_none()
            if known is None or known.who != actor or pull_request not in {"", known.pull_request}:
                return False
            running = known.now - known.seen_at if known.is_visible else 0.0
            seconds = min(known.open_seconds + running, known.now - known.opened_at, VISIT_LIMIT_SECONDS)
            insert = self._database.insert(visit_actions).values(
                pull_request=known.pull_request,
                action_id=action_id,
                visit=key,
                kind=kind,
                actor=actor,
                open_seconds=max(seconds, 0.0),
                at=at.timestamp(),
            )
            connection.execute(insert.on_conflict_do_nothing())
            linked = sa.select(visit_actions.c.visit).where(
                visit_actions.c.pull_request == known.pull_request, visit_actions.c.action_id == action_id
            )
            return str(connection.execute(linked).scalar_one()) == key

    def visits(self, *, since: datetime, limit: int = 100_000) -> tuple[Visit, ...]:
        """The visits that were opened since then, oldest first."""
        query = sa.select(visits).where(visits.c.opened_at >= since.timestamp(), _is_kept())
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(visits.c.opened_at, visits.c.visit).limit(limit)).mappings()
            return tuple(
                Visit(**row | {"opened_at": moment(row["opened_at"]), "seen_at": moment(row["seen_at"])})
                for row in map(dict, rows)
            )

    def actions(self, *, since: datetime, limit: int = 100_000) -> tuple[VisitAction, ...]:
        """The actions that were taken since then in visits that are kept, oldest first."""
        query = (
            sa.select(visit_actions)
            .join(visits, visits.c.visit == visit_actions.c.visit)
            .where(visit_actions.c.at >= since.timestamp(), _is_kept())
            .order_by(visit_actions.c.at, visit_actions.c.pull_request, visit_actions.c.action_id)
        )
        with self._database.read() as connection:
            rows = connection.execute(query.limit(limit)).mappings()
            return tuple(VisitAction(**row | {"at": moment(row["at"])}) for row in map(dict, rows))

    def forget(self) -> int:
        """Remove what is older than ``KEEP_DAYS``, and return how many visits that were. Noting a visit does it too."""
        with self._database.write() as connection:
            return _forget_old(connection)


def _update(key: str, event: VisitEvent, *, card_version: int, open_seconds: float) -> sa.Update:
    passed = now_seconds() - visits.c.opened_at
    told = sa.literal(open_seconds, sa.Double)
    limit = sa.case((passed < VISIT_LIMIT_SECONDS, passed), else_=sa.literal(VISIT_LIMIT_SECONDS, sa.Double))
    allowed = sa.case((told < limit, told), else_=limit)
    return (
        sa.update(visits)
        .where(visits.c.visit == key)
        .values(
            open_seconds=sa.case((allowed > visits.c.open_seconds, allowed), else_=visits.c.open_seconds),
            card_version=sa.case((visits.c.card_version < card_version, card_version), else_=visits.c.card_version),
            is_visible=event.is_visible,
            seen_at=now_seconds(),
        )
    )


def _visit_id(visit: str) -> str:
    try:
        return str(UUID(visit))
    except (ValueError, AttributeError, TypeError):
        raise BadInput("this is no visit's id", field="visit", fix="send a UUID, a new one for each card") from None


def _is_new(connection: sa.Connection, key: str) -> bool:
    return connection.execute(sa.select(visits.c.visit).where(visits.c.visit == key)).one_or_none() is None


def _begun_today(connection: sa.Connection, who: str) -> int:
    today = visits.c.opened_at > now_seconds() - SECONDS_PER_DAY
    query = sa.select(sa.func.count()).select_from(visits).where(visits.c.who == who, today)
    return int(connection.execute(query).scalar_one())


def _is_kept() -> sa.ColumnElement[bool]:
    return visits.c.opened_at >= now_seconds() - KEEP_DAYS * SECONDS_PER_DAY


def _forget_old(connection: sa.Connection) -> int:
    old = sa.select(visits.c.visit).where(~_is_kept())
    connection.execute(sa.delete(visit_actions).where(visit_actions.c.visit.in_(old)))
    return len(connection.execute(sa.delete(visits).where(~_is_kept()).returning(visits.c.visit)).all())
