"""The tables of usage: how long cards were open, and which actions were taken while they were."""

import sqlalchemy as sa

from maestro.ledger.schema import AnyText, metadata

visits = sa.Table(
    "visits",
    metadata,
    sa.Column("visit", AnyText, primary_key=True),
    sa.Column("pull_request", AnyText, nullable=False),
    sa.Column("tenant", AnyText, nullable=False),
    sa.Column("who", AnyText, nullable=False),
    sa.Column("role", AnyText, nullable=False),
    sa.Column("source", AnyText, nullable=False),
    sa.Column("card_version", sa.BigInteger, nullable=False),
    sa.Column("is_visible", sa.Boolean, nullable=False),
    sa.Column("open_seconds", sa.Double, nullable=False),
    sa.Column("opened_at", sa.Double, nullable=False),
    sa.Column("seen_at", sa.Double, nullable=False),
    sa.Index("visits_by_time", "opened_at"),
    sa.Index("visits_by_person", "who", "opened_at"),
)

visit_actions = sa.Table(
    "visit_actions",
    metadata,
    sa.Column("pull_request", AnyText, primary_key=True),
    sa.Column("action_id", AnyText, primary_key=True),
    sa.Column("visit", AnyText, nullable=False),
    sa.Column("kind", AnyText, nullable=False),
    sa.Column("actor", AnyText, nullable=False),
    sa.Column("open_seconds", sa.Double, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Index("visit_actions_by_visit", "visit"),
)
