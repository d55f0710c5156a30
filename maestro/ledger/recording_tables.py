"""The table of recordings: which artifact says what the tests of a revision executed."""

import sqlalchemy as sa

from maestro.ledger.schema import AnyText, metadata

recordings = sa.Table(
    "recordings",
    metadata,
    sa.Column("tenant", AnyText, primary_key=True),
    sa.Column("repo", AnyText, primary_key=True),
    sa.Column("revision", AnyText, primary_key=True),
    sa.Column("environment", AnyText, primary_key=True),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("recorded_at", sa.Double, nullable=False),
    sa.Index("recordings_by_age", "tenant", "repo", "recorded_at"),
)
