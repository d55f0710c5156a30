"""The first tables: leases, effects, decision records, test history, night debts, samples."""

import sqlalchemy as sa
from alembic import op

revision = "r0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "chain_head",
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("chain"),
    )
    op.create_table(
        "conducted_heads",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("repo", sa.Text(), nullable=False),
        sa.Column("pull_request", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("conducted_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "repo", "pull_request"),
    )
    op.create_table(
        "effects",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_digest", sa.Text(), nullable=False),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "intents",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_digest", sa.Text(), nullable=False),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("intended_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "leases",
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("resource"),
    )
    op.create_table(
        "night_debts",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("repo", sa.Text(), nullable=False),
        sa.Column("test_digest", sa.LargeBinary(), nullable=False),
        sa.Column("pull_request", sa.Text(), nullable=False),
        sa.Column("test", sa.Text(), nullable=False),
        sa.Column("owed_at", sa.Double(), nullable=False),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "repo", "test_digest", "pull_request"),
    )
    op.create_index(
        "night_debts_unsettled",
        "night_debts",
        ["tenant", "repo", "pull_request"],
        sqlite_where=sa.text("settled_by IS NULL"),
        postgresql_where=sa.text("settled_by IS NULL"),
    )
    op.create_table(
        "outcomes",
        sa.Column("run_key", sa.Text(), nullable=False),
        sa.Column("test_digest", sa.LargeBinary(), nullable=False),
        sa.Column("test", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("duration_seconds", sa.Double(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("run_key", "test_digest"),
    )
    op.create_table(
        "records",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("repo", sa.Text(), nullable=False),
        sa.Column("pr", sa.Text(), nullable=False),
        sa.Column("head_sha", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
        sa.UniqueConstraint("key"),
    )
    op.create_index("records_by_pull_request", "records", ["repo", "pr", "sequence"], unique=False)
    op.create_table(
        "runs",
        sa.Column("run_key", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("repo", sa.Text(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("run_key"),
    )
    op.create_table(
        "samples",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("samples_by_window", "samples", ["region", "kind", "at"], unique=False)
    op.create_table(
        "test_summaries",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("repo", sa.Text(), nullable=False),
        sa.Column("test_digest", sa.LargeBinary(), nullable=False),
        sa.Column("test", sa.Text(), nullable=False),
        sa.Column("seconds_1", sa.Double(), nullable=True),
        sa.Column("seconds_2", sa.Double(), nullable=True),
        sa.Column("seconds_3", sa.Double(), nullable=True),
        sa.Column("seconds_4", sa.Double(), nullable=True),
        sa.Column("seconds_5", sa.Double(), nullable=True),
        sa.Column("last_failed_at", sa.Double(), nullable=True),
        sa.Column("last_failed_revision", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "repo", "test_digest"),
    )
    op.create_index("test_summaries_by_failure", "test_summaries", ["tenant", "repo", "last_failed_at"], unique=False)
    _start_the_chain()


def _start_the_chain() -> None:
    chain_head = sa.table("chain_head", sa.column("chain"), sa.column("sequence"), sa.column("hash"))
    op.bulk_insert(chain_head, [{"chain": "decisions", "sequence": 0, "hash": "sha256:" + "0" * 64}])
