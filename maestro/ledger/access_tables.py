"""The tables of access: service tokens, and ids that hold no more (of sessions that ended, of logins that are done)."""

import sqlalchemy as sa

from maestro.ledger.schema import AnyText, metadata

service_tokens = sa.Table(
    "service_tokens",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("name", AnyText, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("tenants", sa.Text, nullable=False),
    sa.Column("scopes", sa.Text, nullable=False),
    sa.Column("created_by", AnyText, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column("expires_at", sa.Double, nullable=False),
    sa.Column("last_used_at", sa.Double),
    sa.Column("revoked_at", sa.Double),
    sa.Column("revoked_by", AnyText),
)

spent_ids = sa.Table(
    "spent_ids",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("expires_at", sa.Double, nullable=False),
    sa.Index("spent_ids_by_expiry", "expires_at"),
)
