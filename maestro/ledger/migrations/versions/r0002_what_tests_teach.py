"""What selection learns from: escapes, evidence of flaky tests, quarantines."""

import sqlalchemy as sa
from alembic import op

revision = "r0002"
down_revision = "r0001"


def upgrade() -> None:
    _of_a_test(
        "escapes",
        sa.Column("pr", sa.Text(), nullable=False),
        sa.Column("head_sha", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("found_at", sa.Double(), nullable=False),
        key=("pr", "head_sha", "test_digest"),
    )
    _of_a_test(
        "flips",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("test", sa.Text(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("on_main", sa.Boolean(), nullable=False),
        sa.Column("seen_at", sa.Double(), nullable=False),
        key=("test_digest", "key"),
    )
    _of_a_test(
        "quarantines",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("entered_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        key=("test_digest", "key"),
    )


def _of_a_test(name: str, *columns: "sa.Column[object]", key: tuple[str, ...]) -> None:
    """A table with a row for a test of a repository of a tenant, and ``key`` beside these."""
    op.create_table(
        name,
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("repo", sa.Text(), nullable=False),
        sa.Column("test_digest", sa.LargeBinary(), nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("tenant", "repo", *key),
    )
