"""The tables of regions: who may act (epochs), what was started, how failovers went, what probes measured."""

import sqlalchemy as sa

from maestro.ledger.schema import AnyText, metadata

epochs = sa.Table(
    "epochs",
    metadata,
    sa.Column("namespace", AnyText, primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("cluster", AnyText, nullable=False),
    sa.Column("leaving", sa.BigInteger),
    sa.Column("leaving_cluster", AnyText, nullable=False),
    sa.Column("reason", AnyText, nullable=False),
    sa.Column("raised_at", sa.Double, nullable=False),
)

starts = sa.Table(
    "starts",
    metadata,
    sa.Column("workflow_id", AnyText, primary_key=True),
    sa.Column("namespace", AnyText, nullable=False),
    sa.Column("request", sa.Text, nullable=False),
    sa.Column("started_at", sa.Double, nullable=False),
    sa.Column("ended_at", sa.Double),
)
_OPEN = starts.c.ended_at.is_(None)
# Starts are kept when they have ended; this index holds the few that are open.
sa.Index("starts_open", starts.c.namespace, starts.c.started_at, sqlite_where=_OPEN, postgresql_where=_OPEN)

failovers = sa.Table(
    "failovers",
    metadata,
    sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("namespace", AnyText, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("from_cluster", AnyText, nullable=False),
    sa.Column("to_cluster", AnyText, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("step", AnyText, nullable=False),
    sa.Column("reason", AnyText, nullable=False),
    sa.Column("actor", AnyText, nullable=False),
    sa.Column("started_at", sa.Double, nullable=False),
    sa.Column("updated_at", sa.Double, nullable=False),
    sa.Column("ended_at", sa.Double),
    sa.Column("outcome", AnyText, nullable=False),
)
_RUNNING = failovers.c.ended_at.is_(None)
# No namespace has two failovers at a time, whoever begins them.
sa.Index(
    "failovers_one_running",
    failovers.c.namespace,
    unique=True,
    sqlite_where=_RUNNING,
    postgresql_where=_RUNNING,
)

probes = sa.Table(
    "probes",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("region", AnyText, nullable=False),
    sa.Column("probe", AnyText, nullable=False),
    sa.Column("prober", AnyText, nullable=False),
    sa.Column("good", sa.Boolean, nullable=False),
    sa.Column("value", sa.Double),
    sa.Column("detail", AnyText, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Index("probes_by_window", "region", "probe", "at"),
)

region_states = sa.Table(
    "region_states",
    metadata,
    sa.Column("region", AnyText, primary_key=True),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
)

failover_wishes = sa.Table(
    "failover_wishes",
    metadata,
    sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("namespace", AnyText, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("to_cluster", AnyText, nullable=False),
    sa.Column("even_if_worse", sa.Boolean, nullable=False),
    sa.Column("actor", AnyText, nullable=False),
    sa.Column("reason", AnyText, nullable=False),
    sa.Column("asked_at", sa.Double, nullable=False),
    sa.Column("taken_at", sa.Double),
    sa.Column("refusal", AnyText),
)
