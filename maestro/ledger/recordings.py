"""Where the recording of a revision is stored, so that the next selection finds the nearest one."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from maestro.ledger.clock import moment
from maestro.ledger.engine import Database
from maestro.ledger.recording_tables import recordings
from maestro.ledger.schema import now_seconds
from maestro.model.artifact import ArtifactRef
from maestro.model.base import Model

MEDIA_TYPE = "application/vnd.maestro.recording"

ASKED_AT_ONCE = 500
"""Revisions in one query: SQLite takes some 32,000 values, and the nearest recording is among the first."""


class KeptRecording(Model):
    """A recording's place: ``revision`` is the commit that ran, ``environment`` the key of what it ran in.

    ``recorded_at`` is when it was put here, by the ledger's clock.
    """

    revision: str
    environment: str
    recorded_at: datetime
    ref: ArtifactRef


class Recordings:
    """Recordings by repository and tenant; one for each revision and environment, the newest."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(
        self, ref: ArtifactRef, *, repo: str, revision: str, environment: str = "", tenant: str = "default"
    ) -> None:
        """Keep the artifact as the recording of ``revision``, in the place of an earlier one."""
        key = {"tenant": tenant, "repo": repo, "revision": revision, "environment": environment}
        now = {"digest": ref.digest, "bytes": ref.bytes, "recorded_at": now_seconds()}
        statement = self._database.insert(recordings).values(**key, **now)
        with self._database.write() as connection:
            connection.execute(
                statement.on_conflict_do_update(index_elements=[recordings.c[name] for name in key], set_=now)
            )

    def latest(self, repo: str, *, environment: str | None = None, tenant: str = "default") -> KeptRecording | None:
        """The recording that was put last, of this environment where one is named; None without any."""
        query = _query(repo, environment, tenant).order_by(recordings.c.recorded_at.desc(), recordings.c.revision)
        with self._database.read() as connection:
            row = connection.execute(query.limit(1)).one_or_none()
        return None if row is None else _kept(row)

    def near(
        self, revisions: Sequence[str], *, repo: str, environment: str | None = None, tenant: str = "default"
    ) -> KeptRecording | None:
        """The recording of the first of ``revisions`` that has one: give them nearest first, as ``git log`` does."""
        query = _query(repo, environment, tenant)
        with self._database.read() as connection:
            for start in range(0, len(revisions), ASKED_AT_ONCE):
                asked = list(revisions[start : start + ASKED_AT_ONCE])
                rows = connection.execute(query.where(recordings.c.revision.in_(asked))).all()
                if rows:
                    return _kept(min(rows, key=lambda row: (asked.index(row.revision), -row.recorded_at)))
        return None


def _query(repo: str, environment: str | None, tenant: str) -> "sa.Select[tuple[object, ...]]":
    query = sa.select(recordings).where(recordings.c.tenant == tenant, recordings.c.repo == repo)
    return query if environment is None else query.where(recordings.c.environment == environment)


def _kept(row: "sa.Row[tuple[object, ...]]") -> KeptRecording:
    ref = ArtifactRef(digest=row.digest, media_type=MEDIA_TYPE, bytes=row.bytes, name="recording")
    return KeptRecording(
        revision=row.revision, environment=row.environment, recorded_at=moment(row.recorded_at), ref=ref
    )
