"""Usage: how long cards were open, and the actions that were taken meanwhile."""

import sqlalchemy as sa
from alembic import op

revision = "r0010"
down_revision = "r0009"


def upgrade() -> None:
    op.create_table(
        "visits",
        sa.Column("visit", sa.Text(), nullable=False),
        sa.Column("pull_request", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("card_version", sa.BigInteger(), nullable=False),
        sa.Column("is_visible", sa.Boolean(), nullable=False),
        sa.Column("open_seconds", sa.Double(), nullable=False),
        sa.Column("opened_at", sa.Double(), nullable=False),
        sa.Column("seen_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("visit"),
    )
    op.create_index("visits_by_time", "visits", ["opened_at"])
    op.create_index("visits_by_person", "visits", ["who", "opened_at"])
    op.create_table(
        "visit_actions",
        sa.Column("pull_request", sa.Text(), nullable=False),
        sa.Column("action_id", sa.Text(), nullable=False),
        sa.Column("visit", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("open_seconds", sa.Double(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("pull_request", "action_id"),
    )
    op.create_index("visit_actions_by_visit", "visit_actions", ["visit"])
