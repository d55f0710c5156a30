"""The tables of packed builds: a series for each repository of a tenant, its tests by number, its builds as blobs."""

import sqlalchemy as sa

from maestro.ledger.schema import AnyText, metadata, runs

build_series = sa.Table(
    "build_series",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("tenant", AnyText, nullable=False),
    sa.Column("repo", AnyText, nullable=False),
    sa.Column("tests", sa.Integer, nullable=False),
    sa.Column("builds", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("tenant", "repo"),
)

build_tests = sa.Table(
    "build_tests",
    metadata,
    sa.Column("series", sa.BigInteger, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("test", AnyText, nullable=False),
    sa.Column("file", AnyText, nullable=False),
)

builds = sa.Table(
    "builds",
    metadata,
    sa.Column("series", sa.BigInteger, primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("build", AnyText, nullable=False),
    sa.Column("environment", AnyText, nullable=False),
    sa.Column("retry", sa.Integer, nullable=False),
    sa.Column("revision", AnyText, nullable=False),
    sa.Column("time", sa.Double, nullable=False),
    sa.Column("run_key", AnyText),
    sa.Column("files", sa.LargeBinary, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("series", "digest"),
    sa.Index("builds_by_time", "series", "time", "number"),
)
# The run of a build of Maestro's own, to find the runs that have none yet.
sa.Index(
    "builds_of_runs",
    builds.c.run_key,
    sqlite_where=builds.c.run_key.is_not(None),
    postgresql_where=builds.c.run_key.is_not(None),
)

# To find the latest of a repository's runs.
sa.Index("runs_by_repository", runs.c.tenant, runs.c.repo, runs.c.started_at)
