"""The tables of models: each model of a repository with its status, and every change of champion."""

import sqlalchemy as sa

from maestro.ledger.schema import AnyText, metadata
from maestro.model.calibration import ModelStatus

models = sa.Table(
    "models",
    metadata,
    sa.Column("tenant", AnyText, primary_key=True),
    sa.Column("repo", AnyText, primary_key=True),
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("reason", AnyText, nullable=False),
    sa.Column("promise", sa.Text, nullable=False),
    sa.Column("figures", sa.Text, nullable=False),
    sa.Column("file", sa.Text, nullable=False),
    sa.Column("report", sa.Text),
)
_SELECTING = models.c.status == ModelStatus.CHAMPION.value
# No two models can select for one repository, whoever promotes at the same time.
sa.Index(
    "models_one_champion",
    models.c.tenant,
    models.c.repo,
    unique=True,
    sqlite_where=_SELECTING,
    postgresql_where=_SELECTING,
)

model_promotions = sa.Table(
    "model_promotions",
    metadata,
    sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("tenant", AnyText, nullable=False),
    sa.Column("repo", AnyText, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("replaced", sa.Text),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("actor", AnyText, nullable=False),
    sa.Column("reason", AnyText, nullable=False),
    sa.Column("rolled_back_by", AnyText),
    sa.Index("model_promotions_by_repository", "tenant", "repo", "sequence"),
)
